import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { renderCard } from './cards.ts';
import { type FaultTable, parseFaults } from './faults.ts';
import { KINDS, type Message } from './message.ts';
import { createReceivers } from './receivers.ts';
import type { Store } from './store.ts';

const PAGE = 'text/html; charset=utf-8';
const FILES: Record<string, string> = {
  'index.html': PAGE,
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
};
/** Mails are framed documents, which inherit this; their styles are inline. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; connect-src 'self'";

/** The inbox by HTTP: the page at `/`, what was received as JSON, faults, and what Slack and webhooks are sent to. */
export function createInboxServer(options: { store: Store; faults: FaultTable }): Server {
  const { store, faults } = options;
  const receivers = createReceivers({ store, faults });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://local');
    const { pathname } = url;
    if (pathname.startsWith('/services/')) return receivers.slack(pathname, request, response);
    if (pathname.startsWith('/webhook/')) return receivers.webhook(pathname, request, response);
    switch (`${request.method} ${pathname}`) {
      case 'GET /':
        return sendFile(response, 'index.html');
      case 'GET /page.js':
      case 'GET /page.css':
        return sendFile(response, pathname.slice(1));
      case 'GET /healthz':
        return sendJson(response, 200, { status: 'ok' });
      case 'GET /messages.json':
        return sendMessages(response, url.searchParams);
      case 'GET /cards':
        response.writeHead(200, { 'content-type': PAGE });
        response.end(store.list().reverse().map(renderCard).join('\n'));
        return;
      case 'GET /events':
        return sendEvents(response);
      case 'DELETE /messages':
        store.clear();
        response.writeHead(204).end();
        return;
      case 'GET /faults':
        return sendJson(response, 200, faults.current);
      case 'PUT /faults': {
        const parsed = parseFaults(await receivers.readJson(request));
        if ('reason' in parsed) return sendError(response, 400, parsed.reason);
        faults.set(parsed.faults);
        return sendJson(response, 200, faults.current);
      }
      case 'DELETE /faults':
        faults.set({});
        response.writeHead(204).end();
        return;
      default:
        return sendError(response, 404, `The inbox has no ${request.method} ${pathname}`);
    }
  }

  function sendMessages(response: ServerResponse, query: URLSearchParams): void {
    const kind = query.get('kind') ?? undefined;
    const since = query.get('since');
    const sinceMs = since === null ? undefined : Date.parse(since);
    if (kind !== undefined && !isKind(kind)) {
      sendError(response, 400, `kind must be ${KINDS.join(', ')}, not '${kind}'`);
    } else if (Number.isNaN(sinceMs)) {
      sendError(response, 400, 'since must be an ISO time');
    } else {
      sendJson(response, 200, { messages: store.list({ kind, sinceMs }) });
    }
  }

  /** Server-sent events: `message` with the card of each new one, `clear` when all are gone. */
  function sendEvents(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(':\n\n');
    const stop = store.onChange((message) => {
      const data = message === undefined ? '' : JSON.stringify(renderCard(message));
      response.write(`event: ${message === undefined ? 'clear' : 'message'}\ndata: ${data}\n\n`);
    });
    response.once('close', stop);
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: Error & { status?: number }) => {
      if (response.headersSent) response.destroy();
      else sendError(response, error.status ?? 500, error.message);
    });
  });
}

function sendFile(response: ServerResponse, name: string): void {
  const headers = { 'content-type': FILES[name]!, 'content-security-policy': POLICY };
  response.writeHead(200, { ...headers, 'x-content-type-options': 'nosniff' });
  response.end(readFileSync(new URL(`page/${name}`, import.meta.url)));
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message } });
}

function isKind(text: string): text is Message['kind'] {
  return (KINDS as readonly string[]).includes(text);
}
