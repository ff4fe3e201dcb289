import { divideHalfEven, type NanoUsd } from '../../core/money.ts';
import { bucketEnd, bucketStart, monthOf } from '../../core/time.ts';

export type MonthProjection = {
  /** `2026-11`, UTC */
  month: string;
  spentNanoUsd: NanoUsd;
  projectedNanoUsd: NanoUsd;
  /** `run-rate`: what was spent so far, carried on at the same pace to the end of the month. */
  method: 'run-rate';
};

/** Projects the month that holds `now` (epoch ms) from what was spent in it so far. Pure; rounded once. */
export function projectMonth(spentNanoUsd: NanoUsd, now: number): MonthProjection {
  const month = monthOf(now);
  const start = bucketStart('month', month);
  const lengthMs = BigInt(bucketEnd('month', month) - start);
  // In the first millisecond nothing has elapsed; there is nothing to carry on either.
  const elapsedMs = BigInt(Math.max(1, now - start));
  const projectedNanoUsd = divideHalfEven(spentNanoUsd * lengthMs, elapsedMs);
  return { month, spentNanoUsd, projectedNanoUsd, method: 'run-rate' };
}
