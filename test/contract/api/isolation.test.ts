import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { canary, event, startApi, type TestApi } from './harness.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

const override = {
  provider: 'openai',
  model: 'gpt-4o',
  validFrom: '2026-01-01T00:00:00Z',
  usdPerMillionTokens: { input: '1', output: '2' },
};
const usage = { inputTokens: 1, outputTokens: 1 };

/** A body that names a workspace, for routes that take one from the body or the query. */
const NAMING: Record<string, (ws: string) => { url?: string; body?: unknown } | 'none'> = {
  'POST /v1/cost-events': (ws) => ({ body: { events: [event('a', { workspaceId: ws })] } }),
  'POST /v1/prices/quote': (ws) => ({
    body: { cases: [{ provider: 'openai', model: 'gpt-4o', usage, workspaceId: ws }] },
  }),
  'GET /v1/prices': (ws) => ({
    url: `/v1/prices?provider=openai&model=gpt-4o&workspaceId=${ws}`,
  }),
  'POST /v1/keys': (ws) => ({ body: { name: 'n', role: 'read', workspaceId: ws } }),
  'GET /v1/keys': (ws) => ({ url: `/v1/keys?workspaceId=${ws}` }),
  // Takes what is the key's and names the rest in its answer; tested beside OTLP.
  'POST /v1/traces': () => 'none',
  // Names a key; what another workspace's key answers is tested below.
  'DELETE /v1/keys/:id': () => 'none',
};

const budget = { period: { every: 'month' }, limitUsd: '5' };
const channel = { target: { kind: 'email', to: ['owner@acme.example'] } };

const cause = { patterns: ['flux*empty'], cause: 'It is empty.', fix: 'Fill it.' };

/** Bodies for the other routes. */
const BODIES: Record<string, unknown> = {
  'PUT /v1/workspaces/:workspaceId': { name: 'Acme' },
  'PUT /v1/workspaces/:workspaceId/analysis': { sensitivity: 2 },
  'PUT /v1/workspaces/:workspaceId/price-overrides/:id': override,
  'PUT /v1/workspaces/:workspaceId/budgets/:id': budget,
  'PUT /v1/workspaces/:workspaceId/channels/:id': channel,
  'POST /v1/workspaces/:workspaceId/budgets/check': {},
  'POST /v1/workspaces/:workspaceId/costs/reprice': {},
  'PUT /v1/price-overrides/:id': override,
  'PUT /v1/channels/:id': channel,
  'PUT /v1/known-causes/:id': cause,
  'POST /v1/channels/:id/test': { workspaceId: 'acme' },
};
/** What every workspace of these tests has, under the id x. */
const SETTINGS = { 'price-overrides': override, budgets: budget, channels: channel };

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

/** Every route that the server really has, as its own route table prints it. */
function registeredRoutes(): { method: Method; url: string }[] {
  const routes: { method: Method; url: string }[] = [];
  const path: string[] = [];
  for (const line of api.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) continue;
    const depth = match[1]!.length / 4;
    path.splice(depth, path.length, match[2]!);
    for (const method of match[3]?.split(', ') ?? []) {
      if (method !== 'HEAD') routes.push({ method: method as Method, url: path.join('') });
    }
  }
  return routes;
}

const PUBLIC = ['GET /healthz', 'GET /readyz', 'GET /openapi.json'];
const PLATFORM = /^[A-Z]+ \/(?:v1\/(price-overrides|channels|jobs|forecast|known-causes)|debug)\b/;
const fill = (url: string, workspaceId = 'acme') =>
  url
    .replace(':workspaceId', workspaceId)
    .replace(':alertId', 'alert-1')
    .replace(':name', 'check-budgets')
    .replace(':id', 'x');
const nameOf = ({ method, url }: { method: Method; url: string }) => `${method} ${url}`;

describe('a tenant sees itself only', () => {
  test('the table of routes is read in full', async () => {
    const names = registeredRoutes().map(nameOf);
    expect(names).toEqual(
      expect.arrayContaining([
        ...PUBLIC,
        'POST /v1/cost-events',
        'POST /v1/traces',
        'GET /v1/workspaces/:workspaceId/costs',
        'GET /v1/workspaces/:workspaceId/costs/trend',
        'GET /v1/workspaces/:workspaceId/forecast',
        'GET /v1/workspaces/:workspaceId/anomalies',
        'GET /v1/forecast',
        'GET /v1/workspaces/:workspaceId/error-patterns',
        'GET /v1/known-causes/in-force',
        'PUT /v1/known-causes/:id',
        'GET /v1/workspaces/:workspaceId',
        'PUT /v1/workspaces/:workspaceId',
        'GET /v1/workspaces/:workspaceId/analysis',
        'PUT /v1/workspaces/:workspaceId/analysis',
        ...['price-overrides', 'budgets', 'channels'].flatMap((path) => [
          `GET /v1/workspaces/:workspaceId/${path}`,
          `GET /v1/workspaces/:workspaceId/${path}/:id`,
          `PUT /v1/workspaces/:workspaceId/${path}/:id`,
          `DELETE /v1/workspaces/:workspaceId/${path}/:id`,
        ]),
        'GET /v1/workspaces/:workspaceId/budgets/status',
        'GET /v1/workspaces/:workspaceId/budgets/:id/explain',
        'POST /v1/workspaces/:workspaceId/budgets/check',
        'GET /v1/workspaces/:workspaceId/insights',
        'POST /v1/workspaces/:workspaceId/channels/:id/test',
        'GET /v1/workspaces/:workspaceId/alerts',
        'GET /v1/workspaces/:workspaceId/alerts/:alertId',
        'DELETE /v1/price-overrides/:id',
        'DELETE /v1/channels/:id',
        'POST /v1/channels/:id/test',
        'GET /v1/jobs',
        'GET /v1/jobs/:name',
        'POST /v1/jobs/:name/run',
        'DELETE /v1/keys/:id',
      ]),
    );
    for (const { method, url } of registeredRoutes()) {
      expect(api.app.hasRoute({ method, url })).toBe(true);
    }
  });

  test('every route but the public ones asks for a key, before it looks at anything else', async () => {
    for (const route of registeredRoutes()) {
      const url = fill(route.url);
      const answer = await api.call(route.method, url, {
        headers: { 'content-type': 'application/json' },
      });
      const expected = PUBLIC.includes(nameOf(route)) ? 200 : 401;
      expect({ route: nameOf(route), status: answer.status }).toEqual({
        route: nameOf(route),
        status: expected,
      });
      const forged = `axk_${'0'.repeat(20)}_${'s'.repeat(43)}`;
      const wrong = await api.call(route.method, url, { key: forged });
      expect(wrong.status).toBe(expected);
      if (expected === 401) expect(wrong.body.error.code).toBe('unauthenticated');
    }
  });

  test('every route answers a foreign workspace with 404, exactly as one that does not exist', async () => {
    const otherAdmin = await api.key('admin', 'other');
    const key = await api.key('admin', 'acme');
    const seed = async (workspaceId: string) => {
      for (const [path, body] of Object.entries(SETTINGS)) {
        const url = `/v1/workspaces/${workspaceId}/${path}/x`;
        await api.call('PUT', url, { key: workspaceId === 'other' ? otherAdmin : key, body });
      }
    };
    await seed('other');
    await api.call('POST', '/v1/cost-events', {
      key: otherAdmin,
      body: { events: [event('o', { workspaceId: 'other' })] },
    });
    const reached = api.events().length;
    let tried = 0;

    for (const route of registeredRoutes()) {
      if (PUBLIC.includes(nameOf(route)) || PLATFORM.test(nameOf(route))) continue;
      await seed('acme');
      const ask = async (workspaceId: string) => {
        if (route.url.includes(':workspaceId')) {
          const url = fill(route.url, workspaceId);
          return api.call(route.method, url, { key, body: BODIES[nameOf(route)] });
        }
        const naming = NAMING[nameOf(route)];
        if (naming === undefined) throw new Error(`How does ${nameOf(route)} name a workspace?`);
        const request = naming(workspaceId);
        if (request === 'none') return undefined;
        return api.call(route.method, request.url ?? route.url, { key, body: request.body });
      };
      const [home, foreign, unknown] = [await ask('acme'), await ask('other'), await ask('nobody')];
      if (foreign === undefined) continue;
      tried += 1;
      expect({ route: nameOf(route), status: foreign.status }).toEqual({
        route: nameOf(route),
        status: 404,
      });
      expect(foreign.body).toEqual(unknown?.body);
      expect(JSON.stringify(foreign.body)).not.toContain(canary('other'));
      expect({ route: nameOf(route), ok: (home?.status ?? 0) < 300 }).toEqual({
        route: nameOf(route),
        ok: true,
      });
    }
    expect(tried).toBeGreaterThanOrEqual(25);
    expect([...api.kept, ...api.raised.map(({ workspaceId }) => workspaceId)]).not.toContain(
      'nobody',
    );
    expect(api.raised.every(({ workspaceId }) => workspaceId === 'acme')).toBe(true);
    expect(api.events().filter(({ workspaceId }) => workspaceId === 'other')).toHaveLength(reached);
  });

  test('the platform’s own routes are forbidden to every key of a workspace', async () => {
    const key = await api.key('admin', 'acme');
    for (const route of registeredRoutes()) {
      if (!PLATFORM.test(nameOf(route))) continue;
      const body = BODIES[nameOf(route)];
      const answer = await api.call(route.method, fill(route.url), { key, body });
      expect({ route: nameOf(route), status: answer.status }).toEqual({
        route: nameOf(route),
        status: 403,
      });
    }
    const body = { name: 'n', role: 'read', workspaceId: null };
    expect((await api.call('POST', '/v1/keys', { key, body })).status).toBe(403);
  });

  test('a workspace’s admin sees and revokes its own keys only; others are as if they did not exist', async () => {
    const acme = await api.key('admin', 'acme');
    const foreign = await api.key('read', 'other');
    const platform = await api.key('read', null);
    const { body } = await api.call('GET', '/v1/keys', { key: acme });
    expect(body.keys.map((key: { workspaceId: string }) => key.workspaceId)).toEqual(['acme']);
    const unknown = await api.call('DELETE', `/v1/keys/${'0'.repeat(20)}`, { key: acme });
    for (const hidden of [foreign, platform]) {
      const id = hidden.split('_')[1];
      const answer = await api.call('DELETE', `/v1/keys/${id}`, { key: acme });
      expect(answer).toMatchObject({ status: 404, body: unknown.body });
    }
    for (const still of [foreign, platform]) {
      const answer = await api.call('GET', '/v1/workspaces/other/costs', { key: still });
      expect(answer.status).toBe(200);
    }
  });

  test.each([
    ['ingest', 'GET', '/v1/workspaces/acme/costs'],
    ['ingest', 'GET', '/v1/workspaces/acme/forecast'],
    ['ingest', 'GET', '/v1/workspaces/acme/anomalies'],
    ['ingest', 'GET', '/v1/workspaces/acme/error-patterns'],
    ['ingest', 'GET', '/v1/workspaces/acme/price-overrides'],
    ['ingest', 'POST', '/v1/prices/quote'],
    ['ingest', 'GET', '/v1/keys'],
    ['read', 'POST', '/v1/cost-events'],
    ['read', 'POST', '/v1/traces'],
    ['read', 'POST', '/v1/workspaces/acme/costs/reprice'],
    ['read', 'PUT', '/v1/workspaces/acme/price-overrides/x'],
    ['read', 'DELETE', '/v1/workspaces/acme/price-overrides/x'],
    ['ingest', 'GET', '/v1/workspaces/acme/budgets/status'],
    ['ingest', 'GET', '/v1/workspaces/acme/insights'],
    ['ingest', 'GET', '/v1/workspaces/acme/channels'],
    ['ingest', 'GET', '/v1/workspaces/acme/alerts'],
    ['read', 'PUT', '/v1/workspaces/acme'],
    ['read', 'PUT', '/v1/workspaces/acme/analysis'],
    ['read', 'PUT', '/v1/workspaces/acme/budgets/x'],
    ['read', 'DELETE', '/v1/workspaces/acme/budgets/x'],
    ['read', 'POST', '/v1/workspaces/acme/budgets/check'],
    ['read', 'PUT', '/v1/workspaces/acme/channels/x'],
    ['read', 'DELETE', '/v1/workspaces/acme/channels/x'],
    ['read', 'POST', '/v1/workspaces/acme/channels/x/test'],
    ['read', 'POST', '/v1/keys'],
    ['read', 'GET', '/v1/keys'],
    ['read', 'DELETE', '/v1/keys/x'],
  ] as const)('a key with the role %s may not %s %s', async (role, method, url) => {
    const key = await api.key(role);
    const answer = await api.call(method, url, { key, body: method === 'GET' ? undefined : {} });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  });
});
