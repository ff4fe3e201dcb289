import { AppError, type FieldError } from './errors.ts';

/** Everything a process of ours may be told by its environment. */
export type Config = {
  projectId: string;
  dataset: string;
  redisUrl: string;
  port: number;
  /** Base URL of BigQuery when it is not Google's. */
  bigqueryEndpoint?: string;
  costEventsTopic: string;
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
};

/**
 * Reads the configuration, the only place where environment variables are read. All that is missing or
 * malformed is reported at once in one `invalid_configuration` error. `needs` names what this process
 * cannot do without beyond the defaults.
 */
export function readConfig(
  env: Record<string, string | undefined>,
  needs: readonly ('apiKeyPepper' | 'redisUrl')[] = [],
): Config {
  const details: FieldError[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const required = (name: string): string => {
    const value = text(name);
    if (value === undefined) details.push({ field: name, reason: 'is required' });
    return value ?? '';
  };
  const positive = (name: string, fallback: number): number => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (!/^\d{1,12}$/.test(value) || Number(value) === 0) {
      details.push({ field: name, reason: 'must be a positive whole number' });
    }
    return Number(value);
  };
  const url = (name: string, protocols: readonly string[]): string | undefined => {
    const value = text(name);
    if (value !== undefined && !protocols.includes(URL.parse(value)?.protocol ?? '')) {
      details.push({
        field: name,
        reason: `must be a URL starting with ${protocols.join(' or ')}`,
      });
    }
    return value;
  };
  const audience = text('PUSH_AUDIENCE');
  const certsUrl = url('PUSH_CERTS_URL', ['http:', 'https:']);
  const serviceAccount = text('PUSH_SERVICE_ACCOUNT');
  if ((audience === undefined) !== (serviceAccount === undefined)) {
    const field = audience === undefined ? 'PUSH_AUDIENCE' : 'PUSH_SERVICE_ACCOUNT';
    details.push({
      field,
      reason: 'is required when the other half of the push token check is set',
    });
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
  };
  if (details.length > 0) {
    const list = details.map(({ field, reason }) => `${field} ${reason}`).join('; ');
    throw new AppError({
      code: 'invalid_configuration',
      message: `Configuration: ${list}`,
      details,
    });
  }
  return config;
}
