import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';

/** A real Redis of its own on a free port, with a client; `stop` ends both. */
export async function startRedis(): Promise<{ redis: Redis; port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  const failed = once(server, 'error').then(([error]) => {
    throw error;
  });
  failed.catch(() => {});
  const redis = createRedis({ url: `redis://127.0.0.1:${port}` });
  await Promise.race([redisReady(redis, 10_000), failed]);
  return {
    redis,
    port,
    async stop() {
      redis.disconnect();
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
