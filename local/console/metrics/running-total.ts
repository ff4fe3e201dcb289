import type { SeriesPoint } from './series.ts';

/** What a cumulative series had counted at a moment since its first start, resets notwithstanding. */
export type Total = { ms: number; values: number[] };

/** A value as numbers that can be added: a scalar alone, a distribution as its buckets and, last, its sum. */
export function vectorOf(value: SeriesPoint['value']): number[] {
  return typeof value === 'number' ? [value] : [...value.counts, value.sum];
}

/**
 * Running totals of a cumulative series, oldest first. Each new start time begins with nothing again, at the time it
 * says; what was counted before it stays counted. Pure.
 */
export function runningTotals(points: readonly SeriesPoint[]): Total[] {
  const totals: Total[] = [];
  let base: number[] = [];
  let startMs: number | undefined;
  for (const point of points) {
    const values = vectorOf(point.value);
    if (point.startMs !== startMs) {
      base = totals.at(-1)?.values ?? values.map(() => 0);
      const atMs = Math.max(point.startMs, totals.at(-1)?.ms ?? point.startMs);
      totals.push({ ms: atMs, values: base });
      startMs = point.startMs;
    }
    totals.push({ ms: point.endMs, values: values.map((value, i) => value + (base[i] ?? 0)) });
  }
  return totals;
}

/** The total at `ms`, on a straight line between its neighbours; before the first nothing, after the last the last. */
export function totalAt(totals: readonly Total[], ms: number): number[] {
  const next = totals.findIndex((total) => total.ms >= ms);
  if (next === -1) return totals.at(-1)?.values ?? [];
  const after = totals[next]!;
  const before = totals[next - 1];
  if (before === undefined) return after.ms === ms ? after.values : after.values.map(() => 0);
  const share = after.ms === before.ms ? 1 : (ms - before.ms) / (after.ms - before.ms);
  return after.values.map((value, i) => {
    const from = before.values[i] ?? 0;
    return from + (value - from) * share;
  });
}
