import type { Resource } from '@opentelemetry/resources';
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics';
import { createMonitoringClient } from '../../cloud/monitoring.ts';
import { AppError } from '../../core/errors.ts';
import { GOOGLE_OTLP_ENDPOINT, type TelemetryConfig } from '../../core/telemetry-config.ts';
import type { MetricDefinition } from './definition.ts';
import { createMonitoringSink, type MonitoringStats } from './monitoring-sink.ts';
import { createOtlpSink } from './otlp-sink.ts';
import { createPrometheusEndpoint } from './prometheus-endpoint.ts';
import { createPushReader, type PushReader, type PushStats } from './push-reader.ts';
import { createRecorder, type RecorderStats } from './recorder.ts';
import type { MetricsRecorder } from './recorder-contract.ts';

/**
 * Counts since creation; `exports` are sendings with something in them, or scrapes. What is only about Cloud Monitoring is
 * there only with it.
 */
export type MetricsStats = PushStats & RecorderStats & Partial<MonitoringStats>;

export type Metrics = {
  recorder: MetricsRecorder;
  /** For instrumentations of others; what they record goes the same way. */
  meterProvider: MeterProvider;
  /**
   * Sends what is there. Never rejects, at most about five seconds. Where a point per series is taken every ten seconds only,
   * what was sent less than ten seconds ago waits for the next time; not so with `urgent`, for when the process may end
   * afterwards: then no interval is waited for, and what fails is tried again. Use it sparingly.
   */
  flush(options?: { urgent?: boolean }): Promise<void>;
  /** Sends the last metrics, without waiting for any interval, and ends it. Never rejects, at most about five seconds. */
  close(): Promise<void>;
  stats(): MetricsStats;
};

export type MetricsOptions = {
  config: Pick<
    TelemetryConfig,
    | 'metricsExporter'
    | 'projectId'
    | 'monitoringEndpoint'
    | 'metricIntervalMs'
    | 'otlpEndpoint'
    | 'otlpHeaders'
    | 'prometheusPort'
  >;
  resource: Resource;
  /** Told of every export that failed and, once per metric, of what is refused. */
  onError: (error: unknown) => void;
  /** Headers of OTLP requests, asked for before each; default: the configured ones. */
  otlpHeaders?: () => Promise<Record<string, string>>;
  /** Epoch ms; of points in Cloud Monitoring. */
  now?: () => number;
};

const METER = 'agentworks-observability';
/** Google's OTLP endpoint takes points no more often than Cloud Monitoring does. */
const GOOGLE_MIN_GAP_MS = 10_000;

/**
 * The metrics of a process, sent as the configuration says. Of every metric up to 2,000 sets of label values are told apart.
 * With `none` recording costs next to nothing and goes nowhere. Throws `invalid_configuration` without a project for Cloud
 * Monitoring.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { resource, onError } = options;
  const stats: PushStats = { exports: 0, failedExports: 0 };
  const reading = createReader(options, stats, (name) => recording.definitionOf(name));
  const meterProvider = new MeterProvider({
    resource,
    readers: reading === undefined ? [] : [reading.reader],
  });
  const flush = () => meterProvider.forceFlush().catch(onError);
  const recording = createRecorder({ meter: meterProvider.getMeter(METER), onError, flush });
  let closing: Promise<void> | undefined;

  return {
    recorder: recording.recorder,
    meterProvider,
    async flush({ urgent = false } = {}) {
      if (closing !== undefined) await closing;
      else if (urgent && reading?.push !== undefined) await reading.push.flushUrgently();
      else await flush();
    },
    close() {
      closing ??= meterProvider.shutdown().catch(onError);
      return closing;
    },
    stats: () => ({ ...stats, ...recording.stats(), ...reading?.stats?.() }),
  };
}

type Reading = {
  reader: IMetricReader;
  /** The reader where it is one that sends. */
  push?: PushReader;
  stats?: () => MonitoringStats;
};

function createReader(
  { config, onError, now = Date.now, otlpHeaders }: MetricsOptions,
  stats: PushStats,
  definitionOf: (name: string) => MetricDefinition | undefined,
): Reading | undefined {
  const { metricsExporter, projectId, monitoringEndpoint, metricIntervalMs, otlpEndpoint } = config;
  const push = { intervalMs: metricIntervalMs, onError, stats };
  switch (metricsExporter) {
    case 'cloud-monitoring': {
      if (projectId === undefined) {
        const message = 'Cloud Monitoring needs a project: set GOOGLE_CLOUD_PROJECT';
        throw new AppError({ code: 'invalid_configuration', message });
      }
      const client = createMonitoringClient({ projectId, endpoint: monitoringEndpoint });
      const sink = createMonitoringSink({ client, projectId, definitionOf, now });
      const reader = createPushReader({ ...push, sink });
      return { reader, push: reader, stats: sink.stats };
    }
    case 'otlp': {
      const headers = otlpHeaders ?? (async () => config.otlpHeaders);
      const sink = createOtlpSink({ endpoint: otlpEndpoint, headers });
      const isGoogle = new URL(otlpEndpoint).origin === GOOGLE_OTLP_ENDPOINT;
      const minGapMs = isGoogle ? GOOGLE_MIN_GAP_MS : 0;
      const reader = createPushReader({ ...push, sink, minGapMs });
      return { reader, push: reader };
    }
    case 'prometheus':
      return createPrometheusEndpoint({ port: config.prometheusPort, onError, stats });
    case 'none':
      return undefined;
  }
}
