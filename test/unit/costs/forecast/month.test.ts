import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { projectMonth } from '../../../../src/costs/forecast/month.ts';

const at = (text: string) => Date.parse(text);

describe('the projected month', () => {
  test.each([
    ['2026-11-16T00:00:00Z', '2026-11', 2n],
    ['2026-12-16T12:00:00Z', '2026-12', 2n],
    ['2026-02-08T00:00:00Z', '2026-02', 4n],
    ['2028-02-15T12:00:00Z', '2028-02', 2n],
    ['2026-12-31T24:00:00Z', '2027-01', 2_678_400_000n],
  ])('at %s is that of %s, carried on at the same pace', (now, month, factor) => {
    const spent = 9_007_199_254_740_993n;
    expect(projectMonth(spent, at(now))).toEqual({
      month,
      spentNanoUsd: spent,
      projectedNanoUsd: spent * factor,
      method: 'run-rate',
    });
  });

  test('is never less than what was spent, and what was spent at its end', () => {
    const start = at('2026-11-01T00:00:00Z');
    const end = at('2026-12-01T00:00:00Z');
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.integer({ min: start, max: end - 1 }),
        (spent, now) => {
          const { projectedNanoUsd } = projectMonth(spent, now);
          expect(projectedNanoUsd >= spent).toBe(true);
          // Within half a nano-dollar of the exact quotient.
          const [length, elapsed] = [BigInt(end - start), BigInt(Math.max(1, now - start))];
          const distance = 2n * (projectedNanoUsd * elapsed - spent * length);
          expect((distance < 0n ? -distance : distance) <= elapsed).toBe(true);
        },
      ),
    );
    expect(projectMonth(1_000n, end - 1).projectedNanoUsd).toBe(1_000n);
  });
});
