import { type ClientRequest, IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { type Attributes, context } from '@opentelemetry/api';
import { getRPCMetadata, isTracingSuppressed } from '@opentelemetry/core';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { ATTR_URL_FULL, ATTR_URL_QUERY } from '@opentelemetry/semantic-conventions';
import { NAME_PATTERN } from '../../core/ids.ts';
import {
  type HttpClientRecord,
  type HttpServerRecord,
  lengthOf,
  SELF_TEST_HEADER,
} from './http-records.ts';
import { safeUrl } from './safe-url.ts';

const HEALTH_CHECKS = new Set(['/healthz', '/readyz']);
const NAME = new RegExp(NAME_PATTERN);

/**
 * Spans for requests that `node:http` and `node:https` answer and make, for whoever imports them how and when: modules that
 * have named imports of them already are reached too. Health checks make no spans. `x-request-id` and `x-workspace-id` of a
 * request become attributes of its span where they could be ids.
 */
export function instrumentHttp(options: {
  onServerRequest?: ((record: HttpServerRecord) => void) | undefined;
  onClientRequest?: ((record: HttpClientRecord) => void) | undefined;
}): { close(): void } {
  const { onServerRequest, onClientRequest } = options;
  const instrumentation = new HttpInstrumentation({
    ignoreIncomingRequestHook: ({ url = '' }) => HEALTH_CHECKS.has(url.split('?')[0]!),
    // Queries may hold what is not ours to keep; the hook's word is the last.
    startIncomingSpanHook: ({ headers }) => ({ ...idsOf(headers), [ATTR_URL_QUERY]: undefined }),
    startOutgoingSpanHook: (request) => ({ [ATTR_URL_FULL]: safeUrl(urlOf(request)) }),
    requestHook: (_span, request) => {
      if (!(request instanceof IncomingMessage)) watchClient(request, onClientRequest);
    },
    responseHook: (_span, response) => {
      if (!(response instanceof IncomingMessage)) watchServer(response, onServerRequest);
    },
  });
  // Requiring is what the instrumentation patches; syncing carries it over to everybody's named imports.
  const require = createRequire(import.meta.url);
  require('node:http');
  require('node:https');
  syncBuiltinESMExports();
  return {
    close() {
      instrumentation.disable();
      syncBuiltinESMExports();
    },
  };
}

function idsOf(headers: IncomingMessage['headers']): Attributes {
  const attributes: Attributes = {};
  const requestId = headers['x-request-id'];
  const workspaceId = headers['x-workspace-id'];
  if (typeof requestId === 'string' && NAME.test(requestId)) {
    attributes['agentworks.request.id'] = requestId;
  }
  if (typeof workspaceId === 'string' && NAME.test(workspaceId)) {
    attributes['agentworks.workspace.id'] = workspaceId;
  }
  return attributes;
}

function urlOf(request: {
  protocol?: string | null | undefined;
  hostname?: string | null | undefined;
  host?: string | null | undefined;
  port?: string | number | null | undefined;
  path?: string | null | undefined;
}): string {
  const { protocol, port, path } = request;
  const host = request.hostname ?? request.host ?? 'localhost';
  const hasPort = port !== undefined && port !== null && !/:\d+$/.test(host);
  return `${protocol ?? 'http:'}//${host}${hasPort ? `:${port}` : ''}${path ?? '/'}`;
}

function watchServer(
  response: ServerResponse,
  record: ((record: HttpServerRecord) => void) | undefined,
): void {
  const request = response.req;
  if (record === undefined || request.headers[SELF_TEST_HEADER] !== undefined) return;
  const startedAt = performance.now();
  const rpc = getRPCMetadata(context.active());
  const written = countBody(response);
  response.once('close', () =>
    record({
      method: request.method ?? 'GET',
      route: rpc?.route,
      status: response.statusCode,
      durationMs: performance.now() - startedAt,
      requestBytes: lengthOf(request.headers['content-length']),
      responseBytes: written(),
    }),
  );
}

/** Counts what is given to the response as its body: its headers are often written without being kept. */
function countBody(response: ServerResponse): () => number {
  let bytes = 0;
  for (const name of ['write', 'end'] as const) {
    const original = response[name] as (...args: unknown[]) => unknown;
    response[name] = ((...args: unknown[]) => {
      const [chunk, encoding] = args;
      if (chunk instanceof Uint8Array) bytes += chunk.length;
      else if (typeof chunk === 'string') bytes += Buffer.byteLength(chunk, encodingOf(encoding));
      return original.apply(response, args);
    }) as never;
  }
  return () => bytes;
}

function encodingOf(given: unknown): BufferEncoding {
  return typeof given === 'string' && Buffer.isEncoding(given) ? given : 'utf8';
}

function watchClient(
  request: ClientRequest,
  record: ((record: HttpClientRecord) => void) | undefined,
): void {
  if (record === undefined || isTracingSuppressed(context.active())) return;
  if (request.getHeader(SELF_TEST_HEADER) !== undefined) return;
  const startedAt = performance.now();
  request.once('close', () => {
    // Not by listening for the response: a listener would leave it to us to read it.
    const { res: response } = request as { res?: IncomingMessage };
    record({
      method: request.method,
      host: request.host,
      status: response?.statusCode,
      durationMs: performance.now() - startedAt,
      requestBytes: lengthOf(request.getHeader('content-length')),
      responseBytes: lengthOf(response?.headers['content-length']),
    });
  });
}
