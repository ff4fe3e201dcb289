import type { MetricDefinition } from './definition.ts';

/** Values of a metric's labels; a label left out is written as absent. */
export type MetricLabels<Label extends string = string> = Partial<
  Record<Label, string | number | boolean>
>;

/** One record for `recordMetrics`. */
export type MetricRecord = { metric: MetricDefinition; value: number; labels?: MetricLabels };

/**
 * The recorder the platform knows. Synchronous, never blocks, never throws. Refused, counted in `stats().refused` and warned
 * of once per metric are: a value that is no finite number, of an `int` metric one that is not whole, of a counter or
 * histogram one that is negative, labels the definition does not name, and a metric whose name another definition has.
 */
export type MetricsRecorder = {
  incrementCounter<L extends string>(
    metric: MetricDefinition<L>,
    value?: number,
    labels?: MetricLabels<L>,
  ): void;
  recordHistogram<L extends string>(
    metric: MetricDefinition<L>,
    value: number,
    labels?: MetricLabels<L>,
  ): void;
  setGauge<L extends string>(
    metric: MetricDefinition<L>,
    value: number,
    labels?: MetricLabels<L>,
  ): void;
  /** Records by the kind of the metric; the three differ in what they are for and in nothing else. */
  recordSystemMetric<L extends string>(
    metric: MetricDefinition<L>,
    value: number,
    labels?: MetricLabels<L>,
  ): void;
  recordBusinessMetric<L extends string>(
    metric: MetricDefinition<L>,
    value: number,
    labels?: MetricLabels<L>,
  ): void;
  recordPerformanceMetric<L extends string>(
    metric: MetricDefinition<L>,
    value: number,
    labels?: MetricLabels<L>,
  ): void;
  recordMetrics(records: readonly MetricRecord[]): void;
  /** Sends what is due. Never rejects; a failure is counted and what was recorded stays for the next one. */
  flush(): Promise<void>;
};
