/*
 * One instance of the demo agents: a small service of a platform, instrumented with the SDK as any user would do it, and
 * a thread that plays its users and the providers of its models. Costs go to the HTTP API, with a key for nothing else.
 * main.ts --rate REQUESTS_A_SECOND --instance N
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startTelemetry } from '../../src/sdk/start.ts';
import { createIngestKey } from './ingest-key.ts';
import type { InsideMessage, OutsideMessage } from './outside.ts';
import { startAgentService } from './service.ts';

const SEED = 20_261_120;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '4' },
    instance: { type: 'string', default: '1' },
  },
});
const requestsPerSecond = Number(values.rate);
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

const apiUrl = process.env.AX_API_URL!;
const apiKey = await createIngestKey({
  apiUrl,
  adminKey: process.env.AX_API_KEY!,
  signal: stop.signal,
  onRetry: (reason) => say('WARNING', `no key yet: ${reason}`),
});
if (apiKey !== undefined) await run(apiKey);

async function run(key: string): Promise<void> {
  // 1. Telemetry first: it watches what is made after it.
  const telemetry = startTelemetry({
    service: 'demo-agents',
    costs: { kind: 'http', url: apiUrl, apiKey: key },
    onSigterm: 'none',
  });
  const { log } = telemetry;

  // 2. The world outside, and the service in it.
  const outside = new Worker(new URL('./outside.ts', import.meta.url), {
    workerData: { seed: SEED + Number(values.instance), requestsPerSecond },
    execArgv: ['--no-warnings'],
  });
  const tell = (message: InsideMessage) => outside.postMessage(message);
  const ended = once(outside, 'exit');
  const [provider] = (await once(outside, 'message')) as [OutsideMessage];
  if (provider.kind !== 'provider') throw new Error(`Expected a provider, not ${provider.kind}`);
  const service = await startAgentService({ telemetry, providerUrl: provider.url });
  outside.on('message', (message: OutsideMessage) => {
    if (message.kind === 'storage') {
      const outcome = telemetry.costs?.report(message.event);
      if (outcome?.kind === 'rejected') log.error('rejected', { errors: outcome.errors });
    } else if (message.kind === 'stopped') {
      const { answered, failed, skipped } = message;
      log.info('demo traffic ends', { answered, failed, skipped });
    }
  });
  tell({ kind: 'agents', url: service.url });
  log.info('demo agents answer', { requestsPerSecond });

  // 3. Until told to stop: no new requests, a moment for those under way, and all of it is sent.
  if (!stop.signal.aborted) await once(stop.signal, 'abort');
  tell({ kind: 'stop' });
  await ended;
  await service.close();
  await telemetry.close();
}

function say(severity: string, message: string): void {
  process.stdout.write(`${JSON.stringify({ severity, message })}\n`);
}
