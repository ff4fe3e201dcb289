import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { startApi, type TestApi } from './harness.ts';

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

const URL = '/v1/workspaces/acme/analysis';

test('a workspace that has set nothing is told the defaults', async () => {
  expect(await api.call('GET', URL, { key: await api.key('read') })).toMatchObject({
    status: 200,
    body: { workspaceId: 'acme', version: 0, sensitivity: 1, minimumImpactUsd: '2' },
  });
});

test('what it sets is in force, and what it leaves out is as by default', async () => {
  const key = await api.key('admin');
  const set = await api.call('PUT', URL, { key, body: { minimumImpactUsd: '0.25' } });
  expect(set).toMatchObject({ status: 200, body: { version: 1, minimumImpactUsd: '0.25' } });
  expect(await api.call('GET', URL, { key })).toMatchObject({
    body: { version: 1, sensitivity: 1, minimumImpactUsd: '0.25' },
  });
});

test.each([
  [{ sensitivity: 0 }, 'sensitivity'],
  [{ sensitivity: 11 }, 'sensitivity'],
  [{ minimumImpactUsd: '0' }, 'minimumImpactUsd'],
  [{ minimumImpactUsd: 2 }, 'minimumImpactUsd'],
  [{ minimum: '2' }, 'minimum'],
])('%j is refused by its field', async (body, field) => {
  const answer = await api.call('PUT', URL, { key: await api.key('admin'), body });
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain(field);
});
