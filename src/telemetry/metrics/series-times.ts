/** Of which time a series' next point is, or why it has none now. */
export type NextPoint =
  | { kind: 'point'; startMs: number; endMs: number }
  | { kind: 'none'; reason: 'too-soon' | 'too-many-series' };

/** Cloud Monitoring says 5 s, and refuses less than 10. */
const MIN_GAP_MS = 10_000;

export type SeriesTimes = ReturnType<typeof createSeriesTimes>;

/**
 * Keeps the times of each series' points so that Cloud Monitoring takes them: in order, at least ten seconds apart, and
 * with one start that stays, after the last moment at which the series is known to have been at zero. Every point it
 * hands out counts as written, because a write that failed may have been carried out.
 *
 * Nothing is forgotten, since a series with a second start would count anew: beyond `maxSeries` there are no more.
 */
export function createSeriesTimes(options: { startedAtMs: number; maxSeries: number }) {
  const series = new Map<string, { startMs: number; endMs: number }>();
  let previousMs = options.startedAtMs;
  let collectedMs = options.startedAtMs;

  return {
    /** Says when the values were collected that the next points are of. */
    collected(atMs: number): void {
      previousMs = collectedMs;
      collectedMs = atMs;
    },
    /** The times of the series' next point, which ends at most `maxAheadMs` after the values were collected. */
    next(key: string, maxAheadMs: number): NextPoint {
      const known = series.get(key);
      if (known === undefined) {
        if (series.size >= options.maxSeries) return { kind: 'none', reason: 'too-many-series' };
        const times = { startMs: Math.min(previousMs, collectedMs - 1), endMs: collectedMs };
        series.set(key, times);
        return { kind: 'point', ...times };
      }
      const endMs = Math.max(collectedMs, known.endMs + MIN_GAP_MS);
      if (endMs > collectedMs + maxAheadMs) return { kind: 'none', reason: 'too-soon' };
      known.endMs = endMs;
      return { kind: 'point', startMs: known.startMs, endMs };
    },
    get size(): number {
      return series.size;
    },
  };
}
