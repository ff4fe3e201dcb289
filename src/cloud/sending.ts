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

const RETRYABLE_CLIENT_ERRORS = [408, 425, 429];

/**
 * What an HTTP status says about a message that was posted. 5xx other than 503 may have been answered after the message
 * was taken. Redirects are failures: nobody follows them.
 */
export function resultOfStatus(
  status: number,
  { retryAfter, nowMs }: { retryAfter: string | null | undefined; nowMs: number },
): SendResult {
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status >= 300 && status < 400) {
    const detail = `HTTP ${status}: redirects are not followed`;
    return { kind: 'failed', retryable: false, ambiguous: false, detail };
  }
  return {
    kind: 'failed',
    retryable: status >= 500 || RETRYABLE_CLIENT_ERRORS.includes(status),
    ambiguous: status >= 500 && status !== 503,
    detail: `HTTP ${status}`,
    retryAfterMs: parseRetryAfter(retryAfter, nowMs),
  };
}

/** The milliseconds that a `Retry-After` header asks for: seconds, or a date (RFC 9110); undefined when it is neither. */
export function parseRetryAfter(
  header: string | null | undefined,
  nowMs: number,
): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Only the form that senders must use; `Date.parse` alone would take almost anything.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text))
    return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
