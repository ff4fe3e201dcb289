import { mkdirSync } from 'node:fs';
import type { ChildSpec } from './supervisor/child.ts';
import { tcpProbe } from './supervisor/probes.ts';

/**
 * A real `redis-server` that keeps nothing on disk: what is in it can be rebuilt from the ledger, and losing it
 * is something the services must live with.
 */
export function redisProcess(options: {
  port: number;
  dir: string;
  env: Record<string, string>;
}): ChildSpec {
  mkdirSync(options.dir, { recursive: true });
  return {
    name: 'redis',
    command: 'redis-server',
    args: [
      ...['--port', String(options.port)],
      ...['--bind', '127.0.0.1'],
      ...['--save', ''],
      ...['--appendonly', 'no'],
      ...['--dir', options.dir],
    ],
    env: options.env,
    isReady: tcpProbe(options.port, { say: 'PING\r\n', expect: '+PONG' }),
    drainMs: 3_000,
  };
}
