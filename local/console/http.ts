import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { LogStore } from '../logging/store.ts';
import type { MonitoringStore } from '../monitoring/store.ts';
import type { OtlpReceiver } from '../otlp/receiver.ts';
import { AnswerError, numberOf, oneOf, sendFile, sendJson, textOf } from './answers.ts';
import { createLogsView } from './logs.ts';
import { chartFor, listMetrics } from './metrics/answer.ts';
import { listRefusals } from './refusals.ts';
import type { ReadTraceCost } from './trace-costs.ts';
import { viewOfSpans } from './traces.ts';

const TRACE = /^\/traces\/([^/]+)\.json$/;
const TRACE_ID = /^[0-9a-f]{32}$/;
const FILES = new Set([
  'page.css',
  'page.js',
  'dom.js',
  'metrics.js',
  'chart.js',
  'traces.js',
  'trace.js',
  'trace-parts.js',
  'waterfall.js',
  'logs.js',
]);

/** The console by HTTP: the page at `/`, and what it shows as JSON. It reads, and changes nothing. */
export function createConsoleServer(options: {
  monitoring: MonitoringStore;
  logging: LogStore;
  otlp: OtlpReceiver['store'];
  traceCost: ReadTraceCost;
  now: () => number;
}): Server {
  const { monitoring, logging, otlp, traceCost, now } = options;
  const logs = createLogsView(logging);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://local');
    if (request.method !== 'GET') throw new AnswerError(405, 'The console is there to be read');
    if (pathname === '/') return sendFile(response, 'index.html');
    if (FILES.has(pathname.slice(1))) return sendFile(response, pathname.slice(1));
    const [, traceId] = TRACE.exec(pathname) ?? [];
    if (traceId !== undefined) return sendTrace(response, traceId);
    switch (pathname) {
      case '/healthz':
        return sendJson(response, 200, { status: 'ok' });
      case '/metrics.json':
        return sendJson(
          response,
          200,
          query.has('type')
            ? chartFor(monitoring, query, now())
            : listMetrics(monitoring, otlp.points),
        );
      case '/traces.json':
        return sendJson(response, 200, listTraces(query));
      case '/logs.json':
        return sendJson(response, 200, logs.list(query));
      case '/refusals.json':
        return sendJson(response, 200, listRefusals({ monitoring, logging, otlp }));
      default:
        throw new AnswerError(404, `The console has no ${pathname}`);
    }
  }

  function listTraces(query: URLSearchParams) {
    const traces = otlp.traces({
      limit: numberOf(query, 'limit', { fallback: 100, max: 1_000 }),
      workspaceId: textOf(query, 'workspace'),
      search: textOf(query, 'search'),
      service: textOf(query, 'service'),
      show: oneOf(query, 'show', ['all', 'agents', 'failed'] as const),
    });
    const { workspaces, services, counts } = otlp;
    return { traces, workspaces: workspaces(), services: services(), counts: counts() };
  }

  /** `cost` is what the ledger says now: a call that has just ended is there a moment later. */
  async function sendTrace(response: ServerResponse, traceId: string): Promise<void> {
    if (!TRACE_ID.test(traceId)) {
      throw new AnswerError(404, `'${traceId}' is no id of a trace: 32 hexadecimal digits are`);
    }
    const found = otlp.trace(traceId);
    if (found === undefined) {
      throw new AnswerError(404, `The trace ${traceId} has not come, or is kept no longer`);
    }
    const { summary, spans } = found;
    const cost = await traceCost(summary);
    sendJson(response, 200, { trace: summary, spans: viewOfSpans(spans), cost });
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: Error & { status?: number }) => {
      if (response.headersSent) response.destroy();
      else sendJson(response, error.status ?? 500, { error: { message: error.message } });
    });
  });
}
