import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatUsd } from '../../../src/core/money.ts';
import type { CostEvent } from '../../../src/costs/event.ts';

export type Recorded = {
  method: string;
  path: string;
  query: Record<string, string>;
  authorization: string | undefined;
  body: unknown;
};

/** Answers a request instead of the fake, or undefined to leave it to the fake. */
export type Override = (
  request: Recorded,
  call: number,
) => { status: number; headers?: Record<string, string>; body?: unknown } | 'drop' | undefined;

/**
 * An API that speaks the HTTP contract and keeps events in memory: an id counts once per workspace, tokens cost
 * $2.5 and $10 per million, events are counted `countAfterReads` reads of costs after they came.
 */
export async function startFakeApi(
  options: { override?: Override; countAfterReads?: number } = {},
) {
  const requests: Recorded[] = [];
  const events = new Map<string, { event: CostEvent; countedAtRead: number }>();
  let conflicts = 0;
  let reads = 0;

  const server = createServer((request, response) => {
    void answer(request, response);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? '/', 'http://fake');
    const recorded: Recorded = {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      authorization: request.headers.authorization,
      body: text === '' ? undefined : JSON.parse(text),
    };
    requests.push(recorded);
    const override = options.override?.(recorded, requests.length - 1);
    if (override === 'drop') {
      request.socket.destroy();
      return;
    }
    const { status, headers = {}, body } = override ?? handle(recorded);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body === undefined ? '' : JSON.stringify(body));
  }

  function handle({ method, path, query, body }: Recorded): {
    status: number;
    headers?: Record<string, string>;
    body: unknown;
  } {
    if (method === 'POST' && path === '/v1/cost-events') {
      const batch = (body as { events: CostEvent[] }).events;
      for (const event of batch) {
        const key = `${event.workspaceId}/${event.id}`;
        const known = events.get(key);
        if (known === undefined) {
          events.set(key, { event, countedAtRead: reads + (options.countAfterReads ?? 0) });
        } else if (JSON.stringify(known.event) !== JSON.stringify(event)) {
          conflicts += 1;
        }
      }
      return { status: 202, body: { accepted: batch.length, ids: batch.map(({ id }) => id) } };
    }
    const costs = /^\/v1\/workspaces\/([^/]+)\/costs$/.exec(path);
    if (costs !== null) {
      const total = totalOf(costs[1]!, query.from!, query.to!);
      reads += 1;
      return { status: 200, body: { ...total, groups: [] } };
    }
    return {
      status: 404,
      body: { error: { code: 'not_found', message: 'Not found.', details: [] } },
    };
  }

  function totalOf(workspaceId: string, from: string, to: string) {
    const counted = [...events.values()].filter(
      ({ event, countedAtRead }) =>
        event.workspaceId === workspaceId &&
        event.timestamp >= from &&
        event.timestamp < to &&
        countedAtRead <= reads,
    );
    const nano = counted.reduce((sum, { event }) => {
      const { inputTokens = 0, outputTokens = 0 } = event.usage ?? {};
      return sum + BigInt(inputTokens) * 2_500n + BigInt(outputTokens) * 10_000n;
    }, 0n);
    return {
      workspaceId,
      totalUsd: formatUsd(nano),
      currency: 'USD',
      period: { from, to },
      events: counted.length,
      unpricedEvents: 0,
      source: 'redis',
      freshness: { asOf: '2026-11-20T12:00:00.000Z' },
    };
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    posts: () => requests.filter(({ path }) => path === '/v1/cost-events'),
    stored: () => [...events.values()].map(({ event }) => event),
    conflicts: () => conflicts,
    forget: () => events.clear(),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export type FakeApi = Awaited<ReturnType<typeof startFakeApi>>;
