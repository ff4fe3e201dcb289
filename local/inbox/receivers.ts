import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultTable, HttpFault } from './faults.ts';
import type { Content, SlackPayload } from './message.ts';
import { flattenSlack, parseSlackPayload, refuseSlack } from './slack.ts';
import type { Store } from './store.ts';

const MAX_BODY_BYTES = 2 ** 20;
const SLACK_PATH = /^\/services\/T[A-Za-z0-9]+\/B[A-Za-z0-9]+\/[A-Za-z0-9_-]+$/;

/** What Slack and webhooks are sent to. Each answers the request itself. */
export function createReceivers({ store, faults }: { store: Store; faults: FaultTable }) {
  /** Stores the message and answers with `text`, unless a fault says otherwise. */
  async function take(
    content: Content,
    response: ServerResponse,
    text: string,
    fault: HttpFault | undefined,
  ): Promise<void> {
    if (fault?.status === undefined) store.add(content);
    if (fault?.delayMs) await delay(fault.delayMs, undefined, { ref: false });
    if (fault?.status === undefined) return reply(response, 200, text);
    const retryAfter = fault.retryAfterSeconds;
    reply(response, fault.status, fault.status === 429 ? 'rate_limited' : 'fault', {
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    });
  }

  return {
    /** `POST /services/T…/B…/…`: answers and refuses as Slack's incoming webhooks do. */
    async slack(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
      const body = await readText(request);
      if (request.method !== 'POST' || !SLACK_PATH.test(path))
        return reply(response, 404, 'no_service');
      let payload: unknown;
      try {
        payload = parseSlackPayload(body, request.headers['content-type'] ?? '');
      } catch {
        return reply(response, 400, 'invalid_payload');
      }
      const refusal = refuseSlack(payload);
      if (refusal !== undefined) return reply(response, 400, refusal);
      const known = payload as SlackPayload;
      const message = { kind: 'slack', path, payload: known, text: flattenSlack(known) } as const;
      await take(message, response, 'ok', faults.take('slack'));
    },

    /** `POST /webhook/<anything>`: keeps headers and body, and answers 200. */
    async webhook(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
      const text = await readText(request);
      if (request.method !== 'POST') return reply(response, 405, 'A webhook takes POST only');
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const message = { kind: 'webhook', path, headers, body: jsonOr(text) } as const;
      await take(message, response, 'ok', faults.take('webhook'));
    },

    /** The parsed body, or its text when it is no JSON. */
    readJson: async (request: IncomingMessage) => jsonOr(await readText(request)),
  };
}

/** The body as text; throws an error with `status` 413 when it is larger than 1 MiB. */
async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) {
    throw Object.assign(new Error('The body is larger than 1 MiB'), { status: 413 });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function reply(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
  response.end(text);
}
