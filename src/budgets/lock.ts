import type { Redis } from '../cloud/redis.ts';
import { withRedisLock } from '../cloud/redis-lock.ts';
import { AppError } from '../core/errors.ts';

const WAIT_MS = 8_000;

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
  const locked = await withRedisLock(redis, checkLockKey(workspaceId), work, { waitMs });
  if (locked.kind === 'done') return locked.value;
  throw new AppError({
    code: 'budget_check_busy',
    message: `The budgets of ${workspaceId} are still being checked by another instance`,
    publicMessage: 'The budgets are being checked already; try again.',
    retryable: true,
  });
}
