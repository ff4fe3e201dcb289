import { isRetryableStatus, retryAfterMs } from '../core/http-retry.ts';

/**
 * How an attempt to send something to the outside world ended. `ambiguous`: it may have arrived all the same. `detail` is
 * in words, for history and logs; it never holds a secret or what the other side answered.
 */
export type SendResult =
  | { kind: 'sent'; detail?: string }
  | {
      kind: 'failed';
      /** Whether the same may succeed later without a change. */
      retryable: boolean;
      ambiguous: boolean;
      detail: string;
      /** How long the other side asked to be left alone. */
      retryAfterMs?: number;
    };

/**
 * What an HTTP status says about a message that was posted. 5xx other than 503 may have been answered after the message
 * was taken. Redirects are failures: nobody follows them.
 */
export function resultOfStatus(
  status: number,
  { headers, nowMs }: { headers: Pick<Headers, 'get'>; nowMs: number },
): SendResult {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status >= 300 && status < 400) {
    const detail = `HTTP ${status}: redirects are not followed`;
    return { kind: 'failed', retryable: false, ambiguous: false, detail };
  }
  return {
    kind: 'failed',
    retryable: isRetryableStatus(status),
    ambiguous: status >= 500 && status !== 503,
    detail: `HTTP ${status}`,
    retryAfterMs: retryAfterMs(headers, nowMs),
  };
}
