import { boundsOf } from './distribution.ts';
import type { Series } from './store.ts';
import type { Distribution, MetricDescriptor, MetricKind, TypedValue, ValueType } from './wire.ts';

/** A distribution with its buckets spelled out: `bucketCounts` has one more than `bounds`, the overflow bucket last. */
export type DistributionView = {
  count: number;
  mean: number;
  sumOfSquaredDeviation: number;
  bounds: number[];
  bucketCounts: number[];
};

/** Of a gauge `startMs` is `endMs`. Integers above 2^53 are rounded; ListTimeSeries has them exactly. */
export type PointView = {
  startMs: number;
  endMs: number;
  value?: number | boolean;
  distribution?: DistributionView;
};

/** A time series as pages and tests read it, points oldest first. */
export type SeriesView = {
  metricType: string;
  kind: MetricKind;
  valueType: ValueType;
  unit: string;
  description: string;
  labels: Record<string, string>;
  resourceType: string;
  resourceLabels: Record<string, string>;
  points: PointView[];
};

/** What is stored, in plain numbers. */
export function viewOf({ id, points }: Series, descriptor: MetricDescriptor): SeriesView {
  const { metricType, labels, resourceType, resourceLabels } = id;
  const { metricKind, valueType, unit, description } = descriptor;
  return {
    metricType,
    kind: metricKind,
    valueType,
    unit,
    description,
    labels,
    resourceType,
    resourceLabels,
    points: points.map(({ startMs, endMs, point }) => ({
      startMs,
      endMs,
      ...plainValue(point.value!),
    })),
  };
}

function plainValue(value: TypedValue): Pick<PointView, 'value' | 'distribution'> {
  switch (value.value) {
    case 'boolValue':
      return { value: value.boolValue! };
    case 'distributionValue':
      return { distribution: plainDistribution(value.distributionValue!) };
    default:
      return { value: Number(value.int64Value ?? value.doubleValue) };
  }
}

function plainDistribution(given: Distribution): DistributionView {
  const bounds = boundsOf(given.bucketOptions);
  const counts = given.bucketCounts.map(Number);
  return {
    count: Number(given.count),
    mean: given.mean,
    sumOfSquaredDeviation: given.sumOfSquaredDeviation,
    bounds,
    // Buckets at the end that hold nothing may be left out on the wire.
    bucketCounts: bounds.length === 0 ? counts : [...bounds, 0].map((_, n) => counts[n] ?? 0),
  };
}
