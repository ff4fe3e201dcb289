/** `counts` has one bucket more than `bounds` has bounds: below the first, between them, above the last. */
export type DistributionValue = { count: number; sum: number; bounds: number[]; counts: number[] };

/** For a gauge `startMs` equals `endMs`; for a cumulative metric the value counts from `startMs`. */
export type SeriesPoint = { startMs: number; endMs: number; value: number | DistributionValue };

/** The points of one series, oldest first. */
export type Series = { labels: Record<string, string>; instance: string; points: SeriesPoint[] };

/** A metric to be drawn. */
export type Metric = {
  type: string;
  kind: 'GAUGE' | 'CUMULATIVE';
  valueType: string;
  unit: string;
  description: string;
  series: Series[];
};
