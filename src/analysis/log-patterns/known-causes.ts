/** What is known of an error by how it reads. Plain data, so that a setting can hold other ones. */
export type KnownCause = {
  /** Stable, e.g. to say which one an edited list replaces. */
  id: string;
  /**
   * How its templates read, any of these: texts in the order they come in, `*` between them for anything. Upper and lower case
   * are one. Templates hold no numbers, so neither can these.
   */
  patterns: readonly string[];
  /** One English sentence: why it happens. */
  cause: string;
  /** One English sentence or two: what to do. */
  fix: string;
};

/** The causes every installation begins with. Order matters: the first that fits a template is its cause. */
export const KNOWN_CAUSES: readonly KnownCause[] = [
  {
    id: 'model_context_length',
    patterns: ['context length', 'context_length_exceeded', 'prompt is too long', 'maximum*tokens'],
    cause: 'The prompt is longer than the model takes.',
    fix: 'Shorten or summarise the history before the call, or use a model with a larger context.',
  },
  {
    id: 'provider_quota',
    patterns: ['insufficient_quota', 'exceeded your current quota', 'credit balance is too low'],
    cause: 'The account at the model provider has no quota or credit left.',
    fix: 'Raise the limit or add credit at the provider; no retry will help before.',
  },
  {
    id: 'rate_limited',
    patterns: ['too many requests', 'rate limit', 'rate_limit', 'ratelimit', 'RESOURCE_EXHAUSTED'],
    cause: 'More calls or tokens per minute than the other side allows.',
    fix: 'Retry after what its Retry-After says, spread the load, or ask for a higher limit.',
  },
  {
    id: 'provider_overloaded',
    patterns: ['overloaded', 'engine is currently', 'server is busy'],
    cause: 'The model provider is overloaded.',
    fix: 'Retry with growing pauses; fall back to another model or region where it lasts.',
  },
  {
    id: 'provider_key',
    patterns: ['invalid api key', 'incorrect api key', 'invalid_api_key', 'invalid x-api-key'],
    cause: 'The key for the model provider is wrong, revoked or of another account.',
    fix: 'Put the current key into the secret and restart what reads it.',
  },
  {
    id: 'redis_memory',
    patterns: ['OOM command not allowed'],
    cause: 'Redis has reached its memory limit and refuses writes.',
    fix: 'Give Redis more memory. Rollups are rebuilt from the ledger, so nothing is lost.',
  },
  {
    id: 'redis_failover',
    patterns: ['READONLY You can', 'CLUSTERDOWN', 'LOADING Redis', 'MASTERDOWN', 'NOREPLICAS'],
    cause: 'Redis is failing over or starting.',
    fix: 'It should end within a minute; look at the instance where it does not.',
  },
  {
    id: 'redis_auth',
    patterns: ['NOAUTH', 'WRONGPASS'],
    cause: 'Redis was asked without a password, or with a wrong one.',
    fix: 'Compare the secret with what the instance has.',
  },
  {
    id: 'bigquery_bytes',
    patterns: ['query exceeded limit for bytes billed'],
    cause: 'A query would have read more than it may.',
    fix: 'Ask for a shorter period, or raise its limit where the data has grown.',
  },
  {
    id: 'bigquery_partition_filter',
    patterns: ['cannot query over table*without a filter'],
    cause: 'A query reads a partitioned table without saying which days.',
    fix: 'Bind the partition column in its WHERE.',
  },
  {
    id: 'dns',
    patterns: ['ENOTFOUND', 'EAI_AGAIN', 'name or service not known', 'could not resolve host'],
    cause: 'A host name could not be resolved.',
    fix: 'Check the name in the configuration, and the DNS of the network.',
  },
  {
    id: 'connection_refused',
    patterns: ['ECONNREFUSED', 'connection refused'],
    cause: 'Nothing listens at the address: the service is down, starting, or elsewhere.',
    fix: 'Check that it runs, and the address and port in the configuration.',
  },
  {
    id: 'connection_reset',
    patterns: ['ECONNRESET', 'EPIPE', 'socket hang up', 'connection reset by peer', 'broken pipe'],
    cause: 'The other side closed the connection in the middle.',
    fix: 'Retry what is safe to repeat; look for restarts or idle timeouts on the other side.',
  },
  {
    id: 'certificate',
    patterns: ['certificate has expired', 'unable to verify', 'self-signed certificate', 'CERT_'],
    cause: 'A TLS certificate has expired or is not trusted.',
    fix: 'Renew it, or add its issuer to the trusted ones.',
  },
  {
    id: 'permission',
    patterns: [
      'PERMISSION_DENIED',
      'permission denied',
      'access denied',
      'does not have*permission',
    ],
    cause: 'The account it ran as may not do this.',
    fix: 'Grant the role that the message names to the service account, in Terraform.',
  },
  {
    id: 'unauthenticated',
    patterns: ['UNAUTHENTICATED', 'could not load the default credentials', 'invalid_grant'],
    cause: 'No credentials, or expired ones.',
    fix: 'Check which service account it runs as, and the clock of the machine.',
  },
  {
    id: 'deadline',
    patterns: ['DEADLINE_EXCEEDED', 'ETIMEDOUT', 'timed out', 'timeout', 'deadline exceeded'],
    cause: 'An answer took longer than was waited for.',
    fix: 'Look at the latency of the other side for that time; wait longer only if it is known to be slow.',
  },
  {
    id: 'memory',
    patterns: ['heap out of memory', 'memory limit*exceeded', 'exceeded*memory limit', 'OOMKilled'],
    cause: 'The process needed more memory than it has.',
    fix: 'Raise the memory of the service, and look in its profile for what grows.',
  },
  {
    id: 'disk',
    patterns: ['ENOSPC', 'no space left on device'],
    cause: 'The disk is full; on Cloud Run files count as memory.',
    fix: 'Write less, delete what is done with, or give it more.',
  },
  {
    id: 'file_handles',
    patterns: ['EMFILE', 'too many open files'],
    cause:
      'More files and connections are open than allowed, mostly because some are never closed.',
    fix: 'Share clients instead of making one per request.',
  },
  {
    id: 'duplicate_key',
    patterns: ['duplicate key value', 'unique constraint'],
    cause: 'The same thing was written twice.',
    fix: 'Make the write idempotent, or ignore the second one.',
  },
  {
    id: 'undefined_value',
    patterns: ['cannot read propert', 'is not a function', 'is not defined', 'NoneType'],
    cause: 'A fault in the code: a value is missing where one is expected.',
    fix: 'Find the place by the stack trace of the sample; compare with the version it began in.',
  },
  {
    id: 'not_json',
    patterns: [
      'in JSON at position',
      'unexpected end of JSON',
      'JSONDecodeError',
      'Unexpected token',
    ],
    cause:
      'Something that is not JSON was read as JSON: often an error page, or what a model said.',
    fix: 'Check the status before reading the answer; let models answer in a structured format.',
  },
  {
    id: 'unavailable',
    patterns: ['UNAVAILABLE', 'service unavailable', 'bad gateway', 'CrashLoopBackOff'],
    cause: 'The other side is down, restarting or overloaded.',
    fix: 'Retry with growing pauses; look at its own errors for that time.',
  },
];

/** The first cause that a template fits; undefined where none is known. */
export function causeOf(
  template: string,
  causes: readonly KnownCause[] = KNOWN_CAUSES,
): KnownCause | undefined {
  const text = template.toLowerCase();
  return causes.find(({ patterns }) => patterns.some((pattern) => fits(text, pattern)));
}

function fits(text: string, pattern: string): boolean {
  let from = 0;
  for (const part of pattern.toLowerCase().split('*')) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
