import { within } from '../core/within.ts';
import type { CostReporter } from '../costs/reporter-options.ts';

/** Spans may wait this long where the CPU is taken away between requests. */
const SPANS_DUE_MS = 5_000;
/** Cloud Run kills ten seconds after SIGTERM. */
const FLUSH_TIMEOUT_MS = 8_000;

type Flushed = { flush(): Promise<unknown> };
/** Urgently: with what Cloud Monitoring would otherwise take only later. */
type FlushedMetrics = { flush(options?: { urgent?: boolean }): Promise<unknown> };

/**
 * When what a process has recorded is sent, besides the exporters' own timers: `flush` sends everything (`urgent`: the
 * process is about to end), `flushDue` what should not wait any longer: cost events at once, spans and business metrics after
 * five seconds, metrics after their interval. Neither rejects, and neither takes longer than eight seconds.
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
    flushDue: (): Promise<void> =>
      within(
        FLUSH_TIMEOUT_MS,
        Promise.all([
          costs?.flush(),
          areSpansDue() ? flushTraces() : undefined,
          areMetricsDue() ? flushMetrics() : undefined,
        ]),
      ),
    flush: (options?: { urgent: boolean }): Promise<void> =>
      within(FLUSH_TIMEOUT_MS, Promise.all([costs?.flush(), flushTraces(), flushMetrics(options)])),
  };
}
