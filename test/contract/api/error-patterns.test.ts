import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { ADMIN_KEY, canary, NOW, startApi, type TestApi } from './harness.ts';

const DAY_MS = 86_400_000;

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

describe('GET /v1/workspaces/{id}/error-patterns', () => {
  const URL = '/v1/workspaces/acme/error-patterns';
  const get = async (query = '') => api.call('GET', URL + query, { key: await api.key('read') });

  test('tells the errors of the last day, and what is known of them', async () => {
    const { status, body } = await get();
    expect(status).toBe(200);
    expect(body).toEqual({
      workspaceId: 'acme',
      from: '2026-11-19T12:00:00.000Z',
      to: '2026-11-20T12:00:00.000Z',
      comparedFrom: '2026-11-12T12:00:00.000Z',
      patterns: [
        expect.objectContaining({
          template: 'connect ECONNREFUSED <*>',
          trend: 'new',
          firstSeen: '2026-11-19T12:00:00.000Z',
          sample: canary('acme'),
          suggestion: expect.objectContaining({ causeId: 'connection_refused' }),
        }),
      ],
    });
    expect(body.patterns[0]).not.toHaveProperty('workspaceId');
    expect(api.asked).toEqual([{ errorPatterns: 'acme', fromMs: NOW - DAY_MS, toMs: NOW }]);
  });

  test('reads the logs once for those who ask in the same minute, and anew in the next', async () => {
    api.clock.ms = NOW + 1;
    await Promise.all([get(), get('?limit=1')]);
    api.clock.ms = NOW + 59_999;
    await get('?trend=steady');
    expect(api.asked).toEqual([{ errorPatterns: 'acme', fromMs: NOW - DAY_MS, toMs: NOW }]);
    api.clock.ms = NOW + 60_000;
    expect((await get()).body.to).toBe('2026-11-20T12:01:00.000Z');
  });

  test('of a period that is named are remembered for five minutes, each workspace’s by itself', async () => {
    const period = '?from=2026-11-19T00:00:00Z&to=2026-11-20T00:00:00.123Z';
    await get(period);
    await get(period);
    expect(api.asked).toHaveLength(1);
    const other = await api.call('GET', `/v1/workspaces/other/error-patterns${period}`, {
      key: ADMIN_KEY,
    });
    expect(other.body.patterns[0].sample).toBe(canary('other'));
    api.clock.ms += 5 * 60_000;
    await get(period);
    expect(api.asked).toHaveLength(3);
  });

  test('only those of a trend, where one is asked for', async () => {
    expect((await get('?trend=steady')).body.patterns).toEqual([]);
    expect((await get('?trend=new')).body.patterns).toHaveLength(1);
  });

  test.each([
    ['?from=yesterday', 'from'],
    ['?to=2026-11-20', 'to'],
    ['?from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z', 'to'],
    ['?from=2026-11-01T00:00:00Z', 'from'],
    ['?trend=falling', 'trend'],
    ['?limit=0', 'limit'],
    ['?workspaceId=other', 'workspaceId'],
  ])('%s is refused, naming %s', async (query, field) => {
    const { status, body } = await get(query);
    expect(status).toBe(400);
    expect(body.error.details).toEqual([expect.objectContaining({ field })]);
    expect(api.asked).toEqual([]);
  });
});

describe('known causes', () => {
  const URL = '/v1/known-causes';
  const cause = { patterns: ['flux*empty'], cause: 'It is empty.', fix: 'Fill it.' };
  const put = (id: string, body: object) =>
    api.call('PUT', `${URL}/${id}`, { key: ADMIN_KEY, body });
  const inForce = async () => {
    const { body } = await api.call('GET', `${URL}/in-force`, { key: ADMIN_KEY });
    return body.causes as { id: string; source: string; patterns: string[] }[];
  };

  test('that operators add are tried first; one under a built-in id stands in its place, until it is removed', async () => {
    const before = await inForce();
    expect(before.every(({ source }) => source === 'built-in')).toBe(true);
    expect((await put('flux', cause)).status).toBe(200);
    expect((await put('rate_limited', { ...cause, patterns: [] })).status).toBe(200);
    const after = await inForce();
    expect(after[0]).toEqual({ id: 'flux', ...cause, source: 'setting' });
    expect(after.slice(1).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    const { body } = await api.call('GET', URL, { key: ADMIN_KEY });
    expect(body.causes.map(({ id }: { id: string }) => id)).toEqual(['flux', 'rate_limited']);
    for (const id of ['flux', 'rate_limited']) {
      await api.call('DELETE', `${URL}/${id}`, { key: ADMIN_KEY });
    }
    expect(await inForce()).toEqual(before);
  });

  test.each([
    ['x', { ...cause, patterns: ['error 429'] }, 'patterns.0'],
    ['x', { ...cause, patterns: ['ok', ' * '] }, 'patterns.1'],
    ['x', { ...cause, fix: '' }, 'fix'],
    ['x', { patterns: [], cause: 'c' }, 'fix'],
    ['in-force', cause, 'id'],
  ])('as %s %j is refused, naming %s', async (id, body, field) => {
    const answer = await put(id, body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.details).toEqual([expect.objectContaining({ field })]);
  });
});
