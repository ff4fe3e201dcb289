import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type HttpFunction, http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { context, SpanStatusCode } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import { readMessageHead, withinConsumerSpan } from './message-context.ts';
import type { PushAuthenticator } from './push.ts';

/** Of the ten seconds that Cloud Run gives; the rest is for what has to be sent afterwards. */
const DRAIN_GRACE_MS = 6_000;

/**
 * Serves one function with functions-framework behind checks that must come before it reads the body: size,
 * encoding, and the caller's token. The framework's own listener would exit at once on SIGTERM and drop what is
 * under way; this one is stopped by `drain`. What a function does with a pushed message belongs to the trace that the
 * message was published in.
 */
export async function serveFunction(options: {
  name: string;
  handler: HttpFunction;
  port: number;
  maxBodyBytes: number;
  authenticate?: PushAuthenticator;
  onDenied?: (reason: string) => void;
}): Promise<{ port: number; drain: () => Promise<void> }> {
  const { name, handler, maxBodyBytes, authenticate, onDenied } = options;
  http(name, inTraceOfMessage(handler));
  const framework = getTestServer(name);

  async function admit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/healthz') return refuse(response, 200, 'ok');
    const rpc = getRPCMetadata(context.active());
    if (rpc !== undefined) rpc.route = '/';
    const length = Number(request.headers['content-length'] ?? Number.NaN);
    if (Number.isNaN(length)) return refuse(response, 411, 'Content-Length is required');
    if (length > maxBodyBytes) {
      return refuse(response, 413, `The body is larger than ${maxBodyBytes} bytes`);
    }
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return refuse(response, 415, 'Compressed bodies are not accepted');
    }
    if (authenticate !== undefined) {
      const verdict = await authenticate(request);
      if (verdict.kind === 'denied') {
        onDenied?.(verdict.reason);
        return refuse(response, 401, 'The push token is missing or not valid');
      }
    }
    // Not emitted: that would count as a second request to whoever traces servers.
    for (const listener of framework.listeners('request')) {
      listener.call(framework, request, response);
    }
  }

  const server = createServer((request, response) => {
    // While draining a kept-alive connection would otherwise stay open after its last answer.
    response.once('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
    });
    admit(request, response).catch(() => refuse(response, 500, 'Internal error'));
  });
  // Pub/Sub keeps connections open; closing them first would lose requests that are on their way.
  server.keepAliveTimeout = 620_000;
  const port = await listen(server, options.port);
  return { port, drain: () => closeServer(server, DRAIN_GRACE_MS) };
}

/** A handler whose work on a pushed message is traced; anything else that is asked of it runs as it is. */
function inTraceOfMessage(handler: HttpFunction): HttpFunction {
  return (request, response) => {
    const message = readMessageHead(request.body);
    if (message === undefined) return handler(request, response) as unknown;
    return withinConsumerSpan(message, async (span) => {
      await handler(request, response);
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    });
  };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' });
  response.end(text);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Stops taking connections and waits for the requests under way, at most `graceMs`. */
function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
