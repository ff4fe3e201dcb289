import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';

/** An HTTP server on a free loopback port that keeps what it gets. */
export async function startReceiver(
  answer: (response: ServerResponse) => void = (response) => void response.end('ok'),
) {
  const received: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      received.push({ path: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    port,
    host: `127.0.0.1:${port}`,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Every status with what it says about a message: to be tried again, and whether it may have arrived. */
export const STATUSES: [status: number, retryable: boolean, ambiguous: boolean][] = [
  [301, false, false],
  [302, false, false],
  [307, false, false],
  [400, false, false],
  [401, false, false],
  [403, false, false],
  [404, false, false],
  [408, true, false],
  [410, false, false],
  [413, false, false],
  [425, true, false],
  [429, true, false],
  [500, true, true],
  [502, true, true],
  [503, true, false],
  [504, true, true],
];
