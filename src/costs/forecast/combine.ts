import type { Backtest } from './backtest.ts';
import type { Candidate, CandidateForecasts } from './candidates.ts';

const { abs, min } = Math;

/** How sharply a smaller error is preferred: weights are its power. */
const SHARPNESS = 6;

/** What an origin's error counts against that of the one after it. */
const MEMORY = 0.95;

/** At how many origins every candidate is taken to have done as the middle one before it has shown anything. */
const PRIOR_ORIGINS = 0.5;

/** Candidates below this share of the largest weight are left out. */
const LEAST_SHARE = 0.02;

/** So many times the middle one's error is as bad as it gets at one origin. */
const WORST = 10;

/** Errors of the candidates at each origin, in units of the middle candidate's there; undefined where one was silent. */
export type RelativeErrors = readonly (readonly (number | undefined)[])[];

/** How the candidates did at each origin; each origin counts alike, however calm or wild its time was. */
export function relativeErrors({ origins }: Backtest): RelativeErrors {
  return origins.map(({ actual, forecasts }) => {
    const errors = forecasts.map((forecast) => forecast && errorOf(forecast, actual));
    const sorted = errors.filter((error) => error !== undefined).sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)]!;
    return errors.map((error) => {
      if (error === undefined) return undefined;
      if (middle > 0) return min(WORST, error / middle);
      return error > 0 ? WORST : 1;
    });
  });
}

/**
 * Weights of the candidates, adding up to 1: the trust in each times a power of its mean relative error, recent origins
 * first (Bates & Granger 1969; Pawlikowski & Chorowska 2020 in the M4 competition). `except` leaves origins out, so that a
 * combination can be judged there. Candidates that are silent now have none.
 */
export function weigh(
  candidates: readonly Candidate[],
  errors: RelativeErrors,
  forecasts: CandidateForecasts,
  except: (origin: number) => boolean = () => false,
): number[] {
  const weights = candidates.map(({ trust }, at) => {
    if (forecasts[at] === undefined) return 0;
    let sum = PRIOR_ORIGINS;
    let count = PRIOR_ORIGINS;
    errors.forEach((atOrigin, origin) => {
      const error = atOrigin[at];
      if (error === undefined || except(origin)) return;
      const weight = MEMORY ** origin;
      sum += weight * error;
      count += weight;
    });
    return trust * (count / sum) ** SHARPNESS;
  });
  const least = LEAST_SHARE * Math.max(...weights);
  const kept = weights.map((weight) => (weight < least ? 0 : weight));
  const total = kept.reduce((sum, weight) => sum + weight, 0);
  return kept.map((weight) => weight / total);
}

/** The weighted mean of the candidates' forecasts, step by step. */
export function combine(forecasts: CandidateForecasts, weights: readonly number[]): number[] {
  const horizon = forecasts.find((forecast) => forecast !== undefined)!.length;
  const combined = new Array<number>(horizon).fill(0);
  weights.forEach((weight, at) => {
    const forecast = forecasts[at];
    if (weight === 0 || forecast === undefined) return;
    for (let step = 0; step < horizon; step += 1) combined[step]! += weight * forecast[step]!;
  });
  return combined;
}

/** The mean error of the values and of their sum, half and half: one may be right where the other is not. */
function errorOf(forecast: readonly number[], actual: readonly number[]): number {
  let sizes = 0;
  let sum = 0;
  for (let step = 0; step < actual.length; step += 1) {
    const error = forecast[step]! - actual[step]!;
    sizes += abs(error);
    sum += error;
  }
  return (sizes + abs(sum)) / actual.length;
}
