import { createEnvironmentReader, type Environment } from './environment-reader.ts';

export const METRICS_EXPORTERS = ['cloud-monitoring', 'otlp', 'prometheus', 'none'] as const;
export const TRACES_EXPORTERS = ['otlp', 'none'] as const;

/** Where OTLP goes on Google Cloud; it takes the caller's Google credentials. */
export const GOOGLE_OTLP_ENDPOINT = 'https://telemetry.googleapis.com';

/** What a process may be told about its telemetry by its environment. */
export type TelemetryConfig = {
  /** Absent outside Google Cloud and where nobody said it. */
  projectId?: string;
  /** Cloud Run's service or job (`K_SERVICE`, `CLOUD_RUN_JOB`), revision, and where it runs, if that is known already. */
  cloudRun?: { name: string; revision?: string; region?: string };
  /** `production`, `staging`, …: the attribute `deployment.environment.name` and the namespace of metrics. */
  environmentName: string;
  metricsExporter: (typeof METRICS_EXPORTERS)[number];
  tracesExporter: (typeof TRACES_EXPORTERS)[number];
  /** Base URL that OTLP signals are posted under, `/v1/traces` and `/v1/metrics`. */
  otlpEndpoint: string;
  /** `key=value` pairs sent with OTLP, as in `OTEL_EXPORTER_OTLP_HEADERS`. */
  otlpHeaders: Record<string, string>;
  /** How often metrics are sent; Cloud Monitoring takes a point per series at most every 10 seconds. */
  metricIntervalMs: number;
  /** Share of traces that begin here and are kept, 0 to 1; callers' decisions are followed. */
  traceSampleRatio: number;
  /** `host:port` of Cloud Monitoring when it is not Google's; reached without TLS. */
  monitoringEndpoint?: string;
  /** Where the scrape endpoint of `prometheus` listens. */
  prometheusPort: number;
  /** Whether CPU may be taken away between requests (Cloud Run's request-based billing): then what is due is sent within requests. */
  cpuThrottled: boolean;
  /** Whether Cloud Profiler is to be started; needs the package `@google-cloud/profiler` in the image. */
  cloudProfiler: boolean;
  /** BigQuery dataset of business metrics, and where BigQuery is when it is not Google's. */
  dataset: string;
  bigqueryEndpoint?: string;
  /** Folder that profiles asked for by `SIGUSR2` are written to. */
  profileDir: string;
};

/**
 * Reads what concerns telemetry, with OpenTelemetry's own variable names where there are some. On Cloud Run metrics go
 * to Cloud Monitoring and traces by OTLP to Google; elsewhere nothing is sent unless a variable says so. Throws
 * `invalid_configuration` with every fault.
 */
export function readTelemetryConfig(env: Environment = process.env): TelemetryConfig {
  const reader = createEnvironmentReader(env);
  const { text, positive, url, oneOf, refuse } = reader;
  const name = text('K_SERVICE') ?? text('CLOUD_RUN_JOB');
  const cloudRun =
    name === undefined
      ? undefined
      : {
          name,
          revision: text('K_REVISION') ?? text('CLOUD_RUN_EXECUTION'),
          region: text('GOOGLE_CLOUD_REGION'),
        };
  const onCloudRun = cloudRun !== undefined;
  const ratio = Number(text('OTEL_TRACES_SAMPLER_ARG') ?? '1');
  if (!(ratio >= 0 && ratio <= 1)) refuse('OTEL_TRACES_SAMPLER_ARG', 'must be between 0 and 1');
  const config: TelemetryConfig = {
    projectId: text('GOOGLE_CLOUD_PROJECT'),
    cloudRun,
    environmentName: text('DEPLOYMENT_ENVIRONMENT') ?? (onCloudRun ? 'production' : 'local'),
    metricsExporter: oneOf(
      'OTEL_METRICS_EXPORTER',
      onCloudRun ? METRICS_EXPORTERS : METRICS_EXPORTERS.toReversed(),
    ),
    tracesExporter: oneOf(
      'OTEL_TRACES_EXPORTER',
      onCloudRun ? TRACES_EXPORTERS : TRACES_EXPORTERS.toReversed(),
    ),
    otlpEndpoint: url('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:']) ?? GOOGLE_OTLP_ENDPOINT,
    otlpHeaders: parsePairs(text('OTEL_EXPORTER_OTLP_HEADERS') ?? '', (reason) =>
      refuse('OTEL_EXPORTER_OTLP_HEADERS', reason),
    ),
    metricIntervalMs: positive('OTEL_METRIC_EXPORT_INTERVAL', 60_000),
    traceSampleRatio: ratio,
    monitoringEndpoint: text('MONITORING_API_ENDPOINT'),
    prometheusPort: positive('OTEL_EXPORTER_PROMETHEUS_PORT', 9464),
    cpuThrottled: oneOf('CPU_THROTTLED', onCloudRun ? ['yes', 'no'] : ['no', 'yes']) === 'yes',
    cloudProfiler: oneOf('CLOUD_PROFILER', ['no', 'yes']) === 'yes',
    dataset: text('BIGQUERY_DATASET') ?? 'agentworks_observability',
    bigqueryEndpoint: url('BIGQUERY_API_ENDPOINT', ['http:', 'https:']),
    profileDir: text('PROFILE_DIR') ?? '/tmp',
  };
  const needsProject = config.metricsExporter === 'cloud-monitoring';
  if (needsProject && config.projectId === undefined) {
    refuse('GOOGLE_CLOUD_PROJECT', 'is required to send metrics to Cloud Monitoring');
  }
  if (config.metricsExporter === 'cloud-monitoring' && config.metricIntervalMs < 10_000) {
    refuse('OTEL_METRIC_EXPORT_INTERVAL', 'must be at least 10000 for Cloud Monitoring');
  }
  reader.check();
  return config;
}

/** `a=1,b=two`, values percent-encoded as OpenTelemetry has them. */
function parsePairs(text: string, refuse: (reason: string) => void): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...value] = pair.split('=');
      if (key.trim() === '' || value.length === 0) refuse('must be key=value pairs with commas');
      try {
        return [key.trim(), decodeURIComponent(value.join('=').trim())];
      } catch {
        refuse(`holds a value of ${key.trim()} that is not percent-encoded`);
        return [key.trim(), ''];
      }
    }),
  );
}
