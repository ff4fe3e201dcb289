import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MAX_MESSAGE_BYTES } from '../../../src/costs/event.ts';
import { startRedis } from '../../support/redis-server.ts';
import { ADMIN_KEY, event, startApi, type TestApi } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
let key: string;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis, { maxBodyBytes: 4 * MAX_MESSAGE_BYTES });
  key = await api.key('ingest');
});
const send = (events: unknown, as = key) =>
  api.call('POST', '/v1/cost-events', { key: as, body: { events } });
const many = (count: number, fields: (n: number) => Record<string, unknown> = () => ({})) =>
  Array.from({ length: count }, (_, n) => event(`e${n}`, fields(n)));

describe('accepted events', () => {
  test('reach the queue unchanged and in order, and the answer names their ids', async () => {
    const events = [event('one'), event('two', { costUsd: '0.25' })];
    const answer = await send(events);
    expect(answer).toMatchObject({ status: 202, body: { accepted: 2, ids: ['one', 'two'] } });
    expect(api.events()).toEqual(events);
    expect(api.published).toHaveLength(1);
  });

  test('of a workspace key may leave the workspace out; it is filled in from the key', async () => {
    expect((await send([event('one', { workspaceId: undefined })])).status).toBe(202);
    expect(api.events()).toEqual([event('one')]);
  });

  test('of a platform key may be of several workspaces, and must name them', async () => {
    const events = [event('one'), event('one', { workspaceId: 'other' })];
    expect((await send(events, ADMIN_KEY)).status).toBe(202);
    const nameless = await send([event('one', { workspaceId: undefined })], ADMIN_KEY);
    expect(nameless).toMatchObject({
      status: 400,
      body: { error: { details: [{ index: 0, field: 'workspaceId', reason: 'is required' }] } },
    });
  });

  test('are split into messages of at most 1 MiB', async () => {
    const labels = (n: number) => ({
      labels: Object.fromEntries(
        Array.from({ length: 8 }, (_, i) => [`label-${i}`, `${n}`.padEnd(256, 'é')]),
      ),
    });
    const events = many(500, labels);
    expect((await send(events)).status).toBe(202);
    expect(api.published.length).toBeGreaterThan(1);
    for (const message of api.published) {
      expect(message.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
    }
    expect(api.events()).toEqual(events);
  });

  test('may repeat an id with the same content, however it is written', async () => {
    const again = { ...event('one'), timestamp: '2026-11-20T12:59:00+01:00' };
    expect((await send([event('one'), again])).status).toBe(202);
  });
});

describe('refused batches publish nothing', () => {
  afterEachPublishedNothing();

  test('every error is named with index, field and reason', async () => {
    const answer = await send([
      event('fine'),
      event('bad id!'),
      event('x', { costUsd: 0.1, surprise: 1 }),
      event('y', { timestamp: 'yesterday' }),
      'not an event',
    ]);
    expect(answer.status).toBe(400);
    const { code, details } = answer.body.error;
    expect(code).toBe('invalid_argument');
    const places = details.map((d: { index: number; field: string }) => `${d.index} ${d.field}`);
    expect(places).toEqual(
      expect.arrayContaining(['1 id', '2 costUsd', '2 surprise', '3 timestamp']),
    );
    expect(details.some(({ index }: { index: number }) => index === 4)).toBe(true);
    for (const { reason } of details) expect(reason).toMatch(/\w/);
  });

  test('the first hundred errors are named and all are counted', async () => {
    const answer = await send(many(150, () => ({ currency: 'EUR' })));
    expect(answer.body.error.details).toHaveLength(100);
    expect(answer.body.error.message).toContain('150 errors');
  });

  test('one id with two contents is refused', async () => {
    const answer = await send([event('one'), event('one', { model: 'gpt-4.1' })]);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { details: [{ index: 1, field: 'id' }] } },
    });
  });

  test('one event of another workspace makes the batch not found, whatever else is wrong with it', async () => {
    const events = [event('one'), event('two', { workspaceId: 'other', currency: 'EUR' })];
    const answer = await send(events);
    expect(answer).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found', details: [{ index: 1, field: 'workspaceId' }] } },
    });
  });

  test.each([
    ['no events', []],
    ['more than 1,000', Array.from({ length: 1_001 }, (_, n) => event(`e${n}`))],
    ['not an array', { 0: event('one') }],
    ['nothing', undefined],
  ])('%s', async (_name, events) => {
    expect(await send(events)).toMatchObject({
      status: 400,
      body: { error: { details: [{ field: 'events' }] } },
    });
  });

  test.each([
    ['a prototype', `{"events":[{"__proto__":{"workspaceId":"other"}}]}`],
    ['a constructor’s prototype', `{"events":[{"constructor":{"prototype":{"a":1}}}]}`],
    ['half a JSON text', '{"events":['],
    ['an empty body', ''],
  ])('a body with %s is a 400', async (_name, payload) => {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/v1/cost-events',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      payload,
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({
      code: 'invalid_argument',
      details: [{ field: 'body' }],
    });
  });

  test('a body that is too large is a 413, other content types a 415', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const large = { events: [event('x', { model: 'm'.repeat(5 * MAX_MESSAGE_BYTES) })] };
    expect(await api.call('POST', '/v1/cost-events', { key, body: large })).toMatchObject({
      status: 413,
      body: { error: { code: 'payload_too_large', details: [] } },
    });
    const xml = await api.app.inject({
      method: 'POST',
      url: '/v1/cost-events',
      headers: { ...headers, 'content-type': 'text/xml' },
      payload: '<events/>',
    });
    expect(xml.statusCode).toBe(415);
    expect(xml.json().error.code).toBe('unsupported_media_type');
  });

  function afterEachPublishedNothing() {
    beforeEach(() => {
      api.publishing.fail = () => {
        throw new Error('published all the same');
      };
    });
  }
});

describe('when the queue does not take the events', () => {
  test('the answer is a 503 that asks to come again and names no internals', async () => {
    api.publishing.fail = () => true;
    const answer = await send([event('one')]);
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(answer.headers['retry-after']).toBeDefined();
    expect(JSON.stringify(answer.body)).not.toContain('Pub/Sub');
    expect(JSON.stringify(api.logged)).not.toContain(key);
  });

  test('an answer waits for every message of the batch', async () => {
    const labels = { labels: Object.fromEntries([...'abcde'].map((k) => [k, k.repeat(256)])) };
    let asked = 0;
    api.publishing.fail = () => {
      asked += 1;
      return asked === 1;
    };
    const answer = await send(many(1_000, () => labels));
    expect(answer.status).toBe(503);
    expect(asked).toBe(2);
    expect(api.published).toHaveLength(1);
  });
});
