import { backtest, overlap } from './backtest.ts';
import { forecastEach } from './candidates.ts';
import { combine, relativeErrors, weigh } from './combine.ts';
import { type Bounds, intervalsAround } from './intervals.ts';
import { detectSeason, seasonsFor } from './seasons.ts';
import type { Outcome } from './spread.ts';
import { type BacktestSummary, summarize } from './summary.ts';

/** One value to come, or one sum of values to come: the estimate and its intervals, in the unit of the series. */
export type Estimate = { mean: number } & Bounds;

/** A simple model and its weight in the combination. */
export type ModelShare = { name: string; weight: number };

export type Forecast = {
  /** One per step after the series. */
  steps: Estimate[];
  /** Of the first, of the first two, … of all steps; its intervals come from errors of sums. */
  sums: Estimate[];
  /** The models behind it, heaviest first; weights add up to 1. */
  models: ModelShare[];
  /** How the same combination did on the series itself; absent for a series too short to try. */
  backtest?: BacktestSummary;
};

/** Older values are left out: they cost time and tell of other times. At least four of the longest season are kept. */
const MOST_VALUES = 1_000;

/** The error guessed of a series of one value, as a share of it. */
const GUESSED_SHARE = 0.5;

/**
 * Forecasts a series of values ≥ 0 at equal steps, oldest first and not empty: a combination of simple models weighted by
 * their errors at rolling origins, with intervals from the combination's own errors there. Deterministic; pure.
 * `season`: values a season (1: none); absent, it is looked for.
 */
export function forecastSeries(
  series: readonly number[],
  { horizon, season }: { horizon: number; season?: number | undefined },
): Forecast {
  const periods = seasonsFor(season ?? detectSeason(series.slice(-MOST_VALUES)));
  const values = series.slice(-Math.max(MOST_VALUES, 4 * (periods.at(-1) ?? 1)));
  // 1. Every candidate at every origin: nothing of what it is judged by is known to it.
  const tried = backtest(values, periods, horizon);
  const errors = relativeErrors(tried);
  // 2. The combination at every origin, weighted without any that is judged by some of the same values: its errors are those
  // of a stranger.
  const outcomes = tried.origins.map((origin): Outcome => {
    const { known, actual, forecasts } = origin;
    const weights = weigh(tried.candidates, errors, forecasts, (other) =>
      overlap(origin, tried.origins[other]!),
    );
    return { known, actual, forecast: combine(forecasts, weights) };
  });
  // 3. The combination now.
  const now = forecastEach(values, periods, horizon);
  const weights = weigh(tried.candidates, errors, now);
  const mean = combine(now, weights);
  const models = tried.candidates
    .map(({ name }, at) => ({ name, weight: weights[at]! }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  // 4. Intervals of the values, and of their sums.
  const guess = guessError(values);
  const known = values.length;
  const unseen = unseenShare(known, periods);
  const around = (center: readonly number[], seen: readonly Outcome[], leastGrowth: number) => {
    const bounds = intervalsAround(center, seen, { known, guess, leastGrowth, unseen });
    return center.map((value, step) => ({ mean: value, ...bounds[step]! }));
  };
  const summed = outcomes.map((outcome) => ({
    known: outcome.known,
    forecast: runningSums(outcome.forecast),
    actual: runningSums(outcome.actual),
  }));
  return {
    steps: around(mean, outcomes, 0),
    // Relative to the sum, errors may well shrink.
    sums: around(runningSums(mean), summed, -0.5),
    models,
    backtest: summarize(values, outcomes),
  };
}

/** How much of the longer of two seasons was not seen twice, from 0 to 1: before that no model knows of it. */
function unseenShare(known: number, periods: readonly number[]): number {
  const [, longer] = periods;
  return longer === undefined ? 0 : Math.min(1, Math.max(0, 2 - known / longer));
}

/** The mean change from one value to the next. */
function guessError(values: readonly number[]): number {
  if (values.length === 1) return GUESSED_SHARE * values[0]!;
  let sum = 0;
  for (let at = 1; at < values.length; at += 1) sum += Math.abs(values[at]! - values[at - 1]!);
  return sum / (values.length - 1);
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return values.map((value) => {
    sum += value;
    return sum;
  });
}
