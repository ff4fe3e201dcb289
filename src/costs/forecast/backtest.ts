import {
  type Candidate,
  type CandidateForecasts,
  candidatesFor,
  forecastEach,
} from './candidates.ts';

/** What every candidate said at one origin, and what came. */
export type Origin = {
  /** How many values were known. */
  known: number;
  actual: readonly number[];
  forecasts: CandidateForecasts;
};

export type Backtest = { candidates: readonly Candidate[]; origins: readonly Origin[] };

const MAX_ORIGINS = 20;

/** How far back the origins reach, in horizons: at least, and at most where half of a long series allows it. */
const REACH_HORIZONS = { least: 4, most: 10 };

const LEAST_KNOWN = 2;

/**
 * Rolling origins (Tashman 2000): every candidate is fitted to the first values of the series alone and held against those
 * that follow, at up to 20 origins, latest first. Near the end of the series an origin sees less than a whole horizon.
 * A series of one or two values has no origins.
 */
export function backtest(
  values: readonly number[],
  periods: readonly number[],
  horizon: number,
): Backtest {
  const origins = originsOf(values.length, periods[0] ?? 1, horizon).map((known) => {
    const actual = values.slice(known, known + horizon);
    const forecasts = forecastEach(values.slice(0, known), periods, actual.length);
    return { known, actual, forecasts };
  });
  return { candidates: candidatesFor(periods), origins };
}

/** Whether two origins are judged by some of the same values; an origin overlaps itself. */
export function overlap(a: Origin, b: Origin): boolean {
  return a.known < b.known + b.actual.length && b.known < a.known + a.actual.length;
}

/** How many values are known at each origin, descending. */
function originsOf(n: number, period: number, horizon: number): number[] {
  const last = n - Math.max(1, Math.floor(Math.min(horizon, n / 2) / 3));
  if (last < LEAST_KNOWN) return [];
  const first = Math.min(last, Math.max(3, Math.min(Math.ceil(0.35 * n), 3 * period)));
  const { least, most } = REACH_HORIZONS;
  const wanted = Math.max(least * horizon, Math.min(most * horizon, n / 2), MAX_ORIGINS - 1);
  const reach = Math.floor(Math.min(last - first, wanted));
  const count = Math.min(MAX_ORIGINS, reach + 1);
  return Array.from(
    { length: count },
    (_, at) => last - Math.round((at * reach) / Math.max(1, count - 1)),
  );
}
