import { distributionFault } from './distribution.ts';
import { invalidField, type SeriesFault } from './fault.ts';
import { fieldTime } from './times.ts';
import { type MetricKind, type Point, type TimeSeries, toMs, type ValueType } from './wire.ts';

const MAX_AGE_MS = (25 * 3_600 + 10) * 1000;
const MAX_AHEAD_MS = 5 * 60_000;

const TYPE_OF_FIELD: Record<string, ValueType> = {
  boolValue: 'BOOL',
  int64Value: 'INT64',
  doubleValue: 'DOUBLE',
  stringValue: 'STRING',
  distributionValue: 'DISTRIBUTION',
};

/** The point of a time series with the type of its value. */
export type GivenPoint = { point: Point; valueType: ValueType };
export type Interval = { startMs: number; endMs: number };

/** Reads the one point and its type, or what is wrong with them. */
export function readPoint(series: TimeSeries, at: string): GivenPoint | { fault: SeriesFault } {
  const [point, ...more] = series.points;
  if (point === undefined || more.length > 0) {
    const why = `A TimeSeries must have exactly one point, not ${series.points.length}.`;
    return { fault: invalidField('one-point', `${at}.points`, undefined, why) };
  }
  const { value } = point;
  const field = value?.value;
  if (field === undefined) {
    const message = `Request was missing field ${at}.points[0].value.`;
    return { fault: { rule: 'value', message } };
  }
  const valueType = TYPE_OF_FIELD[field]!;
  if (series.valueType !== 'VALUE_TYPE_UNSPECIFIED' && series.valueType !== valueType) {
    const why = `The point's value is ${valueType}.`;
    return { fault: invalidField('value-type', `${at}.value_type`, series.valueType, why) };
  }
  const why = value!.distributionValue && distributionFault(value!.distributionValue);
  if (why !== undefined) {
    const fault = invalidField('distribution', `${at}.points[0].distributionValue`, undefined, why);
    return { fault };
  }
  return { point, valueType };
}

/** Reads the point's interval, or what is wrong with it for a metric of this kind at this time. */
export function readInterval(
  { interval }: Point,
  options: { at: string; metricType: string; kind: MetricKind; now: number },
): Interval | { fault: SeriesFault } {
  const { at, metricType, kind, now } = options;
  const field = `${at}.points[0].interval`;
  if (!interval?.endTime) {
    return { fault: { rule: 'interval', message: `Request was missing field ${field}.end_time.` } };
  }
  const endMs = toMs(interval.endTime);
  const startMs = interval.startTime ? toMs(interval.startTime) : endMs;
  const start = (why: string) => ({
    fault: invalidField('interval', `${field}.start_time`, fieldTime(startMs), why),
  });
  if (kind === 'GAUGE' && startMs !== endMs) {
    return start(
      `The start time must be equal to the end time (${fieldTime(endMs)}) for the gauge metric '${metricType}'.`,
    );
  }
  if (kind !== 'GAUGE' && !(startMs < endMs)) {
    return start(
      `The start time must be before the end time (${fieldTime(endMs)}) for the non-gauge metric '${metricType}'.`,
    );
  }
  const end = (why: string) => ({
    fault: invalidField('age', `${field}.end_time`, fieldTime(endMs), why),
  });
  if (endMs < now - MAX_AGE_MS) {
    return end('Data points cannot be written more than 25h10s in the past.');
  }
  if (endMs > now + MAX_AHEAD_MS) {
    return end('Data points cannot be written more than 5m in the future.');
  }
  return { startMs, endMs };
}
