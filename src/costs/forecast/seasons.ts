/** Values a day where a day is the first season: hours down to minutes. A week is their second season. */
const PER_DAY = [24, 48, 96, 144, 288, 1440];

/** Repeats below this correlation are not a season. */
const LEAST_CORRELATION = 0.3;

/** A shorter season whose correlation comes this close to the best one's is the season; the best is its multiple. */
const NEARLY = 0.85;

const LONGEST = 400;

/**
 * The seasons, ascending, to try for a main one of `season` values: a day of hours brings its week with it, a week of
 * hours its day. 1 is none. That one is tried does not mean it is believed: the backtest decides.
 */
export function seasonsFor(season: number): number[] {
  if (season <= 1) return [];
  if (PER_DAY.includes(season)) return [season, 7 * season];
  if (PER_DAY.includes(season / 7)) return [season / 7, season];
  return [season];
}

/**
 * The most likely season of a series that says nothing about its step: the shortest of the highest peaks of the
 * autocorrelation of its differences, or 1. Needs three whole seasons.
 */
export function detectSeason(values: readonly number[]): number {
  const changes = values.slice(1).map((value, at) => value - values[at]!);
  const mean = changes.reduce((sum, one) => sum + one, 0) / changes.length;
  const centered = changes.map((change) => change - mean);
  const power = centered.reduce((sum, one) => sum + one * one, 0);
  if (!(power > 0)) return 1;
  const longest = Math.min(LONGEST, Math.floor(values.length / 3));
  const correlations: number[] = [];
  for (let lag = 0; lag <= longest + 1; lag += 1) {
    let sum = 0;
    for (let at = lag; at < centered.length; at += 1) sum += centered[at]! * centered[at - lag]!;
    correlations.push(sum / power);
  }
  const least = Math.max(LEAST_CORRELATION, 2 / Math.sqrt(centered.length));
  const peaks: number[] = [];
  for (let lag = 2; lag <= longest; lag += 1) {
    const here = correlations[lag]!;
    const isPeak = here >= correlations[lag - 1]! && here >= correlations[lag + 1]!;
    if (isPeak && here > least) peaks.push(lag);
  }
  const best = peaks.reduce((most, lag) => Math.max(most, correlations[lag]!), 0);
  return peaks.find((lag) => correlations[lag]! >= NEARLY * best) ?? 1;
}
