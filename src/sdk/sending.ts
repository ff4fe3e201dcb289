import type { CostReporter } from '../costs/reporter-options.ts';

/** Spans may wait this long where the CPU is taken away between requests. */
const SPANS_DUE_MS = 5_000;

type Flushed = { flush(): Promise<unknown> };
/** Urgently: with what Cloud Monitoring would otherwise take only later. */
type FlushedMetrics = { flush(options?: { urgent?: boolean }): Promise<unknown> };

/**
 * When what a process has recorded is sent, besides the exporters' own timers: `flush` sends everything (`urgent`: the
 * process is about to end), `flushDue` what
 * should not wait any longer: cost events at once, spans and business metrics after five seconds, metrics after their interval. None rejects.
 */
export function createSending(options: {
  costs: Pick<CostReporter, 'flush' | 'stats'> | undefined;
  business: Flushed | undefined;
  traces: Flushed;
  metrics: FlushedMetrics;
  metricIntervalMs: number;
  /** Epoch ms. */
  now: () => number;
}) {
  const { costs, business, traces, metrics, metricIntervalMs, now } = options;
  let spansSentAt = now();
  let metricsSentAt = now();

  const areSpansDue = () => now() - spansSentAt >= SPANS_DUE_MS;
  const areMetricsDue = () => now() - metricsSentAt >= metricIntervalMs;
  async function flushTraces(): Promise<void> {
    spansSentAt = now();
    await Promise.all([traces.flush(), business?.flush()]);
  }
  async function flushMetrics(options?: { urgent: boolean }): Promise<void> {
    metricsSentAt = now();
    await metrics.flush(options);
  }

  return {
    isDue: (): boolean => (costs?.stats().buffered ?? 0) > 0 || areSpansDue() || areMetricsDue(),
    async flushDue(): Promise<void> {
      await Promise.all([
        costs?.flush(),
        areSpansDue() ? flushTraces() : undefined,
        areMetricsDue() ? flushMetrics() : undefined,
      ]);
    },
    async flush(options?: { urgent: boolean }): Promise<void> {
      await Promise.all([costs?.flush(), flushTraces(), flushMetrics(options)]);
    },
  };
}
