import { randomBytes } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { SELF_TEST_HEADER } from './http-records.ts';

/** Which instrumentations are live. */
export type LiveInstrumentation = { httpServer: boolean; httpClient: boolean; fetch: boolean };

/**
 * Looks whether the HTTP instrumentation took hold in this process, by one request of each kind to itself over the loopback:
 * whether the client sends the trace along and the server runs in it. Nothing is exported or recorded of it. Rejects only
 * when the loopback cannot be used.
 */
export async function verifyInstrumentation(): Promise<LiveInstrumentation> {
  const traceId = randomBytes(16).toString('hex');
  // Not sampled: the spans are made, and go nowhere.
  const spanContext = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    traceFlags: TraceFlags.NONE,
  };
  const live: LiveInstrumentation = { httpServer: false, httpClient: false, fetch: false };
  const server = createServer((incoming, response) => {
    const kind = incoming.headers[SELF_TEST_HEADER] === 'fetch' ? 'fetch' : 'httpClient';
    live[kind] = String(incoming.headers.traceparent).includes(traceId);
    live.httpServer ||= trace.getActiveSpan()?.spanContext().traceId === traceId;
    response.end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    await context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), async () => {
      await get(url);
      await (await fetch(url, { headers: { [SELF_TEST_HEADER]: 'fetch' } })).arrayBuffer();
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return live;
}

function get(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers: { [SELF_TEST_HEADER]: 'http' }, agent: false });
    outgoing.once('response', (response) => response.resume().once('end', resolve));
    outgoing.once('error', reject).end();
  });
}
