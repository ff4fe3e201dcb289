import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Ports } from './ports.ts';
import { collectSecrets } from './secrets.ts';

export const PROJECT = 'agentworks-local';
export const DATASET = 'agentworks_observability';
const SCHEDULER_LOCATION = 'europe-west1';
/** What the demo agents are called in metrics, traces and logs. */
export const DEMO_SERVICE = 'demo-agents';

/** Whose name the tokens of the local Pub/Sub and Cloud Scheduler carry. */
export const PUSH_SERVICE_ACCOUNT = `pubsub-push@${PROJECT}.iam.gserviceaccount.com`;

/** What a developer may set to try a limit; production sets them the same way. */
const PASSED_ON = [
  'RATE_LIMIT_PER_SECOND',
  'MAX_BODY_BYTES',
  'DEDUPE_WINDOW_HOURS',
  'OTEL_TRACES_SAMPLER_ARG',
  'LOG_LEVEL',
  'TZ',
  'LANG',
];

type Env = Record<string, string>;
export type FunctionName =
  | 'ingest'
  | 'checkBudgets'
  | 'deliverAlerts'
  | 'detectAnomalies'
  | 'detectErrorPatterns'
  | 'publishBusinessMetrics';

export type LocalEnvironment = {
  /** For every process: enough to run, and nothing a Google client could find credentials by. */
  base: Env;
  /** For our services: what production would set, pointing here. */
  services: Env;
  api: Env;
  /** For the demo agents: nothing but what a tenant's own service has. */
  workload: Env;
  /** Where each function is called, which is also the audience of the tokens it takes, and its environment. */
  functions: Record<FunctionName, { url: string; env: Env }>;
  adminKey: string;
  emulatorHost: string;
  /** Whether Pub/Sub is our own endpoint, which signs its pushes. */
  ownPubsub: boolean;
};

/** The environments of the local processes. Makes new secrets at each call. */
export function createEnvironment(options: {
  ports: Ports;
  /** Folder of this copy's state. */
  copyDir: string;
  /** Folder shared by all copies. */
  stateDir: string;
  outer: Record<string, string | undefined>;
}): LocalEnvironment {
  const { ports, copyDir, stateDir, outer } = options;
  const emptyHome = join(copyDir, 'home');
  const ownPubsub = !outer.PUBSUB_EMULATOR_HOST;
  const emulatorHost = outer.PUBSUB_EMULATOR_HOST || `127.0.0.1:${ports.pubsub}`;
  const adminKey = `axk_${randomBytes(32).toString('base64url')}`;

  const base: Env = {
    PATH: outer.PATH ?? '/usr/bin:/bin',
    HOME: emptyHome,
    CLOUDSDK_CONFIG: emptyHome,
    METADATA_SERVER_DETECTION: 'none',
    NODE_COMPILE_CACHE: outer.NODE_COMPILE_CACHE || join(stateDir, 'compile-cache'),
  };
  for (const name of PASSED_ON) {
    const value = outer[name];
    if (value !== undefined) base[name] = value;
  }
  const otlp = `http://127.0.0.1:${ports.otlp}`;
  // Not K_SERVICE: Google's clients take it to mean that a metadata server with credentials is there, and ask it.
  const telemetry: Env = {
    ...base,
    GOOGLE_CLOUD_PROJECT: PROJECT,
    DEPLOYMENT_ENVIRONMENT: 'local',
    OTEL_METRICS_EXPORTER: outer.OTEL_METRICS_EXPORTER || 'cloud-monitoring',
    OTEL_TRACES_EXPORTER: 'otlp',
    // Another collector, Jaeger say, for whoever wants to see the traces there.
    OTEL_EXPORTER_OTLP_ENDPOINT: outer.OTEL_EXPORTER_OTLP_ENDPOINT || otlp,
    // As often as Cloud Monitoring takes a point of a series.
    OTEL_METRIC_EXPORT_INTERVAL: outer.OTEL_METRIC_EXPORT_INTERVAL || '10000',
    MONITORING_API_ENDPOINT: `127.0.0.1:${ports.monitoring}`,
    PROFILE_DIR: join(copyDir, 'profiles'),
    CPU_THROTTLED: 'no',
  };
  const services: Env = {
    ...telemetry,
    BIGQUERY_DATASET: DATASET,
    BIGQUERY_API_ENDPOINT: `http://127.0.0.1:${ports.bigquery}`,
    PUBSUB_EMULATOR_HOST: emulatorHost,
    COST_EVENTS_TOPIC: 'cost-events',
    BUDGET_CHECKS_TOPIC: 'budget-checks',
    ALERTS_TOPIC: 'alerts',
    REDIS_URL: `redis://127.0.0.1:${ports.redis}`,
    API_KEY_PEPPER: randomBytes(32).toString('base64url'),
    SCHEDULER_API_ENDPOINT: `http://127.0.0.1:${ports.scheduler}`,
    SCHEDULER_LOCATION,
    // Whoever takes a webhook into the settings and whoever calls it must judge it alike.
    SLACK_HOSTS:
      outer.SLACK_HOSTS || `hooks.slack.com,hooks.slack-gov.com,127.0.0.1:${ports.inbox}`,
    ALLOW_LOOPBACK_WEBHOOKS: 'yes',
  };
  const mail: Env = {
    // A real relay instead of the inbox, for whoever wants to see the mails in a mail program.
    SMTP_URL: outer.SMTP_URL || `smtp://127.0.0.1:${ports.smtp}`,
    MAIL_FROM: outer.MAIL_FROM || 'alerts@agentworks.example',
  };

  const functionAt = (port: number, own: Env = {}) => {
    const url = `http://127.0.0.1:${port}/`;
    const auth: Env = {
      PUSH_AUDIENCE: url,
      PUSH_SERVICE_ACCOUNT,
      PUSH_CERTS_URL: `http://127.0.0.1:${ports.pubsubHttp}/oauth2/v1/certs`,
    };
    return { url, env: { ...own, ...services, ...(ownPubsub && auth), PORT: String(port) } };
  };
  const slackWebhook = `http://127.0.0.1:${ports.inbox}/services/T0000/B0000/local`;
  return {
    base,
    services,
    api: { ...services, PORT: String(ports.api), BOOTSTRAP_ADMIN_KEY: adminKey },
    workload: {
      ...telemetry,
      AX_API_URL: `http://127.0.0.1:${ports.api}`,
      AX_API_KEY: adminKey,
    },
    functions: {
      ingest: functionAt(ports.ingest),
      checkBudgets: functionAt(ports.checkBudgets),
      deliverAlerts: functionAt(ports.deliverAlerts, {
        ...collectSecrets(outer, slackWebhook),
        ...mail,
        SECRET_SOURCE: 'environment',
      }),
      detectAnomalies: functionAt(ports.detectAnomalies),
      detectErrorPatterns: functionAt(ports.detectErrorPatterns),
      publishBusinessMetrics: functionAt(ports.publishBusinessMetrics),
    },
    adminKey,
    emulatorHost,
    ownPubsub,
  };
}
