import { createEnvironmentReader } from './environment-reader.ts';
import { NAME_PATTERN } from './ids.ts';

const NAME = new RegExp(NAME_PATTERN);

/** Everything a process of ours may be told by its environment. */
export type Config = {
  projectId: string;
  dataset: string;
  redisUrl: string;
  port: number;
  /** Base URL of BigQuery when it is not Google's. */
  bigqueryEndpoint?: string;
  costEventsTopic: string;
  budgetChecksTopic: string;
  alertsTopic: string;
  /** Set when pushes must carry an OIDC token: who signs in and for whom. */
  pushAuth?: { audience: string; serviceAccount: string; certsUrl?: string };
  /** Key of the HMAC under which API keys are stored. */
  apiKeyPepper?: string;
  /** A platform admin's key accepted from configuration, to make the first real one with. */
  bootstrapAdminKey?: string;
  rateLimitPerSecond: number;
  maxBodyBytes: number;
  /** How long Redis remembers an event's id at the least, in hours. */
  dedupeWindowHours: number;
  /** Where mail is handed in, `smtp://` or `smtps://` with credentials; absent: mail cannot be sent. */
  smtpUrl?: string;
  /** The sender's address of every mail. */
  mailFrom: string;
  /**
   * The value of a secret by its name, which begins with SECRET_, SLACK_, CHANNEL_ or WEBHOOK_ and is none of our own
   * configuration's; absent: Secret Manager is asked.
   */
  secretsFromEnvironment?: (name: string) => string | undefined;
  /** Where Slack webhooks may point: hosts, reached by https; one with a port is loopback's and reached by http. */
  slackHosts: string[];
  /** Whether webhooks may go to this machine itself, by http too; never where tenants set them. */
  allowLoopbackWebhooks: boolean;
  /** Where Cloud Scheduler's jobs are, e.g. `europe-west1`. */
  schedulerLocation: string;
  /** Base URL of Cloud Scheduler when it is not Google's. */
  schedulerEndpoint?: string;
  /** The workspace in which findings about the platform itself are raised: operators set channels there as any tenant does. */
  operationsWorkspace: string;
};

/**
 * Reads the configuration; this and `readTelemetryConfig` are where environment variables are read. All that is missing or
 * malformed is reported at once in one `invalid_configuration` error. `needs` names what this process
 * cannot do without beyond the defaults.
 */
export function readConfig(
  env: Record<string, string | undefined>,
  needs: readonly ('apiKeyPepper' | 'redisUrl')[] = [],
): Config {
  const reader = createEnvironmentReader(env);
  const { text, required, positive, url, oneOf, refuse } = reader;
  const isSecretName = (name: string) =>
    /^(SECRET|SLACK|CHANNEL|WEBHOOK)_/.test(name) && !reader.asked.has(name);
  const secretSource = oneOf('SECRET_SOURCE', ['secret-manager', 'environment']);
  const audience = text('PUSH_AUDIENCE');
  const certsUrl = url('PUSH_CERTS_URL', ['http:', 'https:']);
  const serviceAccount = text('PUSH_SERVICE_ACCOUNT');
  if ((audience === undefined) !== (serviceAccount === undefined)) {
    const field = audience === undefined ? 'PUSH_AUDIENCE' : 'PUSH_SERVICE_ACCOUNT';
    refuse(field, 'is required when the other half of the push token check is set');
  }
  const operationsWorkspace = text('OPERATIONS_WORKSPACE') ?? 'operations';
  if (!NAME.test(operationsWorkspace)) {
    refuse('OPERATIONS_WORKSPACE', 'must be the id of a workspace');
  }
  if (needs.includes('redisUrl')) required('REDIS_URL');
  if (needs.includes('apiKeyPepper')) required('API_KEY_PEPPER');
  const config: Config = {
    projectId: required('GOOGLE_CLOUD_PROJECT'),
    dataset: text('BIGQUERY_DATASET') ?? 'agentworks_observability',
    redisUrl: url('REDIS_URL', ['redis:', 'rediss:']) ?? 'redis://127.0.0.1:6379',
    port: positive('PORT', 8080),
    bigqueryEndpoint: url('BIGQUERY_API_ENDPOINT', ['http:', 'https:']),
    costEventsTopic: text('COST_EVENTS_TOPIC') ?? 'cost-events',
    pushAuth:
      audience === undefined || serviceAccount === undefined
        ? undefined
        : { audience, serviceAccount, certsUrl },
    apiKeyPepper: text('API_KEY_PEPPER'),
    bootstrapAdminKey: text('BOOTSTRAP_ADMIN_KEY'),
    rateLimitPerSecond: positive('RATE_LIMIT_PER_SECOND', 1_000),
    maxBodyBytes: positive('MAX_BODY_BYTES', 2_097_152),
    dedupeWindowHours: positive('DEDUPE_WINDOW_HOURS', 48),
    budgetChecksTopic: text('BUDGET_CHECKS_TOPIC') ?? 'budget-checks',
    alertsTopic: text('ALERTS_TOPIC') ?? 'alerts',
    smtpUrl: url('SMTP_URL', ['smtp:', 'smtps:']),
    mailFrom: text('MAIL_FROM') ?? 'alerts@localhost',
    secretsFromEnvironment:
      secretSource === 'environment'
        ? (name) => (isSecretName(name) ? env[name]?.trim() || undefined : undefined)
        : undefined,
    slackHosts: (text('SLACK_HOSTS') ?? 'hooks.slack.com,hooks.slack-gov.com')
      .split(',')
      .map((host) => host.trim()),
    allowLoopbackWebhooks: oneOf('ALLOW_LOOPBACK_WEBHOOKS', ['no', 'yes']) === 'yes',
    schedulerLocation: text('SCHEDULER_LOCATION') ?? 'europe-west1',
    schedulerEndpoint: url('SCHEDULER_API_ENDPOINT', ['http:', 'https:']),
    operationsWorkspace,
  };
  reader.check();
  return config;
}
