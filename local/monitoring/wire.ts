/** The protobuf messages as proto-loader hands them over (`longs: String, enums: String, defaults: true, oneofs: true`). */

export type Timestamp = { seconds: string | number; nanos: number };

export type Distribution = {
  count: string;
  mean: number;
  sumOfSquaredDeviation: number;
  range: { min: number; max: number } | null;
  bucketOptions: {
    options?: 'linearBuckets' | 'exponentialBuckets' | 'explicitBuckets';
    linearBuckets?: { numFiniteBuckets: number; width: number; offset: number };
    exponentialBuckets?: { numFiniteBuckets: number; growthFactor: number; scale: number };
    explicitBuckets?: { bounds: number[] };
  } | null;
  bucketCounts: string[];
  exemplars: unknown[];
};

export type TypedValue = {
  /** Name of the field that is set. */
  value?: 'boolValue' | 'int64Value' | 'doubleValue' | 'stringValue' | 'distributionValue';
  boolValue?: boolean;
  int64Value?: string;
  doubleValue?: number;
  stringValue?: string;
  distributionValue?: Distribution;
};

export type Point = {
  interval: { startTime: Timestamp | null; endTime: Timestamp | null } | null;
  value: TypedValue | null;
};

export type MetricKind = 'METRIC_KIND_UNSPECIFIED' | 'GAUGE' | 'DELTA' | 'CUMULATIVE';
export type ValueType =
  | 'VALUE_TYPE_UNSPECIFIED'
  | 'BOOL'
  | 'INT64'
  | 'DOUBLE'
  | 'STRING'
  | 'DISTRIBUTION'
  | 'MONEY';

export type TimeSeries = {
  metric: { type: string; labels: Record<string, string> } | null;
  resource: { type: string; labels: Record<string, string> } | null;
  metricKind: MetricKind;
  valueType: ValueType;
  points: Point[];
  unit: string;
  description: string;
};

export type LabelDescriptor = { key: string; valueType: string; description: string };

export type MetricDescriptor = {
  name: string;
  type: string;
  labels: LabelDescriptor[];
  metricKind: MetricKind;
  valueType: ValueType;
  unit: string;
  description: string;
  displayName: string;
};

/** Milliseconds since the epoch, with what is finer as a fraction. */
export function toMs({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + nanos / 1_000_000;
}

/** A protobuf Timestamp of that many milliseconds since the epoch. */
export function fromMs(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}
