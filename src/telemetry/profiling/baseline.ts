/** What is usual for a measure: its median and how far from it half of all values lie (MAD), over the last runs. */
export type Baseline = { median: number; spread: number; runs: number };

/** How far beyond the usual a value must lie to be flagged: all three at once. */
export type Tolerance = {
  /** Times the spread, which is scaled to a normal distribution's standard deviation. */
  spreads: number;
  /** Share of the median. */
  share: number;
  /** In the measure's own unit: what is less than this nobody cares about. */
  atLeast: number;
};

/** For a normal distribution the standard deviation is so many times the MAD. */
const MAD_TO_SIGMA = 1.4826;

/**
 * The baseline of the last values. Median and MAD, because up to half of the values may be odd without moving them much,
 * as means and variances are moved by one. Pure; `undefined` without values.
 */
export function baselineOf(values: readonly number[]): Baseline | undefined {
  if (values.length === 0) return undefined;
  const median = medianOf(values);
  const deviations = values.map((value) => Math.abs(value - median));
  return { median, spread: medianOf(deviations) * MAD_TO_SIGMA, runs: values.length };
}

/** The value above which one is unusual. Pure. */
export function limitOf({ median, spread }: Baseline, tolerance: Tolerance): number {
  const { spreads, share, atLeast } = tolerance;
  return median + Math.max(spreads * spread, share * Math.abs(median), atLeast);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
