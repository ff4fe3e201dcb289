import type { OtlpPoint } from './metric-points.ts';

const MAX_SERIES = 10_000;

export type PointStore = ReturnType<typeof createPointStore>;

/** The latest point of each of the 10,000 series that were written last. */
export function createPointStore() {
  const series = new Map<string, OtlpPoint>();
  let received = 0;
  return {
    add(point: OtlpPoint): void {
      received += 1;
      const { name, service, instance, labels } = point;
      const key = JSON.stringify([name, service, instance, Object.entries(labels).sort()]);
      series.delete(key);
      series.set(key, point);
      if (series.size > MAX_SERIES) series.delete(series.keys().next().value!);
    },
    /** By name. */
    list: (): OtlpPoint[] => [...series.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    counts: () => ({ received, series: series.size }),
  };
}
