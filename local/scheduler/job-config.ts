import { validateHeaderName, validateHeaderValue } from 'node:http';
import { parseSchedule, type Schedule } from './cron.ts';
import { DEFAULT_RETRY, type RetryConfig } from './retry.ts';
import { invalid, unsupported } from './status.ts';

/** HttpMethod of the API, in the order of its numbers. */
export const HTTP_METHODS = [
  'HTTP_METHOD_UNSPECIFIED',
  'POST',
  'GET',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
] as const;

export type HttpTarget = {
  uri: string;
  httpMethod: (typeof HTTP_METHODS)[number];
  headers: Record<string, string>;
  body: Buffer | undefined;
  oidcToken: { serviceAccountEmail: string; audience: string } | undefined;
};

/** What a caller may set of a job, checked and with the service's defaults. */
export type JobConfig = {
  /** `projects/P/locations/L/jobs/J` */
  name: string;
  description: string;
  schedule: string;
  timeZone: string;
  /** The two above, parsed. */
  times: Schedule;
  httpTarget: HttpTarget;
  retry: RetryConfig;
  attemptDeadlineMs: number;
};

type Json = Record<string, unknown>;

export const OUTPUT_ONLY = [
  'userUpdateTime',
  'state',
  'status',
  'scheduleTime',
  'lastAttemptTime',
] as const;
export const SETTABLE = [
  'name',
  'description',
  'schedule',
  'timeZone',
  'httpTarget',
  'retryConfig',
  'attemptDeadline',
] as const;

const JOB_NAME = /^projects\/[A-Za-z0-9.:-]+\/locations\/[a-z0-9-]+\/jobs\/[A-Za-z0-9_-]{1,500}$/;
const MAX_URI = 2_083;
const MAX_DESCRIPTION = 500;
const DEFAULT_DEADLINE_MS = 180_000;

/** Reads a job as the REST API takes it. Throws SchedulerError, with the service's words where they are known. */
export function parseJob(job: Json): JobConfig {
  for (const target of ['pubsubTarget', 'appEngineHttpTarget']) {
    if (job[target] !== undefined) throw unsupported(`Job.${target}`);
  }
  known(job, [...SETTABLE, ...OUTPUT_ONLY], 'job');
  const name = text(job.name, 'Job.name');
  if (!JOB_NAME.test(name)) {
    throw invalid(
      'Job name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/jobs/<JOB_ID>".',
    );
  }
  const description = text(job.description, 'Job.description');
  if (description.length > MAX_DESCRIPTION) {
    throw invalid(`Job.description must not have more than ${MAX_DESCRIPTION} characters.`);
  }
  const schedule = text(job.schedule, 'Job.schedule');
  const timeZone = text(job.timeZone, 'Job.timeZone') || 'Etc/UTC';
  if (job.httpTarget === undefined) throw invalid('Job.target is required.');
  const attemptDeadlineMs =
    duration(job.attemptDeadline, 'Job.attemptDeadline') ?? DEFAULT_DEADLINE_MS;
  if (attemptDeadlineMs < 15_000 || attemptDeadlineMs > 1_800_000) {
    throw invalid('Job.attemptDeadline must be between 15 seconds and 30 minutes.');
  }
  return {
    name,
    description,
    schedule,
    timeZone,
    times: parseSchedule(schedule, timeZone),
    httpTarget: parseTarget(object(job.httpTarget, 'Job.httpTarget')),
    retry: parseRetry(object(job.retryConfig ?? {}, 'Job.retryConfig')),
    attemptDeadlineMs,
  };
}

function parseTarget(target: Json): HttpTarget {
  if (target.oauthToken !== undefined) throw unsupported('HttpTarget.oauthToken');
  known(target, ['uri', 'httpMethod', 'headers', 'body', 'oidcToken'], 'job.http_target');
  const uri = text(target.uri, 'HttpTarget.uri');
  if (!/^https?:\/\//.test(uri) || URL.parse(uri) === null || uri.length > MAX_URI) {
    throw invalid('HttpTarget.uri must be a valid URL that begins with http:// or https://.');
  }
  const given = target.httpMethod ?? 'POST';
  const number = typeof given === 'number' ? given : HTTP_METHODS.indexOf(given as 'POST');
  const httpMethod = HTTP_METHODS[number];
  if (httpMethod === undefined) throw invalid('HttpTarget.httpMethod is not known.');
  const body =
    target.body === undefined
      ? undefined
      : Buffer.from(text(target.body, 'HttpTarget.body'), 'base64');
  const method = httpMethod === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : httpMethod;
  if (body && body.length > 0 && !['POST', 'PUT', 'PATCH'].includes(method)) {
    throw invalid('HttpTarget.body is only allowed for POST, PUT and PATCH.');
  }
  const headers = object(target.headers ?? {}, 'HttpTarget.headers');
  for (const [header, value] of Object.entries(headers)) {
    try {
      validateHeaderName(header);
      validateHeaderValue(header, text(value, header));
    } catch {
      throw invalid(`HttpTarget.headers has an invalid header: ${header}`);
    }
  }
  return {
    uri,
    httpMethod: method,
    headers: headers as Record<string, string>,
    body,
    oidcToken: target.oidcToken === undefined ? undefined : parseToken(target.oidcToken),
  };
}

function parseToken(value: unknown): HttpTarget['oidcToken'] {
  const token = object(value, 'HttpTarget.oidcToken');
  known(token, ['serviceAccountEmail', 'audience'], 'job.http_target.oidc_token');
  const serviceAccountEmail = text(token.serviceAccountEmail, 'OidcToken.serviceAccountEmail');
  if (serviceAccountEmail === '') throw invalid('OidcToken.serviceAccountEmail is required.');
  return { serviceAccountEmail, audience: text(token.audience, 'OidcToken.audience') };
}

function parseRetry(retry: Json): RetryConfig {
  const fields = [
    'retryCount',
    'maxRetryDuration',
    'minBackoffDuration',
    'maxBackoffDuration',
    'maxDoublings',
  ] as const;
  known(retry, fields, 'job.retry_config');
  const { retryCount = 0, maxDoublings = DEFAULT_RETRY.maxDoublings } = retry;
  if (!Number.isInteger(retryCount) || Number(retryCount) < 0 || Number(retryCount) > 5) {
    throw invalid('RetryConfig.retryCount must be between 0 and 5.');
  }
  if (!Number.isInteger(maxDoublings) || Number(maxDoublings) < 0) {
    throw invalid('RetryConfig.maxDoublings must not be negative.');
  }
  const time = (name: (typeof fields)[number]) => duration(retry[name], `RetryConfig.${name}`);
  const config = {
    retryCount: Number(retryCount),
    maxRetryDurationMs: time('maxRetryDuration') ?? DEFAULT_RETRY.maxRetryDurationMs,
    minBackoffMs: time('minBackoffDuration') ?? DEFAULT_RETRY.minBackoffMs,
    maxBackoffMs: time('maxBackoffDuration') ?? DEFAULT_RETRY.maxBackoffMs,
    maxDoublings: Number(maxDoublings),
  };
  if (config.minBackoffMs > config.maxBackoffMs) {
    throw invalid('RetryConfig.minBackoffDuration must not exceed maxBackoffDuration.');
  }
  return config;
}

function known(value: Json, names: readonly string[], where: string): void {
  for (const name of Object.keys(value)) {
    if (names.includes(name)) continue;
    throw invalid(
      `Invalid JSON payload received. Unknown name "${name}" at '${where}': Cannot find field.`,
    );
  }
}

function text(value: unknown, field: string): string {
  if (value !== undefined && typeof value !== 'string') throw invalid(`${field} must be a string.`);
  return value ?? '';
}

function object(value: unknown, field: string): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw invalid(`${field} must be an object.`);
  }
  return value as Json;
}

/** Protobuf's JSON form of a Duration, e.g. `"3.5s"`, in ms. */
function duration(value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^(\d{1,12}(?:\.\d{1,9})?)s$/.exec(text(value, field))?.[1];
  if (seconds === undefined) throw invalid(`${field} is not a duration such as "15s".`);
  return Number(seconds) * 1_000;
}
