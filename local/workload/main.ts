/*
 * Modest synthetic traffic of three demo tenants, through the SDK to the HTTP API, as a service of a tenant would
 * send it: with a key of its own that can do nothing else.
 */
import { createCostReporter } from '../../src/costs/reporter.ts';
import type { CostReporter } from '../../src/costs/reporter-options.ts';
import { createTraffic, DEMO_WORKSPACES } from './traffic.ts';

const SEED = 20_261_120;
const MEAN_GAP_MS = 140;
const KEY_RETRY_MS = 500;

const url = process.env.AX_API_URL!;
const adminKey = process.env.AX_API_KEY!;
const traffic = createTraffic(SEED);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const reporters = new Map<string, CostReporter>();
for (const workspaceId of DEMO_WORKSPACES) {
  const apiKey = await createKey(workspaceId);
  if (apiKey === undefined) break;
  reporters.set(workspaceId, createCostReporter({ target: { kind: 'http', url, apiKey } }));
}
log('INFO', `sending about ${Math.round(1000 / MEAN_GAP_MS)} events a second`);
while (!stop.signal.aborted) {
  const event = traffic.next();
  const outcome = reporters.get(event.workspaceId!)?.report(event);
  if (outcome?.kind === 'rejected') log('ERROR', `rejected: ${JSON.stringify(outcome.errors)}`);
  await pause(-Math.log(1 - Math.random()) * MEAN_GAP_MS);
}
await Promise.all([...reporters.values()].map((reporter) => reporter.close({ timeoutMs: 3_000 })));

/** An ingest key of the workspace; tries until the API answers, undefined when told to stop meanwhile. */
async function createKey(workspaceId: string): Promise<string | undefined> {
  while (!stop.signal.aborted) {
    try {
      const response = await fetch(`${url}/v1/keys`, {
        method: 'POST',
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'demo traffic', role: 'ingest', workspaceId }),
        signal: stop.signal,
      });
      if (response.status === 201) return ((await response.json()) as { key: string }).key;
      log('WARNING', `no key for ${workspaceId}: ${response.status} ${await response.text()}`);
    } catch (error) {
      log('WARNING', `no key for ${workspaceId}: ${(error as Error).message}`);
    }
    await pause(KEY_RETRY_MS);
  }
  return undefined;
}

/** Waits, but not longer than until told to stop. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop.signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    stop.signal.addEventListener('abort', done);
  });
}

function log(severity: string, message: string): void {
  process.stdout.write(`${JSON.stringify({ severity, message })}\n`);
}
