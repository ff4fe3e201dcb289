import type { SubscriptionConfig } from './subscription-config.ts';

/** What becomes of a message that was not acknowledged, and why. */
export type RetryDecision =
  | { kind: 'redeliver'; delayMs: number; reason: 'no-retry-policy' | 'backoff' }
  | { kind: 'dead-letter'; topic: string; reason: 'attempts-exhausted' };

/**
 * Decides after failed delivery number `attempts` (1 = the first). Backoff doubles from the policy's minimum to its
 * maximum; without a policy the message is due at once, as in the service.
 */
export function decideRetry(
  attempts: number,
  { deadLetter, retry }: Pick<SubscriptionConfig, 'deadLetter' | 'retry'>,
): RetryDecision {
  if (deadLetter && attempts >= deadLetter.maxDeliveryAttempts) {
    return {
      kind: 'dead-letter',
      topic: deadLetter.deadLetterTopic,
      reason: 'attempts-exhausted',
    };
  }
  if (!retry) return { kind: 'redeliver', delayMs: 0, reason: 'no-retry-policy' };
  const delayMs = Math.min(retry.maximumBackoffMs, retry.minimumBackoffMs * 2 ** (attempts - 1));
  return { kind: 'redeliver', delayMs, reason: 'backoff' };
}
