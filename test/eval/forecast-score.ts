import type { Estimate } from '../../src/costs/forecast/forecast.ts';
import { recentLine, recentMean } from '../../src/costs/forecast/models/lines.ts';

/** One series, what came, and what was said; `ours` has intervals. */
export type Said = {
  known: readonly number[];
  actual: readonly number[];
  season: number;
  ours: readonly Estimate[];
  line: readonly number[];
  week: readonly number[];
  naive: readonly number[];
};

/**
 * How forecasts did, all as shares: medians over the series of the error of the sum (of those where anything came); the
 * median of the mean error in units of the seasonal naive's; how many of all values the intervals held.
 */
export type Judged = {
  sumError: number;
  lineSumError: number;
  weekSumError: number;
  naiveSumError: number;
  againstSeasonalNaive: number;
  held80: number;
  held95: number;
};

/** Judges forecasts of several series together. */
export function judge(all: readonly Said[]): Judged {
  const sumError = (of: (said: Said) => readonly number[]) =>
    median(
      all
        .filter(({ actual }) => sum(actual) > 0)
        .map((said) => Math.abs(sum(of(said)) / sum(said.actual) - 1)),
    );
  const ratios = all.map((said) => {
    const seasonal = meanError(carriedOn(said.known, said.actual.length, said.season), said.actual);
    return meanError(meansOf(said), said.actual) / Math.max(Number.MIN_VALUE, seasonal);
  });
  return {
    sumError: sumError(meansOf),
    lineSumError: sumError(({ line }) => line),
    weekSumError: sumError(({ week }) => week),
    naiveSumError: sumError(({ naive }) => naive),
    againstSeasonalNaive: median(ratios),
    held80: held(all, 'low80', 'high80'),
    held95: held(all, 'low95', 'high95'),
  };
}

/** Least squares through everything known, carried on; nothing below zero. */
export function straightLine(known: readonly number[], horizon: number): number[] {
  return recentLine(known, horizon, known.length).map((value) => Math.max(0, value));
}

/** The mean of the last week, of a series with `season` values a season. */
export function lastWeek(known: readonly number[], horizon: number, season: number): number[] {
  return recentMean(known, horizon, season === 24 ? 168 : 7);
}

/** The last season again and again. */
export function carriedOn(known: readonly number[], horizon: number, season: number): number[] {
  const period = Math.min(season, known.length);
  return Array.from({ length: horizon }, (_, step) => known.at(-period + (step % period))!);
}

const meansOf = ({ ours }: Said): number[] => ours.map(({ mean }) => mean);

function held(all: readonly Said[], low: 'low80' | 'low95', high: 'high80' | 'high95'): number {
  let [inside, count] = [0, 0];
  for (const { ours, actual } of all) {
    actual.forEach((value, step) => {
      const bounds = ours[step]!;
      // What a calculation leaves at the last digit is not outside.
      const tolerance = 1e-9 * value;
      if (value >= bounds[low] - tolerance && value <= bounds[high] + tolerance) inside += 1;
      count += 1;
    });
  }
  return inside / count;
}

function meanError(forecast: readonly number[], actual: readonly number[]): number {
  return sum(actual.map((value, step) => Math.abs(value - forecast[step]!))) / actual.length;
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
