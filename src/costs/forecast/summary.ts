import type { Outcome } from './spread.ts';

const { abs, max } = Math;

/** How a forecaster did at the rolling origins of a series; a percentage is undefined where all values are zero. */
export type BacktestSummary = {
  origins: number;
  /** Steps ahead that the longest of them was judged on. */
  horizon: number;
  /** Mean absolute error, in the unit of the series. */
  meanAbsoluteError: number;
  /** The same by carrying the last value on from the same origins. */
  naiveMeanAbsoluteError: number;
  /** Mean of 200·|forecast − actual| / (forecast + actual), sMAPE as in the M4 competition. */
  symmetricErrorPercent: number;
  /** Median over the origins of the error of the sum, in percent of the sum that came; absent where nothing came. */
  sumErrorPercent?: number;
};

/** Sums up the outcomes of a series; undefined where there are none. */
export function summarize(
  values: readonly number[],
  outcomes: readonly Outcome[],
): BacktestSummary | undefined {
  if (outcomes.length === 0) return undefined;
  let [errors, naive, symmetric, count, horizon] = [0, 0, 0, 0, 0];
  const sums: number[] = [];
  for (const { known, forecast, actual } of outcomes) {
    let [said, came] = [0, 0];
    actual.forEach((value, step) => {
      const error = abs(forecast[step]! - value);
      errors += error;
      naive += abs(values[known - 1]! - value);
      symmetric += error === 0 ? 0 : (200 * error) / (forecast[step]! + value);
      said += forecast[step]!;
      came += value;
    });
    count += actual.length;
    horizon = max(horizon, actual.length);
    if (came > 0) sums.push((100 * abs(said - came)) / came);
  }
  const summary: BacktestSummary = {
    origins: outcomes.length,
    horizon,
    meanAbsoluteError: errors / count,
    naiveMeanAbsoluteError: naive / count,
    symmetricErrorPercent: symmetric / count,
  };
  if (sums.length > 0) summary.sumErrorPercent = sums.sort((a, b) => a - b)[sums.length >> 1]!;
  return summary;
}
