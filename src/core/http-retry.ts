/** Statuses after which the same HTTP request may succeed later without a change. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * The wait that a `Retry-After` header asks for, in ms from `now` (epoch ms), or undefined without one
 * (RFC 9110, 10.2.3: seconds or a date).
 */
export function retryAfterMs(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
