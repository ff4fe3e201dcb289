/*
 * The world around the demo agents, as a thread of its own that no telemetry watches: the providers of models, and the
 * users who ask for something. Says where the providers are, is told where the agents are, and then sends requests.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { startProvider } from './provider.ts';
import { type AgentRequest, createTraffic, type StorageBill } from './traffic.ts';

const MAX_UNDER_WAY = 200;
/** What is under way at the end gets this long; agents may think for half a minute. */
const PATIENCE_MS = 2_000;

/** What the thread is started with. */
export type OutsideOptions = { seed: number; requestsPerSecond: number };
/** What it says. */
export type OutsideMessage =
  | { kind: 'provider'; url: string }
  | StorageBill
  | { kind: 'stopped'; answered: number; failed: number; skipped: number };
/** What it is told. */
export type InsideMessage = { kind: 'agents'; url: string } | { kind: 'stop' };

const { seed, requestsPerSecond } = workerData as OutsideOptions;
const parent = parentPort!;
const say = (message: OutsideMessage) => parent.postMessage(message);

const provider = await startProvider();
say({ kind: 'provider', url: provider.url });
const [agents] = (await once(parent, 'message')) as [InsideMessage];

const stop = new AbortController();
parent.on('message', (message: InsideMessage) => {
  if (message.kind === 'stop') stop.abort();
});
const counts = { answered: 0, failed: 0, skipped: 0 };
const underWay = new Set<Promise<void>>();
const traffic = createTraffic(seed);

if (agents.kind === 'agents') {
  while (!stop.signal.aborted) {
    const next = traffic.next();
    if (next.kind === 'storage') say(next);
    else if (underWay.size >= MAX_UNDER_WAY) counts.skipped += 1;
    else send(agents.url, next);
    const gapMs = (-Math.log(1 - Math.random()) * 1000) / requestsPerSecond;
    await sleep(gapMs, undefined, { signal: stop.signal }).catch(() => {});
  }
}
await Promise.race([Promise.all(underWay), sleep(PATIENCE_MS)]);
provider.close();
say({ kind: 'stopped', ...counts });
parent.close();
process.exit(0);

function send(url: string, request: AgentRequest): void {
  const sent = post(url, request).then(
    (ok) => {
      counts[ok ? 'answered' : 'failed'] += 1;
    },
    () => {
      counts.failed += 1;
    },
  );
  underWay.add(sent);
  void sent.then(() => underWay.delete(sent));
}

async function post(url: string, request: AgentRequest): Promise<boolean> {
  const response = await fetch(`${url}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-workspace-id': request.workspaceId },
    body: JSON.stringify(request),
  });
  await response.arrayBuffer();
  return response.ok;
}
