import { setTimeout as pause } from 'node:timers/promises';
import { AppError, errorMessage, type FieldError } from '../core/errors.ts';
import { isRetryableStatus, retryAfterMs } from '../core/http-retry.ts';
import { type Connection, findConnection } from './connection.ts';
import type { Io } from './io.ts';
import type { ConnectionOptions } from './options.ts';

/** How one request ended; `retry` means the same request may succeed later without a change. */
export type Attempt<T> =
  | { kind: 'ok'; value: T }
  | { kind: 'retry'; error: AppError; afterMs?: number }
  | { kind: 'refused'; error: AppError };

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type Query = Readonly<Record<string, string | undefined>>;
export type Request = {
  query?: Query;
  body?: unknown;
  /** A body that is text already. */
  json?: string;
  /** The version of a setting that the change builds on, 0 for a new one; absent: overwrite whatever is there. */
  ifVersion?: number;
};

export type ApiClient = {
  readonly connection: Connection;
  /** One request, one tagged outcome; never throws. */
  attempt<T>(method: Method, path: string, request?: Request): Promise<Attempt<T>>;
  /** The answer to a request, with a few more tries after 429 and 503; throws an `AppError` for people. */
  call<T>(method: Method, path: string, request?: Request): Promise<T>;
};

const REQUEST_TIMEOUT_MS = 30_000;
const CALL_ATTEMPTS = 4;
const MAX_PAUSE_MS = 10_000;

/** Finds the API as the options say and makes a client of it; nothing is sent yet. */
export async function connectApi(io: Io, options: ConnectionOptions): Promise<ApiClient> {
  return createApiClient(await findConnection(io, options), io.interrupted);
}

/** A client of the HTTP API. Errors carry the API's code and details, or are `unreachable` or `interrupted`. */
export function createApiClient(connection: Connection, interrupted: AbortSignal): ApiClient {
  async function attempt<T>(
    method: Method,
    path: string,
    request: Request = {},
  ): Promise<Attempt<T>> {
    const url = new URL(connection.url + path);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const body =
      request.json ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    let status: number;
    let headers: Headers;
    let text: string;
    try {
      const response = await fetch(url, {
        method,
        body,
        redirect: 'error',
        headers: {
          authorization: `Bearer ${connection.key}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(request.ifVersion === undefined ? {} : { 'if-match': `"${request.ifVersion}"` }),
        },
        signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), interrupted]),
      });
      ({ status, headers } = response);
      text = await response.text();
    } catch (error) {
      if (interrupted.aborted) return { kind: 'refused', error: interruption() };
      return { kind: 'retry', error: unreachable(connection, error) };
    }
    if (status >= 200 && status < 300) return readAnswer<T>(status, text, connection);
    const error = readError(status, text, connection);
    if (isRetryableStatus(status)) {
      return { kind: 'retry', error, afterMs: retryAfterMs(headers, Date.now()) };
    }
    return { kind: 'refused', error };
  }

  return {
    connection,
    attempt,
    async call<T>(method: Method, path: string, request?: Request) {
      for (let tries = 1; ; tries += 1) {
        const outcome = await attempt<T>(method, path, request);
        if (outcome.kind === 'ok') return outcome.value;
        const worthIt = ['rate_limited', 'unavailable'].includes(outcome.error.code);
        if (outcome.kind === 'refused' || !worthIt || tries === CALL_ATTEMPTS) throw outcome.error;
        const waitMs = Math.min(MAX_PAUSE_MS, outcome.afterMs ?? 250 * 2 ** tries);
        // Interrupted: the next attempt says so.
        await pause(waitMs, undefined, { signal: interrupted }).catch(() => {});
      }
    },
  };
}

/** `/v1/workspaces/{id}` and what comes below it, safe for any id. */
export function workspacePath(workspaceId: string, below: string): string {
  return `/v1/workspaces/${encodeURIComponent(workspaceId)}/${below}`;
}

function readAnswer<T>(status: number, text: string, connection: Connection): Attempt<T> {
  if (text === '') return { kind: 'ok', value: {} as T };
  try {
    return { kind: 'ok', value: JSON.parse(text) as T };
  } catch (cause) {
    const message = `${connection.url} answered ${status} with something that is not JSON. Is it the API?`;
    return { kind: 'refused', error: new AppError({ code: 'unexpected_answer', message, cause }) };
  }
}

function readError(status: number, text: string, connection: Connection): AppError {
  let code = `http_${status}`;
  let message = `${connection.url} answered ${status}`;
  let details: FieldError[] = [];
  try {
    const { error } = JSON.parse(text) as {
      error: { code: string; message: string; details?: FieldError[] };
    };
    ({ code, message } = error);
    details = error.details ?? [];
  } catch {
    if (status >= 500) code = 'unavailable';
    if (status === 401) code = 'unauthenticated';
    if (status === 404) code = 'not_found';
    if (status === 429) code = 'rate_limited';
  }
  const retryable = isRetryableStatus(status);
  return new AppError({ code, message: `${message}${hint(code, connection)}`, details, retryable });
}

function hint(code: string, connection: Connection): string {
  if (code === 'unauthenticated') {
    return `\n  The API at ${connection.url} (from ${connection.source}) does not know this key; check --key or AX_API_KEY.`;
  }
  if (code === 'forbidden')
    return '\n  The role of this key does not allow it (ingest sends events, read looks, admin does all).';
  if (code === 'not_found') return '\n  It does not exist, or this key may not see it.';
  return '';
}

function unreachable(connection: Connection, error: unknown): AppError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code;
  const why =
    code === 'ECONNREFUSED'
      ? 'nothing listens there'
      : errorMessage(cause) || code || 'the connection failed';
  const help =
    connection.localFolder === undefined ? '' : ' Is the local cloud still running (npm start)?';
  return new AppError({
    code: 'unreachable',
    message: `Cannot reach the API at ${connection.url} (from ${connection.source}): ${why}.${help}`,
    retryable: true,
    cause: error,
  });
}

function interruption(): AppError {
  return new AppError({ code: 'interrupted', message: 'Interrupted.' });
}
