import type { MonitoringStore } from '../../monitoring/store.ts';
import type { PointView, SeriesView } from '../../monitoring/view.ts';
import type { Metric, SeriesPoint } from './series.ts';

/** One metric with the points that matter from `sinceMs` on, or undefined when nobody wrote it. */
export function metricFrom(
  store: Pick<MonitoringStore, 'series' | 'descriptors'>,
  type: string,
  sinceMs: number,
): Metric | undefined {
  const descriptor = store.descriptors().find((candidate) => candidate.type === type);
  if (descriptor === undefined) return undefined;
  const { valueType, unit, description } = descriptor;
  return {
    type,
    kind: descriptor.metricKind === 'CUMULATIVE' ? 'CUMULATIVE' : 'GAUGE',
    valueType,
    unit,
    description,
    series: store.series({ metricType: type }).map((series) => ({
      labels: series.labels,
      instance: instanceOf(series),
      points: recent(series.points, sinceMs).map(toPoint),
    })),
  };
}

/** One point from before is kept: what was counted in the first step is told by the difference to it. */
function recent(points: readonly PointView[], sinceMs: number): readonly PointView[] {
  const first = points.findIndex(({ endMs }) => endMs >= sinceMs);
  return first === -1 ? points.slice(-1) : points.slice(Math.max(0, first - 1));
}

function instanceOf({ resourceLabels }: SeriesView): string {
  const { job, task_id: task } = resourceLabels;
  return [job, task?.slice(0, 8)].filter(Boolean).join(' ') || JSON.stringify(resourceLabels);
}

function toPoint({ startMs, endMs, value, distribution }: PointView): SeriesPoint {
  if (distribution === undefined) return { startMs, endMs, value: Number(value) };
  const { count, mean, bounds, bucketCounts: counts } = distribution;
  return { startMs, endMs, value: { count, sum: mean * count, bounds, counts } };
}
