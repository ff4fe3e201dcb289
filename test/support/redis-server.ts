import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedis, type Redis, redisReady } from '../../src/cloud/redis.ts';

export type RedisServer = { url: string; port: number; pid: number; stop: () => Promise<void> };

/** A real, empty redis-server of its own on a free port, gone with `stop`. */
export async function startRedisServer(port?: number): Promise<RedisServer> {
  const chosen = port ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'redis-'));
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(chosen),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      dir,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const exited = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    exited.then(() => reject(new Error('redis-server ended at its start')), reject);
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Ready to accept connections')) resolve();
    });
  });
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    pid: child.pid!,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A server of its own with a client that is ready; `stop` ends both, a second call is harmless. */
export async function startRedis(): Promise<{ redis: Redis; port: number; stop(): Promise<void> }> {
  const server = await startRedisServer();
  const redis = createRedis({ url: server.url });
  await redisReady(redis, 10_000);
  return {
    redis,
    port: server.port,
    async stop() {
      redis.disconnect();
      await server.stop();
    },
  };
}

/** A port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
