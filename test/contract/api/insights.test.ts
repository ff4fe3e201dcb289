import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { insightReport, NOW, startApi, type TestApi } from './harness.ts';

const WEEK_MS = 7 * 86_400_000;

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
let key: string;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis);
  key = await api.key('read');
});
const get = (query = '') => api.call('GET', `/v1/workspaces/acme/insights${query}`, { key });

describe('GET /v1/workspaces/{id}/insights', () => {
  test('answers for the last seven days up to the last complete hour, every field of the report', async () => {
    api.clock.ms = NOW + 59 * 60_000;
    const { status, body } = await get();
    expect({ status, body }).toEqual({ status: 200, body: insightReport('acme') });
    expect(api.asked).toEqual([{ insights: ['acme'], fromMs: NOW - WEEK_MS, toMs: NOW }]);
  });

  test('takes any hours, in any zone; one end may be left out', async () => {
    await get('?from=2026-11-01T00:00:00Z&to=2026-11-02T02:00:00%2B02:00');
    await get('?to=2026-11-09T00:00:00Z');
    expect(api.asked).toMatchObject([
      { fromMs: Date.parse('2026-11-01T00:00:00Z'), toMs: Date.parse('2026-11-02T00:00:00Z') },
      { fromMs: Date.parse('2026-11-02T00:00:00Z'), toMs: Date.parse('2026-11-09T00:00:00Z') },
    ]);
  });

  test('reads the ledger once in five minutes for those who ask for the same', async () => {
    await Promise.all([get(), get()]);
    api.clock.ms = NOW + 299_999;
    await get('?to=2026-11-20T12:00:00Z');
    expect(api.asked).toHaveLength(1);
    await get('?to=2026-11-20T11:00:00Z');
    api.clock.ms = NOW + 300_000;
    await get();
    expect(api.asked).toHaveLength(3);
  });

  test.each([
    ['?from=yesterday', 'from', 'must be an RFC 3339 instant with a zone'],
    ['?to=2026-11-01T00:30:00Z', 'to', 'must be the start of an hour'],
    ['?from=2026-11-02T00:00:00Z&to=2026-11-02T00:00:00Z', 'to', 'must lie after from'],
    ['?from=2026-11-21T00:00:00Z', 'from', 'must lie in the past'],
    ['?to=2026-11-20T13:00:00Z', 'to', 'must not lie in the future'],
    ['?from=2026-01-01T00:00:00Z', 'from', 'must lie at most 100 days before to'],
    ['?days=7', 'days', 'is not a known field'],
  ])('%s is refused, with the field and the reason', async (query, field, reason) => {
    const { status, body } = await get(query);
    expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'invalid_argument' });
    expect(body.error.details).toEqual([{ field, reason }]);
    expect(api.asked).toEqual([]);
  });
});
