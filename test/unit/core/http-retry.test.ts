import { describe, expect, test } from '@jest/globals';
import { isRetryableStatus, retryAfterMs } from '../../../src/core/http-retry.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const wait = (value?: string) =>
  retryAfterMs(new Headers(value === undefined ? {} : { 'retry-after': value }), NOW);

test.each([
  [200, false],
  [302, false],
  [400, false],
  [404, false],
  [408, true],
  [425, true],
  [429, true],
  [500, true],
  [503, true],
])('status %i is worth another try: %s', (status, retryable) => {
  expect(isRetryableStatus(status)).toBe(retryable);
});

describe('Retry-After', () => {
  test('is seconds, or a date that counts from now', () => {
    expect(wait('3')).toBe(3_000);
    expect(wait(' 0 ')).toBe(0);
    expect(wait('Fri, 20 Nov 2026 12:00:30 GMT')).toBe(30_000);
    expect(wait('Fri, 20 Nov 2026 11:00:00 GMT')).toBe(0);
  });

  test('asks for a day at the most', () => {
    expect(wait('99999999')).toBe(86_400_000);
    expect(wait('Fri, 20 Nov 2099 12:00:00 GMT')).toBe(86_400_000);
  });

  test('that says nothing understandable asks for nothing', () => {
    for (const value of [undefined, '', 'soon', 'Soon', '-5', '1.5']) {
      expect([value, wait(value)]).toEqual([value, undefined]);
    }
  });
});
