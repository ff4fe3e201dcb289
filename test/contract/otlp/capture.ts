import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Emitted } from './emitters/emitter.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('./emitters/main.ts', import.meta.url));

/** A request as an exporter sent it, byte for byte. */
export type CapturedRequest = { headers: Record<string, string>; body: Buffer };

export type Captured = Emitted & { requests: CapturedRequest[] };

/**
 * Runs an emitter in a process of its own and keeps what its OTLP exporter sends: one request per span (`single`), or the
 * batches of OpenTelemetry's batch processor, gzip.
 */
export async function captureEmitter(
  name: string,
  encoding: 'protobuf' | 'json',
  batching: 'single' | 'batch',
): Promise<Captured> {
  const requests: CapturedRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { 'content-type': type = '', 'content-encoding': coding } = request.headers;
    requests.push({
      headers: {
        'content-type': type,
        ...(coding !== undefined && { 'content-encoding': coding }),
      },
      body: Buffer.concat(chunks),
    });
    response.writeHead(200, { 'content-type': type }).end(type.includes('json') ? '{}' : undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  try {
    const args = ['--no-warnings', MAIN, name, url, encoding, batching];
    const { stdout } = await run(process.execPath, args, { timeout: 60_000 });
    return { ...(JSON.parse(stdout) as Emitted), requests };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
