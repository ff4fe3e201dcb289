import { once } from 'node:events';
import { createServer } from 'node:http';
import { createCostReporter } from '../../src/costs/reporter.ts';
import { benchEvents } from './events.ts';

const CALLS = 200_000;
const CALLS_PER_BURST = 2_000;

/**
 * What one `report` call of the SDK costs its caller, events checked and batches sent to an HTTP endpoint that
 * accepts everything meanwhile. Calls come in bursts with the event loop free between them, as in a service.
 */
export async function benchSdk(say: (line: string) => void): Promise<{ sdkMicrosPerCall: number }> {
  const sink = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const ids = JSON.parse(text).events.map(({ id }: { id: string }) => id);
      response.writeHead(202, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ accepted: ids.length, ids }));
    });
  }).listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const address = sink.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const reporter = createCostReporter({
    target: { kind: 'http', url: `http://127.0.0.1:${address.port}`, apiKey: 'axk_benchmark' },
    maxBufferedEvents: CALLS_PER_BURST,
  });
  say(`sdk: ${CALLS} calls`);
  let inCalls = 0;
  let accepted = 0;
  for (let burst = 0; burst * CALLS_PER_BURST < CALLS; burst++) {
    const events = benchEvents(burst, CALLS_PER_BURST, 'sdk').map(
      ({ id, timestamp, ...rest }) => rest,
    );
    const started = performance.now();
    for (const event of events) if (reporter.report(event).kind === 'accepted') accepted++;
    inCalls += performance.now() - started;
    await reporter.flush();
  }
  await reporter.close();
  sink.close();
  if (accepted !== CALLS) throw new Error(`${accepted} of ${CALLS} events were accepted`);
  return { sdkMicrosPerCall: Math.round((inCalls * 1_000 * 100) / CALLS) / 100 };
}
