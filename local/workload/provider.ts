import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerTo, chunksOf, errorOf } from './provider-answers.ts';
import type { ModelStep } from './traffic.ts';

/** How a call tells the stand-in what to answer: its step as JSON. A real provider would think for itself. */
export const STEP_HEADER = 'x-demo-step';

/**
 * Stands in for the providers of models, on 127.0.0.1: whatever is posted is answered in the provider's format, after
 * the time and with the usage that the call asks for. Resolves to its base URL once it listens.
 */
export async function startProvider(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const step = JSON.parse(String(request.headers[STEP_HEADER])) as ModelStep;
  const id = randomUUID().replaceAll('-', '');
  request.resume();
  if (step.failsWith !== undefined) {
    await sleep(step.latencyMs / 4);
    const { status, body } = errorOf(step.failsWith);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  if (!step.streamed) {
    await sleep(step.latencyMs);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answerTo(step, id)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunks = chunksOf(step, id);
  for (const chunk of chunks) {
    await sleep(step.latencyMs / chunks.length);
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
  response.end('data: [DONE]\n\n');
}
