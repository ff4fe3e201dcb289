import type { MonitoringStore } from '../../monitoring/store.ts';
import type { PointStore } from '../../otlp/point-store.ts';
import { AnswerError, numberOf, oneOf, textOf } from '../answers.ts';
import { type Chart, type ChartOptions, chartOf } from './chart.ts';
import { metricFrom } from './from-monitoring.ts';

const PREFIX = 'custom.googleapis.com/agentworks/';
const MAX_MINUTES = 24 * 60;
/** Steps are as fine as Cloud Monitoring takes points, and as coarse as a chart of some 120 steps needs. */
const STEPS_MS = [10_000, 30_000, 60_000, 300_000, 900_000];
const MAX_STEPS = 120;

/** The metrics that were written, and what came by OTLP instead. */
export function listMetrics(store: Pick<MonitoringStore, 'descriptors'>, points: PointStore) {
  const metrics = store.descriptors().map((descriptor) => ({
    type: descriptor.type,
    name: descriptor.type.replace(PREFIX, ''),
    kind: descriptor.metricKind,
    valueType: descriptor.valueType,
    unit: descriptor.unit,
    description: descriptor.description,
    labels: descriptor.labels.map(({ key }) => key),
  }));
  return { metrics, otlp: points.list() };
}

/** The chart that a query asks for: `type`, `minutes`, `groupBy`, `combine`, `mode`. Throws `AnswerError`. */
export function chartFor(
  store: Pick<MonitoringStore, 'series' | 'descriptors'>,
  query: URLSearchParams,
  now: number,
): { type: string; chart: Chart } {
  const type = textOf(query, 'type')!;
  const minutes = numberOf(query, 'minutes', { fallback: 15, max: MAX_MINUTES });
  const windowMs = minutes * 60_000;
  const groupBy = textOf(query, 'groupBy');
  const options: ChartOptions = {
    toMs: now,
    windowMs,
    stepMs: STEPS_MS.find((step) => windowMs / step <= MAX_STEPS) ?? STEPS_MS.at(-1)!,
    ...(groupBy !== undefined && { groupBy }),
    combine: oneOf(query, 'combine', ['sum', 'mean', 'each']),
    mode: oneOf(query, 'mode', ['rate', 'total']),
  };
  const metric = metricFrom(store, type, options.mode === 'total' ? 0 : now - windowMs);
  if (metric === undefined) throw new AnswerError(404, `Nobody has written the metric ${type}`);
  return { type, chart: chartOf(metric, options) };
}
