import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('telemetry-calls.ts', import.meta.url));

/** What one call costs, in nanoseconds, and what memory does with every endpoint down. */
export type TelemetryFigures = {
  counterNs: number;
  bareCounterNs: number;
  histogramNs: number;
  bareHistogramNs: number;
  spanNs: number;
  bareSpanNs: number;
  logNs: number;
  bareLogNs: number;
  traceLlmCallNs: number;
  /** Growth of the heap over the second half of a million calls of each kind, endpoints down, in MiB. */
  heapGrowthMiB: number;
};

/**
 * Measures in a process of its own whose stdout goes nowhere and whose endpoints refuse every connection: telemetry must
 * cost as little when nobody takes it.
 */
export async function benchTelemetry(say: (line: string) => void): Promise<TelemetryFigures> {
  const closed = await closedPort();
  const child = spawn(process.execPath, ['--no-warnings', '--expose-gc', SCRIPT], {
    stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit', 'ipc'],
    env: {
      PATH: process.env.PATH,
      METADATA_SERVER_DETECTION: 'none',
      GOOGLE_CLOUD_PROJECT: 'bench',
      OTEL_METRICS_EXPORTER: 'cloud-monitoring',
      MONITORING_API_ENDPOINT: `127.0.0.1:${closed}`,
      OTEL_METRIC_EXPORT_INTERVAL: '10000',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${closed}`,
      BENCH_COST_URL: `http://127.0.0.1:${closed}`,
    },
  });
  const exited = once(child, 'exit');
  let figures: TelemetryFigures | undefined;
  child.on('message', (message: string | TelemetryFigures) => {
    if (typeof message === 'string') say(message);
    else figures = message;
  });
  const [code] = await exited;
  if (code !== 0 || figures === undefined)
    throw new Error(`The measuring process ended with ${code}`);
  return figures;
}

/** A port nobody listens on. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port;
}
