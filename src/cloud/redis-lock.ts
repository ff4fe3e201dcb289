import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from './redis.ts';

const LOCK_MS = 10_000;
const POLL_MS = 25;

const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;
const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;

/** What came of work under a lock; `busy`: somebody else held it all the time. */
export type Locked<T> = { kind: 'done'; value: T } | { kind: 'busy' };

/**
 * Does the work while nobody else, on any instance, holds the lock of that key; waits at most `waitMs` (ms) for its turn.
 * The lock of a process that died ends by itself within ten seconds. Throws whatever Redis throws when it does not
 * answer, and what the work throws. A lock that Redis lost ends the exclusion but not the work.
 */
export async function withRedisLock<T>(
  redis: Redis,
  key: string,
  work: () => Promise<T>,
  { waitMs }: { waitMs: number },
): Promise<Locked<T>> {
  const token = randomUUID();
  const deadline = performance.now() + waitMs;
  while ((await redis.set(key, token, 'PX', LOCK_MS, 'NX')) !== 'OK') {
    if (performance.now() >= deadline) return { kind: 'busy' };
    await delay(POLL_MS * (0.5 + Math.random()));
  }
  const renewal = setInterval(() => {
    redis.eval(RENEW, 1, key, token, LOCK_MS).catch(() => {});
  }, LOCK_MS / 3);
  try {
    return { kind: 'done', value: await work() };
  } finally {
    clearInterval(renewal);
    await redis.eval(RELEASE, 1, key, token).catch(() => {});
  }
}
