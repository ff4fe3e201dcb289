import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeTraces } from '../../../src/otlp/decode.ts';
import type { OtlpSpan } from '../../../src/otlp/span.ts';

export type Received = { path: string; headers: IncomingHttpHeaders; body: Buffer };

/** An OTLP/HTTP endpoint on a free port that keeps what it gets; `answer` says with which status. */
export async function startCollector(answer: () => number | 'never' = () => 200) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', headers } = request;
      received.push({ path: url, headers, body: Buffer.concat(chunks) });
      const status = answer();
      if (status === 'never') return;
      response.writeHead(status, { 'Content-Type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    /** Every byte that came. */
    bytes: () => Buffer.concat(received.map(({ body }) => body)),
    spans: (): OtlpSpan[] =>
      received.flatMap(({ body, headers }) => {
        const decoded = decodeTraces(body, headers['content-type']!);
        if (decoded.kind === 'refused') throw new Error(decoded.message);
        return decoded.spans;
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
