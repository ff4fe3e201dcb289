import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Redis } from '../../../src/cloud/redis.ts';
import { startRedis } from '../../support/redis-server.ts';
import { ADMIN_KEY, startApi } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());

const admin = { key: ADMIN_KEY };

describe('POST /debug/profile', () => {
  test('answers a CPU profile as a download that Chrome opens', async () => {
    const { app, call } = await startApi(redis);
    const { status, body, headers } = await call(
      'POST',
      '/debug/profile?type=cpu&seconds=1',
      admin,
    );
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(headers['content-disposition']).toBe(
      `attachment; filename="api-2026-11-20T12-00-00-000Z-${process.pid}.cpuprofile"`,
    );
    expect(body.nodes.length).toBeGreaterThan(1);
    expect(body.endTime - body.startTime).toBeGreaterThan(900_000);
    await app.close();
  });

  test('answers a profile of what is allocated and kept', async () => {
    const { app, call } = await startApi(redis);
    const profile = call('POST', '/debug/profile?type=heap&seconds=1', admin);
    const kept: unknown[] = [];
    const filling = setInterval(() => kept.push(new Array(10_000).fill(kept.length)), 5);
    const { status, body, headers } = await profile;
    clearInterval(filling);
    expect(status).toBe(200);
    expect(headers['content-disposition']).toContain('.heapprofile');
    expect(body.head.children.length).toBeGreaterThan(0);
    await app.close();
  });

  test('is one at a time: a second is told until when to wait, and nothing is broken after it', async () => {
    const { app, call } = await startApi(redis);
    const first = call('POST', '/debug/profile?type=cpu&seconds=2', admin);
    await new Promise(setImmediate);
    const second = await call('POST', '/debug/profile?type=heap&seconds=1', admin);
    expect(second.status).toBe(409);
    expect(second.body.error).toMatchObject({ code: 'conflict' });
    expect(second.body.error.message).toContain('until about 2026-11-20T12:00:02.000Z');
    expect((await first).status).toBe(200);
    expect((await call('POST', '/debug/profile?type=heap&seconds=1', admin)).status).toBe(200);
    await app.close();
  });

  test('does not hold up the end of the server', async () => {
    const { app, call } = await startApi(redis);
    const profile = call('POST', '/debug/profile?type=cpu&seconds=60', admin);
    await new Promise(setImmediate);
    const started = Date.now();
    await app.close();
    expect((await profile).status).toBe(200);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  test.each([
    ['type=disk', 'query.type'],
    ['', 'type'],
    ['type=cpu&seconds=61', 'seconds'],
    ['type=cpu&seconds=0', 'seconds'],
    ['type=cpu&secs=1', 'secs'],
  ])('with %s is refused by name', async (query, field) => {
    const { app, call } = await startApi(redis);
    const { status, body } = await call('POST', `/debug/profile?${query}`, admin);
    expect(status).toBe(400);
    expect(body.error.details[0].field).toContain(field.replace('query.', ''));
    await app.close();
  });

  test('is for the platform’s admins only', async () => {
    const { app, call, key } = await startApi(redis);
    const url = '/debug/profile?type=cpu&seconds=1';
    expect((await call('POST', url)).status).toBe(401);
    const keys = [await key('admin'), await key('read', null), await key('ingest', null)];
    for (const one of keys)
      expect([403, 404]).toContain((await call('POST', url, { key: one })).status);
    await app.close();
  });

  test('is documented', async () => {
    const { app, call } = await startApi(redis);
    const { body } = await call('GET', '/openapi.json');
    const { post } = body.paths['/debug/profile'];
    expect(post.parameters.map(({ name }: { name: string }) => name)).toEqual(['type', 'seconds']);
    expect(Object.keys(post.responses)).toEqual(['200', '4XX', '5XX']);
    await app.close();
  });
});
