/** How failed attempts of one run are repeated; durations in ms. */
export type RetryConfig = {
  retryCount: number;
  /** 0: unlimited. */
  maxRetryDurationMs: number;
  minBackoffMs: number;
  maxBackoffMs: number;
  maxDoublings: number;
};

/** The service's defaults: a failed attempt is not repeated. */
export const DEFAULT_RETRY: RetryConfig = {
  retryCount: 0,
  maxRetryDurationMs: 0,
  minBackoffMs: 5_000,
  maxBackoffMs: 3_600_000,
  maxDoublings: 5,
};

export type RetryDecision =
  | { kind: 'retry'; delayMs: number }
  | { kind: 'end'; reason: 'no-retries' | 'retries-exhausted' | 'next-run-is-due' };

/**
 * Decides after failed attempt number `attempts` (1 = the first). The delay doubles `maxDoublings` times, then grows
 * linearly, up to the maximum; no retry starts once the job is due again.
 */
export function decideRetry(
  attempts: number,
  config: RetryConfig,
  {
    nowMs,
    firstAttemptMs,
    nextDueMs,
  }: { nowMs: number; firstAttemptMs: number; nextDueMs?: number },
): RetryDecision {
  if (config.retryCount === 0) return { kind: 'end', reason: 'no-retries' };
  const timeIsLeft = nowMs - firstAttemptMs < config.maxRetryDurationMs;
  if (attempts > config.retryCount && !timeIsLeft) {
    return { kind: 'end', reason: 'retries-exhausted' };
  }
  const delayMs = delayAfter(attempts, config);
  if (nextDueMs !== undefined && nowMs + delayMs >= nextDueMs) {
    return { kind: 'end', reason: 'next-run-is-due' };
  }
  return { kind: 'retry', delayMs };
}

/** 10 s, 20 s, 40 s, 80 s, 160 s, 240 s, 300 s, … for 10 s doubled three times up to 300 s. */
function delayAfter(attempts: number, { minBackoffMs, maxBackoffMs, maxDoublings }: RetryConfig) {
  const doublings = Math.min(attempts - 1, maxDoublings);
  const linear = Math.max(1, attempts - maxDoublings);
  return Math.min(maxBackoffMs, minBackoffMs * 2 ** doublings * linear);
}
