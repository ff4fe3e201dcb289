import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { CostEventSchema } from '../../../src/costs/event.ts';
import { startRedis } from '../../support/redis-server.ts';
import { ADMIN_KEY, canary, costReport, event, startApi, type TestApi } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis);
});

const override = {
  provider: 'openai',
  model: 'gpt-4o',
  validFrom: '2026-01-01T00:00:00Z',
  usdPerMillionTokens: { input: '1', output: '2.5' },
};

describe('costs', () => {
  test('are answered as the report says, decimals as text', async () => {
    const key = await api.key('read');
    const answer = await api.call(
      'GET',
      '/v1/workspaces/acme/costs?from=2026-11-01T00:00:00Z&to=2026-11-20T00:00:00%2B01:00&by=model,day',
      { key },
    );
    expect(answer).toMatchObject({
      status: 200,
      body: JSON.parse(JSON.stringify(costReport('acme'))),
    });
    expect(api.asked).toEqual([
      {
        workspaceId: 'acme',
        from: Date.parse('2026-11-01T00:00:00Z'),
        to: Date.parse('2026-11-19T23:00:00Z'),
        by: ['model', 'day'],
      },
    ]);
  });

  test('trend asks for days unless hours are wanted', async () => {
    const key = await api.key('read');
    const days = await api.call('GET', '/v1/workspaces/acme/costs/trend', { key });
    const hours = await api.call('GET', '/v1/workspaces/acme/costs/trend?granularity=hour', {
      key,
    });
    expect([days.body.granularity, hours.body.granularity]).toEqual(['day', 'hour']);
    expect(days.body.points[0]).toMatchObject({ costUsd: '12.5' });
  });

  test.each([
    ['from', 'from=yesterday'],
    ['to', 'from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z'],
    ['by', 'by=colour'],
    ['form', 'form=2026-11-02T00:00:00Z'],
  ])('a wrong %s is named', async (field, query) => {
    const key = await api.key('read');
    const answer = await api.call('GET', `/v1/workspaces/acme/costs?${query}`, { key });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_argument', details: [{ field }] } },
    });
  });

  test('the same question asked at the same time is answered once, each in its own workspace', async () => {
    const [acme, other] = [await api.key('read', 'acme'), await api.key('read', 'other')];
    const ask = (ws: string, key: string) => api.call('GET', `/v1/workspaces/${ws}/costs`, { key });
    await Promise.all([ask('acme', acme), ask('other', other)]);
    api.asked.length = 0;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? ask('acme', acme) : ask('other', other))),
    );
    expect(api.asked.length).toBeLessThan(20);
    answers.forEach(({ body }, n) => {
      expect(body.groups[0].key).toBe(canary(n % 2 === 0 ? 'acme' : 'other'));
    });
  });

  test('reprice passes the period and the dry run on', async () => {
    const body = { from: '2026-11-01T00:00:00Z', dryRun: true };
    const url = '/v1/workspaces/acme/costs/reprice';
    const answer = await api.call('POST', url, { key: ADMIN_KEY, body });
    expect(answer).toMatchObject({ status: 200, body: { deltaUsd: '0.5', dryRun: true } });
    expect(api.asked).toMatchObject([{ workspaceId: 'acme', from: Date.parse(body.from) }]);
  });
});

describe('prices', () => {
  const quote = (cases: unknown[], key = ADMIN_KEY) =>
    api.call('POST', '/v1/prices/quote', { key, body: { cases } });
  const one = {
    provider: 'openai',
    model: 'gpt-4o',
    usage: { inputTokens: 1_000_000, outputTokens: 1_000_000 },
  };

  test('an unknown model has no price, and says why', async () => {
    const { body } = await quote([one, { ...one, model: 'nobody-knows-it' }]);
    expect(body.cases[0]).toMatchObject({ priced: true, source: 'price_book', costUsd: '12.5' });
    expect(body.cases[0].parts).toHaveLength(2);
    expect(body.cases[1]).toEqual({
      costUsd: null,
      priced: false,
      parts: [],
      reason: 'unknown-model',
    });
  });

  test('an override holds in its workspace from its day on, and nowhere else', async () => {
    const key = await api.key('admin');
    await api.call('PUT', '/v1/workspaces/acme/price-overrides/gpt', { key, body: override });
    const { body } = await quote([
      { ...one, workspaceId: 'acme' },
      { ...one, workspaceId: 'acme', at: '2025-12-31T23:59:59Z' },
      { ...one, workspaceId: 'other' },
      one,
    ]);
    const costs = body.cases.map((each: { costUsd: string }) => each.costUsd);
    expect(costs).toEqual(['3.5', '12.5', '12.5', '12.5']);
    expect(body.cases[0].source).toBe('override');
    expect((await quote([one], key)).body.cases[0].costUsd).toBe('3.5');
  });

  test('the rates in force are shown, with the overrides of the workspace that is asked for', async () => {
    await api.call('PUT', '/v1/price-overrides/gpt', { key: ADMIN_KEY, body: override });
    const url = '/v1/prices?provider=openai&model=gpt-4o';
    expect((await api.call('GET', url, { key: ADMIN_KEY })).body).toMatchObject({
      priced: true,
      source: 'override',
      usdPerMillionTokens: { input: '1', output: '2.5' },
    });
    const before = await api.call('GET', `${url}&at=2025-06-01T00:00:00Z`, { key: ADMIN_KEY });
    expect(before.body).toMatchObject({ source: 'price_book' });
  });

  test('a case that is not one is named with its place', async () => {
    const { status, body } = await quote([one, { ...one, usage: { inputTokens: -1 } }]);
    expect(status).toBe(400);
    expect(body.error.details[0].field).toBe('cases.1.usage.inputTokens');
  });
});

describe('price overrides', () => {
  const url = '/v1/workspaces/acme/price-overrides/gpt';

  test('are set, listed, changed on condition and removed', async () => {
    const key = await api.key('admin');
    const put = (headers = {}, body: unknown = override) =>
      api.call('PUT', url, { key, body, headers });
    expect((await put()).body).toMatchObject({ id: 'gpt', version: 1, ...override });
    expect(await put({ 'if-match': '"0"' })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
    expect((await put({ 'if-match': '"1"' })).body.version).toBe(2);
    const listed = await api.call('GET', '/v1/workspaces/acme/price-overrides', { key });
    expect(listed.body.overrides).toMatchObject([{ id: 'gpt', version: 2, ...override }]);
    expect((await api.call('DELETE', url, { key })).body).toEqual({ id: 'gpt', version: 3 });
    expect((await api.call('DELETE', url, { key })).status).toBe(404);
  });

  test.each([
    ['validTo', { ...override, validTo: '2025-01-01T00:00:00Z' }],
    ['usdPerMillionTokens.input', { ...override, usdPerMillionTokens: { output: '1' } }],
    ['usdPerMillionTokens.input', { ...override, usdPerMillionTokens: { input: 1, output: '1' } }],
    ['workspaceId', { ...override, workspaceId: 'other' }],
  ])('a wrong %s is named', async (field, body) => {
    const answer = await api.call('PUT', url, { key: ADMIN_KEY, body });
    expect(answer).toMatchObject({ status: 400, body: { error: { details: [{ field }] } } });
  });
});

describe('keys', () => {
  test('a made key works at once, is shown once, and is dead at once when revoked', async () => {
    const body = { name: 'dashboard', role: 'read', workspaceId: 'acme' };
    const made = await api.call('POST', '/v1/keys', { key: ADMIN_KEY, body });
    expect(made).toMatchObject({ status: 201, body });
    const { id, key } = made.body;
    expect(key).toMatch(/^axk_/);
    const costs = () => api.call('GET', '/v1/workspaces/acme/costs', { key });
    expect((await costs()).status).toBe(200);
    const listed = await api.call('GET', '/v1/keys?workspaceId=acme', { key: ADMIN_KEY });
    expect(listed.body.keys).toMatchObject([{ id, name: 'dashboard', createdBy: 'bootstrap' }]);
    expect(JSON.stringify(listed.body)).not.toContain(key);
    const revoked = await api.call('DELETE', `/v1/keys/${id}`, { key: ADMIN_KEY });
    expect(revoked).toMatchObject({ status: 200, body: { id, revokedAt: expect.any(String) } });
    expect((await costs()).status).toBe(401);
  });
});

describe('errors', () => {
  test.each([
    ['GET', '/nothing/here'],
    ['GET', '/v1/workspaces/%E0%A4%A/costs'],
    ['PUT', '/v1/keys'],
  ] as const)('%s %s is a 404 in the same form as any other', async (method, url) => {
    const answer = await api.call(method, url, { key: ADMIN_KEY });
    expect(answer).toMatchObject({ status: 404 });
    expect(answer.body).toEqual({
      error: { code: 'not_found', message: 'Not found.', details: [] },
    });
  });

  test('what went wrong inside is logged, and not told', async () => {
    const secret = 'password=hunter2';
    const reports = {
      costs: () => Promise.reject(new Error(secret)),
      trend: () =>
        Promise.reject(
          new AppError({
            code: 'warehouse_failed',
            message: secret,
            publicMessage: 'The ledger did not answer.',
            retryable: true,
          }),
        ),
    };
    api = await startApi(server.redis, { deps: { reports } });
    const failed = await api.call('GET', '/v1/workspaces/acme/costs', { key: ADMIN_KEY });
    expect(failed).toMatchObject({ status: 500, body: { error: { code: 'internal' } } });
    const away = await api.call('GET', '/v1/workspaces/acme/costs/trend', { key: ADMIN_KEY });
    expect(away).toMatchObject({
      status: 503,
      body: { error: { code: 'unavailable', message: 'The ledger did not answer.' } },
    });
    expect(JSON.stringify([failed.body, away.body])).not.toContain(secret);
    expect(api.logged).toHaveLength(2);
    expect(JSON.stringify(api.logged)).not.toContain(ADMIN_KEY);
  });

  test('a route that does not say who may call it keeps the server from starting', () => {
    expect(() => api.app.get('/v1/forgotten', async () => 'everything')).toThrow();
  });
});

describe('rate limit', () => {
  test('beyond its limit a key gets 429 with Retry-After, and only that key', async () => {
    api = await startApi(server.redis, { rateLimitPerSecond: 5 });
    const [busy, calm] = [await api.key('read'), await api.key('read')];
    const ask = (key: string) => api.call('GET', '/v1/workspaces/acme/costs', { key });
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(busy)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array(5).fill(200),
      ...Array(3).fill(429),
    ]);
    const limited = answers.find(({ status }) => status === 429);
    expect(limited?.body).toMatchObject({ error: { code: 'rate_limited', details: [] } });
    expect(limited?.headers['retry-after']).toBe('1');
    expect((await ask(calm)).status).toBe(200);
    api.clock.ms += 1_000;
    expect((await ask(busy)).status).toBe(200);
  });

  test('is shared by the instances', async () => {
    const [first, second] = [
      await startApi(server.redis, { rateLimitPerSecond: 5 }),
      await startApi(server.redis, { rateLimitPerSecond: 5 }),
    ];
    const ask = async (instance: TestApi) =>
      (await instance.call('GET', '/v1/workspaces/acme/costs', { key: ADMIN_KEY })).status;
    for (let n = 0; n < 4; n += 1) expect(await ask(first)).toBe(200);
    first.clock.ms += 100;
    expect(await ask(first)).toBe(200);
    await first.call('GET', '/healthz');
    const shared = async () => Number((await server.redis.keys('rate:*')).length) > 0;
    while (!(await shared())) await new Promise(setImmediate);
    expect(await ask(second)).toBe(200);
    second.clock.ms += 100;
    await ask(second);
    await server.redis.ping();
    await new Promise(setImmediate);
    expect(await ask(second)).toBe(429);
  });

  test('holds in each instance while Redis is away, and never stops a request by itself', async () => {
    const other = await startRedis();
    api = await startApi(other.redis, { rateLimitPerSecond: 5 });
    await other.stop();
    const ask = () => api.call('GET', '/v1/workspaces/acme/costs', { key: ADMIN_KEY });
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      statuses.push((await ask()).status);
      api.clock.ms += 60;
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  });

  test('does not count health checks', async () => {
    api = await startApi(server.redis, { rateLimitPerSecond: 1 });
    for (let n = 0; n < 5; n += 1) expect((await api.call('GET', '/healthz')).status).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  test('is made of the schemas that check, the cost event’s included, and names every route', async () => {
    const { body } = await api.call('GET', '/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const post = body.paths['/v1/cost-events'].post;
    const { items } = post.requestBody.content['application/json'].schema.properties.events;
    expect(items).toEqual({ $ref: '#/components/schemas/CostEvent' });
    expect(body.components.schemas.CostEvent).toEqual(JSON.parse(JSON.stringify(CostEventSchema)));
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/v1/workspaces/{workspaceId}/costs',
        '/v1/workspaces/{workspaceId}/price-overrides/{id}',
        '/v1/keys/{id}',
        '/readyz',
      ]),
    );
    expect(body.paths['/healthz'].get.security).toEqual([]);
  });
});

describe('health', () => {
  test('ready says which dependency is missing, and 503', async () => {
    const dependencies = {
      redis: { ok: true, latencyMs: 1 },
      bigquery: { ok: false, latencyMs: 3_000 },
    };
    const readiness = async () => ({ ready: false, dependencies });
    api = await startApi(server.redis, { deps: { readiness } });
    expect((await api.call('GET', '/healthz')).status).toBe(200);
    expect(await api.call('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { status: 'unready', dependencies },
    });
  });

  test('an event passes the API as the schema describes it', async () => {
    const answer = await api.call('POST', '/v1/cost-events', {
      key: ADMIN_KEY,
      body: { events: [event('one')] },
    });
    expect(answer.status).toBe(202);
  });
});
