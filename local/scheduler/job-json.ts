import { HTTP_METHODS, type JobConfig, OUTPUT_ONLY, SETTABLE } from './job-config.ts';
import { DEFAULT_RETRY } from './retry.ts';
import { invalid, type RpcStatus, unsupported } from './status.ts';

/** What the scheduler itself knows of a job; times in epoch ms. */
export type JobState = {
  paused: boolean;
  updatedAtMs: number;
  lastAttemptMs: number | undefined;
  lastStatus: RpcStatus | undefined;
  /** When it will be attempted next; undefined while paused. */
  nextMs: number | undefined;
};

/** A job as the REST API answers with it. `numericEnums`: enums as numbers, as Google's Node clients ask for. */
export function formatJob(config: JobConfig, state: JobState, numericEnums: boolean): object {
  const { httpTarget, retry } = config;
  const method = HTTP_METHODS.indexOf(httpTarget.httpMethod);
  return {
    name: config.name,
    ...(config.description && { description: config.description }),
    schedule: config.schedule,
    timeZone: config.timeZone,
    state: state.paused ? (numericEnums ? 2 : 'PAUSED') : numericEnums ? 1 : 'ENABLED',
    userUpdateTime: time(state.updatedAtMs),
    ...(state.nextMs !== undefined && { scheduleTime: time(state.nextMs) }),
    ...(state.lastAttemptMs !== undefined && { lastAttemptTime: time(state.lastAttemptMs) }),
    ...(state.lastStatus !== undefined && { status: state.lastStatus }),
    httpTarget: {
      uri: httpTarget.uri,
      httpMethod: numericEnums ? method : httpTarget.httpMethod,
      ...(Object.keys(httpTarget.headers).length > 0 && { headers: httpTarget.headers }),
      ...(httpTarget.body && { body: httpTarget.body.toString('base64') }),
      ...(httpTarget.oidcToken && {
        oidcToken: {
          serviceAccountEmail: httpTarget.oidcToken.serviceAccountEmail,
          audience: httpTarget.oidcToken.audience || httpTarget.uri,
        },
      }),
    },
    retryConfig: {
      ...(retry.retryCount > 0 && { retryCount: retry.retryCount }),
      maxRetryDuration: seconds(retry.maxRetryDurationMs),
      minBackoffDuration: seconds(retry.minBackoffMs),
      maxBackoffDuration: seconds(retry.maxBackoffMs),
      maxDoublings: retry.maxDoublings ?? DEFAULT_RETRY.maxDoublings,
    },
    attemptDeadline: seconds(config.attemptDeadlineMs),
  };
}

/**
 * The job after an update: `current` (as formatted) with the fields of `changes` that `updateMask` names, or all that
 * are given when there is no mask. Names may be written in lower camel or snake case.
 */
export function mergeUpdate(
  current: Record<string, unknown>,
  changes: Record<string, unknown>,
  updateMask: string | null,
): Record<string, unknown> {
  const merged = { ...current };
  for (const path of updateMask?.split(',') ?? Object.keys(changes)) {
    const name = path.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (name.includes('.')) throw unsupported(`The nested update mask ${path}`);
    if ((OUTPUT_ONLY as readonly string[]).includes(name)) continue;
    if (!(SETTABLE as readonly string[]).includes(name)) {
      throw invalid(`Invalid mask for Job: ${path}`);
    }
    merged[name] = changes[name];
  }
  return merged;
}

const time = (ms: number) => new Date(ms).toISOString();
const seconds = (ms: number) => `${ms / 1_000}s`;
