import { type Attributes, ValueType } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { TimeSeries } from '../../cloud/monitoring.ts';
import type { MonitoredResource } from './monitored-resource.ts';

const MAX_LABEL_VALUE = 1_024;

export type SeriesKind = 'GAUGE' | 'CUMULATIVE';
export type SeriesValueType = 'INT64' | 'DOUBLE' | 'DISTRIBUTION';
type TypedValue = NonNullable<NonNullable<TimeSeries['points']>[number]['value']>;

/** A point whose time is still open. */
export type Reading = {
  /** Which series of the process it is of; the same for no other. */
  key: string;
  /** The collected metric's name. */
  name: string;
  type: string;
  labels: Record<string, string>;
  kind: SeriesKind;
  valueType: SeriesValueType;
  value: TypedValue;
};

/** Type of the metric in Cloud Monitoring. Names of ours begin with `agentworks/`; others are put below it. */
export function metricTypeOf(name: string): string {
  return `custom.googleapis.com/${name.startsWith('agentworks/') ? name : `agentworks/${name}`}`;
}

/**
 * The points of all metrics. Left out and counted is what Cloud Monitoring has no form for: exponential histograms, values
 * that are not finite, and series that would be the same after names and labels have been fitted. Pure.
 */
export function readingsOf(metrics: ResourceMetrics): { readings: Reading[]; dropped: number } {
  const readings = new Map<string, Reading>();
  let points = 0;
  for (const { metrics: collected } of metrics.scopeMetrics) {
    for (const metric of collected) {
      points += metric.dataPoints.length;
      for (const reading of readingsOfMetric(metric)) {
        if (!readings.has(reading.key)) readings.set(reading.key, reading);
      }
    }
  }
  return { readings: [...readings.values()], dropped: points - readings.size };
}

/** The reading as a series with one point, which ends at `endMs` and, unless it is a gauge, starts at `startMs`. Pure. */
export function timeSeriesOf(
  reading: Reading,
  resource: MonitoredResource,
  { startMs, endMs }: { startMs: number; endMs: number },
): TimeSeries {
  const { type, labels, kind, valueType, value } = reading;
  const endTime = timestamp(endMs);
  const interval = kind === 'GAUGE' ? { endTime } : { startTime: timestamp(startMs), endTime };
  return {
    metric: { type, labels },
    resource,
    metricKind: kind,
    valueType,
    points: [{ interval, value }],
  };
}

function readingsOfMetric(metric: MetricData): Reading[] {
  const { name, valueType } = metric.descriptor;
  const isInt = valueType === ValueType.INT;
  switch (metric.dataPointType) {
    case DataPointType.SUM:
      return numbers(metric.dataPoints, name, isInt, metric.isMonotonic ? 'CUMULATIVE' : 'GAUGE');
    case DataPointType.GAUGE:
      return numbers(metric.dataPoints, name, isInt, 'GAUGE');
    case DataPointType.HISTOGRAM:
      return metric.dataPoints
        .filter(({ value }) => Number.isFinite(value.sum ?? 0))
        .map((point) =>
          reading(name, point.attributes, 'CUMULATIVE', 'DISTRIBUTION', distribution(point.value)),
        );
    default:
      return [];
  }
}

function numbers(
  points: DataPoint<number>[],
  name: string,
  isInt: boolean,
  kind: SeriesKind,
): Reading[] {
  return points
    .filter(({ value }) => Number.isFinite(value))
    .map(({ attributes, value }) =>
      isInt
        ? reading(name, attributes, kind, 'INT64', { int64Value: int64(value) })
        : reading(name, attributes, kind, 'DOUBLE', { doubleValue: value }),
    );
}

function reading(
  name: string,
  attributes: Attributes,
  kind: SeriesKind,
  valueType: SeriesValueType,
  value: TypedValue,
): Reading {
  const type = metricTypeOf(name);
  const labels = labelsOf(attributes);
  const key = `${type}${JSON.stringify(Object.entries(labels))}`;
  return { key, name, type, labels, kind, valueType, value };
}

/** Attributes in the order of their names, with names and values that Cloud Monitoring takes. */
function labelsOf(attributes: Attributes): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    if (text === undefined || text === '') continue;
    pairs.push([
      name.replaceAll(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_'),
      text.slice(0, MAX_LABEL_VALUE),
    ]);
  }
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** OpenTelemetry keeps no squares: the deviation is left out, and percentiles come from the buckets. */
function distribution({ count, sum = 0, buckets }: Histogram): TypedValue {
  return {
    distributionValue: {
      count,
      mean: count === 0 ? 0 : sum / count,
      bucketOptions: { explicitBuckets: { bounds: buckets.boundaries } },
      bucketCounts: buckets.counts,
    },
  };
}

/** Whole numbers beyond 2^53 keep their digits only as text. */
function int64(value: number): number | string {
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? whole : BigInt(whole).toString();
}

function timestamp(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1_000);
  return { seconds, nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}
