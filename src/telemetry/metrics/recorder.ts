import type { Meter } from '@opentelemetry/api';
import { errorMessage } from '../../core/errors.ts';
import type { MetricDefinition } from './definition.ts';
import { createInstruments, type Instrument } from './instruments.ts';
import { OVERFLOW_ATTRIBUTES } from './label-sets.ts';
import type { MetricLabels, MetricsRecorder } from './recorder-contract.ts';

/** Counts since creation. */
export type RecorderStats = {
  /** Recordings that were refused: see `MetricsRecorder`. */
  refused: number;
  /** Recordings under label values beyond the 2,000 sets of a metric; they are counted under one set for all of these. */
  overflowed: number;
};

/**
 * The recorder over OpenTelemetry's metrics. A record costs little more than the bare call of the instrument. `onError` is
 * told once per metric why something was refused, and that its label sets are too many.
 */
export function createRecorder(options: {
  meter: Meter;
  onError: (error: unknown) => void;
  flush: () => Promise<void>;
}): {
  recorder: MetricsRecorder;
  stats(): RecorderStats;
  /** The definition behind a collected metric's name; undefined for metrics that are not ours. */
  definitionOf(collected: string): MetricDefinition | undefined;
} {
  const { meter, onError, flush } = options;
  const instruments = createInstruments(meter);
  const stats: RecorderStats = { refused: 0, overflowed: 0 };
  const warned = new Set<string>();

  function warn(metric: MetricDefinition, reason: string): void {
    const { name } = metric;
    // There are no more instruments than this either; further ones are all refused for one reason.
    if (warned.has(name) || warned.size > 1_000) return;
    warned.add(name);
    onError(new Error(`Metric ${name}: ${reason}; this is said once`));
  }

  function refuse(metric: MetricDefinition, reason: string): void {
    stats.refused += 1;
    warn(metric, reason);
  }

  /** Records, or says why not. */
  function attempt(
    metric: MetricDefinition,
    value: number,
    labels?: MetricLabels,
  ): string | undefined {
    const instrument = instruments.find(metric);
    if (instrument === undefined) {
      return 'another metric has this name, or there are too many metrics';
    }
    const fault = valueFault(instrument, value);
    if (fault !== undefined) return fault;
    const attributes = instrument.labelSets.find(labels);
    if (attributes === undefined) {
      return `it has no other labels than ${metric.labels.join(', ') || 'none'}`;
    }
    if (attributes === OVERFLOW_ATTRIBUTES) {
      stats.overflowed += 1;
      warn(metric, 'its labels have too many values, and further ones are counted as one');
    }
    instrument.record(value, attributes);
    return undefined;
  }

  function record(metric: MetricDefinition, value: number, labels?: MetricLabels): void {
    try {
      const reason = attempt(metric, value, labels);
      if (reason !== undefined) refuse(metric, reason);
    } catch (error) {
      refuse(metric, errorMessage(error));
    }
  }

  function recordAs(
    kind: MetricDefinition['kind'],
    metric: MetricDefinition,
    value: number,
    labels?: MetricLabels,
  ): void {
    if (metric.kind === kind) record(metric, value, labels);
    else refuse(metric, `it is a ${metric.kind}, not a ${kind}`);
  }

  const recorder: MetricsRecorder = {
    incrementCounter: (metric, value = 1, labels) => recordAs('counter', metric, value, labels),
    recordHistogram: (metric, value, labels) => recordAs('histogram', metric, value, labels),
    setGauge: (metric, value, labels) => recordAs('gauge', metric, value, labels),
    recordSystemMetric: record,
    recordBusinessMetric: record,
    recordPerformanceMetric: record,
    recordMetrics(records) {
      for (const { metric, value, labels } of records) record(metric, value, labels);
    },
    flush,
  };
  return { recorder, stats: () => ({ ...stats }), definitionOf: instruments.definitionOf };
}

function valueFault({ isInt, mayBeNegative }: Instrument, value: number): string | undefined {
  if (!Number.isFinite(value)) return 'a value is no finite number';
  if (isInt && !Number.isInteger(value)) return 'a value is no whole number';
  if (value < 0 && !mayBeNegative) return 'a value is negative';
  return undefined;
}
