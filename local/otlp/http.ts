import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { otlpEncodingOf } from '../../src/otlp/decode.ts';
import { type AnswerName, createOtlpCodec } from './messages.ts';
import type { createReceive, Received } from './receive.ts';
import type { RefusalLog } from './refusals.ts';

const MAX_BODY_BYTES = 16 * 1_048_576;
/** google.rpc.Code by HTTP status. */
const RPC_CODES: Record<number, number> = { 400: 3, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3 };
const SIGNALS = {
  '/v1/traces': { signal: 'traces', answer: 'TraceResponse', counted: 'rejectedSpans' },
  '/v1/metrics': { signal: 'metrics', answer: 'MetricsResponse', counted: 'rejectedDataPoints' },
} as const;

class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** OTLP over HTTP: `POST /v1/traces` and `/v1/metrics`, answered in the encoding they came in; and `/healthz`. */
export function createOtlpServer(options: {
  receive: ReturnType<typeof createReceive>;
  refusals: RefusalLog;
}): Server {
  const { receive, refusals } = options;
  const codec = createOtlpCodec();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://local');
    if (request.method === 'GET' && pathname === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}');
      return;
    }
    const contentType = request.headers['content-type'] ?? '';
    const json = otlpEncodingOf(contentType) !== 'application/x-protobuf';
    const send = (status: number, name: AnswerName, value: object) => {
      const type = json ? 'application/json' : 'application/x-protobuf';
      response.writeHead(status, { 'content-type': type });
      response.end(json ? JSON.stringify(value) : codec.encode(name, value));
    };
    const refuse = (status: number, message: string) =>
      send(status, 'RpcStatus', { code: RPC_CODES[status] ?? 13, message });
    try {
      const route = SIGNALS[pathname as keyof typeof SIGNALS];
      if (route === undefined) throw new RequestError(404, `There is no ${pathname} here`);
      if (request.method !== 'POST') throw new RequestError(405, `${pathname} takes POST only`);
      const body = unzip(await readBody(request), request.headers['content-encoding']);
      const received: Received = receive[route.signal](body, contentType);
      if (received.kind === 'refused') return refuse(received.status, received.message);
      const { leftOut, message } = received;
      const partialSuccess = { [route.counted]: leftOut, errorMessage: message };
      send(200, route.answer, leftOut > 0 ? { partialSuccess } : {});
    } catch (error) {
      const status = error instanceof RequestError ? error.status : 500;
      const { message } = error as Error;
      refusals.add({ signal: 'request', count: 0, reason: message });
      refuse(status, message);
    }
  }

  return createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
}

/** Reads to the end before refusing: a client that is still sending would see a broken connection. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new RequestError(413, `At most ${MAX_BODY_BYTES} bytes at once`);
  return Buffer.concat(chunks);
}

function unzip(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new RequestError(415, `Content-Encoding ${encoding}: send gzip`);
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const tooLarge = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new RequestError(tooLarge ? 413 : 400, `gzip: ${(error as Error).message}`);
  }
}
