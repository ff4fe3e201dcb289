import { fitSpread, type Outcome, unitOf } from './spread.ts';

/** Intervals that hold 80 and 95 of 100 values; none goes below zero. */
export type Bounds = { low80: number; high80: number; low95: number; high95: number };

/** At how many errors their own quantiles count as much as those of a normal distribution of the same mean size. */
const ENOUGH_ERRORS = 40;

/** How many errors the guess of their size counts as. */
const GUESS_WEIGHT = 2;

/**
 * By how much intervals are widened for what rolling origins do not show: that the next horizon differs from all before,
 * the more so the longer it is beside the series and the more errors grow with it, and that tails are longer than those met. Found on simulated series of seven kinds and the
 * rolling origins of real ones, so that coverage is nominal on average.
 */
const WIDEN = {
  origins: 0.5,
  horizon: 1.25,
  tail: 0.05,
  tailHorizon: 1,
  /** How much a series whose errors do not grow counts as wandering. */
  calm: 0.2,
  /** A horizon of more of the series than this widens no further. */
  mostHorizon: 0.5,
  /** A longer season, a week behind a day, of which nothing was seen twice: its turns surprise. */
  unseen: 0.2,
};

const MEAN_TO_SIGMA = Math.sqrt(Math.PI / 2);
const LEVELS = [
  { low: 'low80', high: 'high80', share: 0.8, normal: 1.2816 * MEAN_TO_SIGMA },
  { low: 'low95', high: 'high95', share: 0.95, normal: 1.96 * MEAN_TO_SIGMA },
] as const;

type Weighted = { error: number; weight: number };

/**
 * Intervals around a forecast from the errors that the same forecaster made out of sample (split conformal in spirit: Vovk
 * et al. 2005), measured in units of their spread, so that all steps and levels share them. Origins that knew more count
 * more. Few errors are eked out by symmetry and by a normal distribution.
 *
 * - `known`: length of the series; `guess`: the size of an error one step ahead, for want of better.
 * - `leastGrowth`: exponent with which errors grow at least over the steps.
 * - `unseen`: the share, 0 to 1, of a longer season that the series has not shown twice.
 */
export function intervalsAround(
  mean: readonly number[],
  outcomes: readonly Outcome[],
  {
    known,
    guess,
    leastGrowth,
    unseen,
  }: { known: number; guess: number; leastGrowth: number; unseen: number },
): Bounds[] {
  const spread = fitSpread(outcomes, mean, leastGrowth);
  const errors = outcomes.flatMap(({ known: then, forecast, actual }) =>
    actual.map(
      (value, step): Weighted => ({
        error: (value - forecast[step]!) / unitOf(spread, forecast[step]!, step),
        weight: then / known,
      }),
    ),
  );
  const guessed = guess / unitOf(spread, mean[0]!, 0);
  const bounds = quantilesOf(errors, guessed);
  const wandering = Math.min(1, spread.growth - leastGrowth);
  const ahead = Math.min(WIDEN.mostHorizon, mean.length / known) * (WIDEN.calm + wandering);
  const width =
    1 + WIDEN.origins / (outcomes.length + 1) + WIDEN.horizon * ahead + WIDEN.unseen * unseen;
  const width95 = width * (1 + WIDEN.tail + WIDEN.tailHorizon * ahead);
  return mean.map((value, step) => {
    const unit = unitOf(spread, value, step);
    const at = (error: number) => Math.max(0, value + error * unit);
    return {
      low80: at(width * bounds.low80),
      high80: at(width * bounds.high80),
      low95: at(width95 * bounds.low95),
      high95: at(width95 * bounds.high95),
    };
  });
}

function quantilesOf(errors: readonly Weighted[], guess: number): Bounds {
  const signed = errors.toSorted((a, b) => a.error - b.error);
  const sizes = errors
    .map(({ error, weight }) => ({ error: Math.abs(error), weight }))
    .sort((a, b) => a.error - b.error);
  const weights = sizes.reduce((sum, { weight }) => sum + weight, GUESS_WEIGHT);
  const meanSize =
    sizes.reduce((sum, { error, weight }) => sum + error * weight, GUESS_WEIGHT * guess) / weights;
  const own = errors.length / (errors.length + ENOUGH_ERRORS);
  const bounds: Bounds = { low80: 0, high80: 0, low95: 0, high95: 0 };
  for (const { low, high, share, normal } of LEVELS) {
    const symmetric = own * quantile(sizes, share) + (1 - own) * normal * meanSize;
    const side = (size: number) => own * Math.max(0, size) + (1 - own) * symmetric;
    bounds[low] = -side(-quantile(signed, (1 - share) / 2));
    bounds[high] = side(quantile(signed, (1 + share) / 2));
  }
  return bounds;
}

/** The weighted quantile of sorted errors, one more of them assumed beyond the last; 0 of none. */
function quantile(sorted: readonly Weighted[], share: number): number {
  let total = 0;
  let most = 0;
  for (const { weight } of sorted) {
    total += weight;
    most = Math.max(most, weight);
  }
  const wanted = share * (total + most);
  let seen = 0;
  let before: number | undefined;
  for (const { error, weight } of sorted) {
    if (seen + weight >= wanted) {
      const from = before ?? error;
      return from + ((wanted - seen) / weight) * (error - from);
    }
    seen += weight;
    before = error;
  }
  return before ?? 0;
}
