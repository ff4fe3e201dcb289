import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import { freePort, startRedisServer } from '../../support/redis-server.ts';

const clients: Redis[] = [];
const connect = (url: string): Redis => {
  const client = createRedis({ url });
  clients.push(client);
  return client;
};
afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

describe('a client', () => {
  let server: Awaited<ReturnType<typeof startRedisServer>>;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(() => server.stop());

  test('reads counters beyond 2^53 exactly', async () => {
    const redis = connect(server.url);
    await redisReady(redis, 30_000);
    await redis.hincrby('h', 'f', '9007199254740993');
    expect(await redis.hincrby('h', 'f', 1)).toBe('9007199254740994');
  });

  test('that is ready is ready at once', async () => {
    const redis = connect(server.url);
    await redisReady(redis, 30_000);
    await expect(redisReady(redis, 0)).resolves.toBeUndefined();
  });

  test('refuses commands while it is not connected, and takes them when Redis is there again', async () => {
    const own = await startRedisServer();
    const redis = connect(own.url);
    await redisReady(redis, 30_000);
    const closed = once(redis, 'close');
    await own.stop();
    await closed;
    await expect(redis.incr('n')).rejects.toThrow();
    const again = await startRedisServer(own.port);
    await redisReady(redis, 10_000);
    expect(await redis.get('n')).toBeNull();
    await again.stop();
  });
});

test('waiting for a Redis that is not there ends in an error', async () => {
  const redis = connect(`redis://127.0.0.1:${await freePort()}`);
  await expect(redisReady(redis, 50)).rejects.toThrow('Redis was not ready within 50 ms');
});

test('a command whose reply was lost fails, is never sent again, and so is applied once', async () => {
  const server = await startRedisServer();
  // Passes everything on, but drops the connection instead of the reply to the first INCRBY.
  let dropReply = false;
  const proxy = createServer((client) => {
    const upstream = createConnection(server.port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => {});
    client.on('data', (chunk) => {
      dropReply = chunk.toString().toLowerCase().includes('incrby');
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (dropReply) client.destroy();
      else client.write(chunk);
    });
    client.on('close', () => upstream.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const redis = connect(`redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  await redisReady(redis, 30_000);
  const closed = once(redis, 'close');
  await expect(redis.incrby('n', 100)).rejects.toThrow();
  await closed;
  await redisReady(redis, 30_000);
  expect(await redis.get('n')).toBe('100');
  redis.disconnect();
  proxy.close();
  await server.stop();
});
