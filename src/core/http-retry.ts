import { DAY_MS } from './time.ts';

/** The longest wait that is taken at its word. */
const MAX_RETRY_AFTER_MS = DAY_MS;

/** Statuses after which the same HTTP request may succeed later without a change. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/**
 * The wait that a `Retry-After` header asks for, in ms from `now` (epoch ms), at most a day, or undefined without one
 * (RFC 9110, 10.2.3: seconds or a date).
 */
export function retryAfterMs(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+$/.test(value)) return Math.min(MAX_RETRY_AFTER_MS, Number(value) * 1_000);
  // A date begins with the day's name; less than that, such as `-5`, is no date here though it is one to JavaScript.
  const date = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(date)) return undefined;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, date - now));
}
