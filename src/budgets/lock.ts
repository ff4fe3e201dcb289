import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from '../cloud/redis.ts';
import { AppError } from '../core/errors.ts';

const LOCK_MS = 10_000;
const WAIT_MS = 8_000;
const POLL_MS = 25;

const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;
const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;

/** Held by whoever checks a workspace's budgets. */
export function checkLockKey(workspaceId: string): string {
  return `budgets:{${workspaceId}}:check`;
}

/**
 * Does the work while nobody else, on any instance, does it for the same workspace; waits up to eight seconds for its
 * turn. The lock of a process that died ends by itself. Throws `budget_check_busy` (retryable) when the wait was in
 * vain, whatever Redis throws when it does not answer, and what the work throws.
 *
 * A lock that Redis lost ends the exclusion but not the work: what two find at once has one id and is delivered once.
 */
export async function withCheckLock<T>(
  redis: Redis,
  workspaceId: string,
  work: () => Promise<T>,
  { waitMs = WAIT_MS } = {},
): Promise<T> {
  const key = checkLockKey(workspaceId);
  const token = randomUUID();
  const deadline = performance.now() + waitMs;
  while ((await redis.set(key, token, 'PX', LOCK_MS, 'NX')) !== 'OK') {
    if (performance.now() > deadline) throw busy(workspaceId);
    await delay(POLL_MS * (0.5 + Math.random()));
  }
  const renewal = setInterval(() => {
    redis.eval(RENEW, 1, key, token, LOCK_MS).catch(() => {});
  }, LOCK_MS / 3);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    await redis.eval(RELEASE, 1, key, token).catch(() => {});
  }
}

function busy(workspaceId: string): AppError {
  return new AppError({
    code: 'budget_check_busy',
    message: `The budgets of ${workspaceId} are still being checked by another instance`,
    publicMessage: 'The budgets are being checked already; try again.',
    retryable: true,
  });
}
