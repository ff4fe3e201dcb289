import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BigQueryError, messageOf } from './errors.ts';
import { MAX_REQUEST_BYTES } from './insert-all.ts';
import { formatJson, parseWithNumbers } from './json-text.ts';

/** A request that matched a route. */
export type Request = {
  /** Values of the route's `:name` parts. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** The parsed JSON body; an empty object when there was none. */
  body: Record<string, unknown>;
};
/** An answer; `undefined` as body gives 204. */
export type Response = { status?: number; body?: unknown; html?: string };
export type Handler = (request: Request) => Promise<Response> | Response;
export type Route = { method: string; path: string; handle: Handler };

// The clients' base path; BIGQUERY_EMULATOR_HOST makes them leave it out.
const PREFIX = /^\/(?:resumable\/upload\/)?bigquery\/v2(?=\/)/;
const GZIP_FROM_BYTES = 4_096;

function compile(path: string): RegExp {
  return new RegExp(
    `^${path.replaceAll(/[.$]/g, '\\$&').replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}/?$`,
  );
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_REQUEST_BYTES) chunks.push(chunk);
  }
  // Read to the end before refusing: a client that is still sending would see a broken connection.
  if (size > MAX_REQUEST_BYTES) {
    throw new BigQueryError(
      'requestTooLarge',
      `Request payload size exceeds the limit: ${MAX_REQUEST_BYTES} bytes.`,
    );
  }
  const raw = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip'
    ? gunzipSync(raw, { maxOutputLength: 4 * MAX_REQUEST_BYTES })
    : raw;
}

const LONG_INTEGER = /[[:,]\s*-?\d{16,}\s*[,\]}]/;

/** JSON whose integers beyond 2^53 come as bigints, so that INT64 and NUMERIC values keep every digit. */
export function parseJson(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  try {
    if (!LONG_INTEGER.test(text)) return JSON.parse(text) as Record<string, unknown>;
    const exact = (source: string) =>
      /^-?\d{16,}$/.test(source) ? BigInt(source) : Number(source);
    return parseWithNumbers(text, exact) as Record<string, unknown>;
  } catch {
    throw new BigQueryError('parseError', 'Invalid JSON payload received.');
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Response): void {
  if (answer.html !== undefined) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(answer.html);
    return;
  }
  if (answer.body === undefined) {
    response.writeHead(answer.status ?? 204).end();
    return;
  }
  const text = Buffer.from(formatJson(answer.body));
  const headers: Record<string, string | number> = {
    'content-type': 'application/json; charset=UTF-8',
  };
  const zip =
    text.length >= GZIP_FROM_BYTES &&
    /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const payload = zip ? gzipSync(text, { level: 1 }) : text;
  if (zip) headers['content-encoding'] = 'gzip';
  headers['content-length'] = payload.length;
  response.writeHead(answer.status ?? 200, headers).end(payload);
}

/** An HTTP server for the routes, with and without the `/bigquery/v2` prefix; errors become BigQuery error bodies. */
export function createHttpServer(routes: Route[]): Server {
  const table = routes.map((route) => ({ ...route, pattern: compile(route.path) }));

  async function answer(request: IncomingMessage): Promise<Response> {
    const url = new URL(request.url ?? '/', 'http://local');
    const path = url.pathname.replace(PREFIX, '');
    const matching = table.filter((route) => route.pattern.test(path));
    const method = request.headers['x-http-method-override'] ?? request.method;
    const route = matching.find((r) => r.method === method);
    const body = await readBody(request);
    if (route === undefined) {
      if (matching.length > 0)
        throw new BigQueryError('methodNotAllowed', `Method ${method} is not allowed for ${path}`);
      throw new BigQueryError(
        'notFound',
        `${method} ${path} is not supported by the local BigQuery endpoint`,
      );
    }
    const groups = route.pattern.exec(path)?.groups ?? {};
    const params = Object.fromEntries(
      Object.entries(groups).map(([k, v]) => [k, decodeURIComponent(v)]),
    );
    return route.handle({
      params,
      query: url.searchParams,
      body: parseJson(body.toString('utf8')),
    });
  }

  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    // A connection that was busy when the server was told to close would otherwise stay open for the next request.
    response.once('close', () => {
      if (!server.listening) server.closeIdleConnections();
    });
    answer(request)
      .catch((error: unknown): Response => {
        const known =
          error instanceof BigQueryError
            ? error
            : new BigQueryError('internalError', messageOf(error));
        return { status: known.code, body: known.toBody() };
      })
      .then((result) => send(request, response, result))
      .catch(() => response.destroy());
  });
  return server;
}
