import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';
import { type HttpClientRecord, lengthOf, SELF_TEST_HEADER } from './http-records.ts';
import { safeUrl } from './safe-url.ts';

/** undici's request as its channels show it. */
type Request = {
  origin: string | URL;
  path: string;
  method: string;
  contentLength?: number | null;
  /** Names and values in turn, or (undici 5) lines. */
  headers: string[] | string;
  addHeader(name: string, value: string): void;
};
type Response = { statusCode: number; headers: Buffer[] };

type Call = { span: Span; startedAt: number; url: URL; response?: Response; isSelfTest: boolean };

/**
 * Spans for requests by `fetch` and undici, with the context sent along, by the channels undici tells its requests on. A
 * span ends with the answer's body. Requests that Node itself makes by `node:http` are not among them.
 */
export function instrumentFetch(options: {
  onClientRequest?: ((record: HttpClientRecord) => void) | undefined;
}): { close(): void } {
  const { onClientRequest } = options;
  const calls = new WeakMap<object, Call>();

  function begin(request: Request): void {
    if (isTracingSuppressed(context.active())) return;
    const url = URL.parse(request.path, String(request.origin));
    if (url === null) return;
    const tracer = trace.getTracer('agentworks-observability/fetch');
    const span = tracer.startSpan(request.method, {
      kind: SpanKind.CLIENT,
      attributes: {
        [ATTR_HTTP_REQUEST_METHOD]: request.method,
        [ATTR_URL_FULL]: safeUrl(url.href),
        [ATTR_SERVER_ADDRESS]: url.hostname,
        [ATTR_SERVER_PORT]: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      },
    });
    const isSelfTest = [request.headers].flat().join().toLowerCase().includes(SELF_TEST_HEADER);
    calls.set(request, { span, startedAt: performance.now(), url, isSelfTest });
    const carrier: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), carrier);
    for (const [name, value] of Object.entries(carrier)) request.addHeader(name, value);
  }

  function answered({ request, response }: { request: Request; response: Response }): void {
    const call = calls.get(request);
    if (call === undefined) return;
    call.response = response;
    call.span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, response.statusCode);
    if (response.statusCode >= 400) {
      call.span.setAttribute(ATTR_ERROR_TYPE, String(response.statusCode));
      call.span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }

  function end(request: Request, error?: unknown): void {
    const call = calls.get(request);
    if (call === undefined) return;
    calls.delete(request);
    const { span, response, startedAt, url, isSelfTest } = call;
    if (error instanceof Error) {
      span.recordException(error);
      span.setAttribute(ATTR_ERROR_TYPE, error.name);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    }
    span.end();
    if (isSelfTest) return;
    onClientRequest?.({
      method: request.method,
      host: url.hostname,
      status: response?.statusCode,
      durationMs: performance.now() - startedAt,
      requestBytes: request.contentLength ?? undefined,
      responseBytes: lengthOf(headerOf(response?.headers, 'content-length')),
    });
  }

  const listeners: [string, ChannelListener][] = [
    ['undici:request:create', (message) => begin((message as { request: Request }).request)],
    ['undici:request:headers', (message) => answered(message as Parameters<typeof answered>[0])],
    ['undici:request:trailers', (message) => end((message as { request: Request }).request)],
    [
      'undici:request:error',
      (message) => {
        const { request, error } = message as { request: Request; error: unknown };
        end(request, error);
      },
    ],
  ];
  for (const [name, listener] of listeners) subscribe(name, listener);
  return {
    close() {
      for (const [name, listener] of listeners) unsubscribe(name, listener);
    },
  };
}

/** Names and values come as bytes, in turn. */
function headerOf(headers: readonly Buffer[] | undefined, name: string): string | undefined {
  if (headers === undefined) return undefined;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (String(headers[i]).toLowerCase() === name) return String(headers[i + 1]);
  }
  return undefined;
}
