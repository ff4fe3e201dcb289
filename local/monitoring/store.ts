import { createDescriptors } from './descriptors.ts';
import type { SeriesFault } from './fault.ts';
import type { SeriesId } from './identity.ts';
import type { Interval } from './points.ts';
import { createRefusals, type Refusal } from './refusals.ts';
import { samplingTime } from './times.ts';
import { type SeriesView, viewOf } from './view.ts';
import type { MetricDescriptor, MetricKind, Point } from './wire.ts';

const KEPT_MS = 24 * 3_600_000;
const TIDY_EVERY_MS = 60_000;

/** One time series with its newest points, oldest first; never without one. */
export type Series = { id: SeriesId; points: (Interval & { point: Point })[] };

export type SeriesFilter = {
  metricType?: string;
  metricTypePrefix?: string;
  /** Labels of metric and resource that the series must have with these values. */
  labels?: Record<string, string>;
  resourceLabels?: Record<string, string>;
};

export type MonitoringStore = {
  /** What was written, readable: for pages and tests. */
  series(filter?: SeriesFilter): SeriesView[];
  descriptors(): MetricDescriptor[];
  /** What was refused, per rule, most frequent first. Injected faults are none. */
  readonly refusals: Refusal[];
  readonly counts: Readonly<{ requests: number; pointsWritten: number; pointsRefused: number }>;
  /** Called after each request that wrote something. Returns what ends the subscription. */
  onChange(listener: () => void): () => void;
};

export type StoreOptions = {
  projectId: string;
  now: () => number;
  /** Least time between the ends of two points of a series. */
  minIntervalMs: number;
  /** Most active series of one monitored resource. */
  maxSeriesPerResource: number;
  /** Points kept of each series, none of them older than a day. */
  maxPointsPerSeries: number;
};

export type SeriesTable = ReturnType<typeof createSeriesTable>;

/** The series of one project, held to the rules of order, sampling and cardinality. */
export function createSeriesTable(options: StoreOptions) {
  const { projectId, now, minIntervalMs, maxSeriesPerResource, maxPointsPerSeries } = options;
  const descriptors = createDescriptors(projectId);
  const refusals = createRefusals(now);
  const series = new Map<string, Series>();
  const perResource = new Map<string, number>();
  const listeners = new Set<() => void>();
  const counts = { requests: 0, pointsWritten: 0, pointsRefused: 0 };
  let tidiedAt = now();

  /** Forgets what is older than a day; a series without points since then is not active any more. */
  function tidy(): void {
    if (now() - tidiedAt < TIDY_EVERY_MS) return;
    tidiedAt = now();
    const oldest = now() - KEPT_MS;
    for (const [key, { id, points }] of series) {
      const kept = points.findIndex(({ endMs }) => endMs >= oldest);
      if (kept > 0) points.splice(0, kept);
      if (kept >= 0) continue;
      series.delete(key);
      count(id.resourceKey, -1);
    }
  }

  function count(resourceKey: string, by: number): void {
    const left = (perResource.get(resourceKey) ?? 0) + by;
    if (left === 0) perResource.delete(resourceKey);
    else perResource.set(resourceKey, left);
  }

  const store: MonitoringStore = {
    series: (filter = {}) =>
      [...series.values()]
        .filter(({ id }) => fits(id, filter))
        .map((each) => viewOf(each, descriptors.get(each.id.metricType)!)),
    descriptors: () => descriptors.list(),
    get refusals() {
      return refusals.list();
    },
    counts,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  return {
    store,
    descriptors,
    all: (): Iterable<Series> => series.values(),
    /** Deletes a metric with all it has. False when there is none. */
    deleteMetric(type: string): boolean {
      for (const [key, { id }] of series) {
        if (id.metricType !== type) continue;
        series.delete(key);
        count(id.resourceKey, -1);
      }
      return descriptors.delete(type);
    },

    /** Adds a point, or says why it cannot follow what is there. */
    append(
      id: SeriesId,
      kind: MetricKind,
      interval: Interval,
      point: Point,
    ): SeriesFault | undefined {
      const known = series.get(id.key);
      if (known === undefined) {
        if ((perResource.get(id.resourceKey) ?? 0) >= maxSeriesPerResource) {
          const message = 'Monitored resource has too many time series (custom metrics).';
          return { rule: 'cardinality', message };
        }
        series.set(id.key, { id, points: [{ ...interval, point }] });
        count(id.resourceKey, 1);
        return undefined;
      }
      const fault = orderFault(known, kind, interval) ?? samplingFault(known, interval);
      if (fault !== undefined) return fault;
      known.points.push({ ...interval, point });
      if (known.points.length > maxPointsPerSeries) known.points.shift();
      return undefined;
    },

    /** Records how a request went; `faults` are of the points that were not written. */
    settle(written: number, faults: readonly SeriesFault[]): void {
      counts.requests += 1;
      counts.pointsWritten += written;
      counts.pointsRefused += faults.length;
      for (const { rule, message } of faults) refusals.add(rule, message);
      tidy();
      if (written > 0) for (const listener of listeners) listener();
    },
    /** Records a request that was refused as a whole, with as many points. */
    refuse(rule: string, message: string, points: number): void {
      counts.requests += 1;
      counts.pointsRefused += points;
      refusals.add(rule, message);
    },
  };

  function samplingFault({ id, points }: Series, { endMs }: Interval): SeriesFault | undefined {
    const newest = points.at(-1)!.endMs;
    if (endMs - newest >= minIntervalMs) return undefined;
    const message =
      'One or more points were written more frequently than the maximum sampling period configured for the metric. ' +
      `{Metric: ${id.metricType}, Timestamps: {Youngest Existing: '${samplingTime(newest)}', New: '${samplingTime(endMs)}'}}`;
    return { rule: 'sampling-period', message };
  }
}

function orderFault({ points }: Series, kind: MetricKind, next: Interval): SeriesFault | undefined {
  const newest = points.at(-1)!;
  // A cumulative series that begins anew must do so after all that was counted before.
  const overlaps = next.startMs !== newest.startMs && next.startMs <= newest.endMs;
  if (kind !== 'GAUGE' && overlaps) return older('start');
  return next.endMs <= newest.endMs ? older('end') : undefined;
}

function older(which: 'start' | 'end'): SeriesFault {
  const message = `Points must be written in order. One or more of the points specified had an older ${which} time than the most recent point.`;
  return { rule: 'order', message };
}

function fits(id: SeriesId, filter: SeriesFilter): boolean {
  const { metricType, metricTypePrefix = '', labels = {}, resourceLabels = {} } = filter;
  return (
    (metricType === undefined || id.metricType === metricType) &&
    id.metricType.startsWith(metricTypePrefix) &&
    Object.entries(labels).every(([key, value]) => (id.labels[key] ?? '') === value) &&
    Object.entries(resourceLabels).every(([key, value]) => id.resourceLabels[key] === value)
  );
}
