import { parseArgs } from 'node:util';
import { benchAlerts } from './alerts.ts';
import { benchAnalysis } from './analysis.ts';
import { benchApi } from './api.ts';
import { benchIngest } from './ingest.ts';
import { benchSdk } from './sdk.ts';
import { benchTelemetry } from './telemetry.ts';

const USAGE = `Usage: npm run bench -- ingest | alerts | telemetry | analysis [--json]

  ingest   Events per second through the ingest function, beside the same Redis script alone and the naive
           way; Redis bytes per remembered event; p95 of API cost queries; cost of an SDK call.
  alerts   Milliseconds from the acknowledgement of the event that crosses a threshold to the message in the
           inbox and in Slack, through a whole local cloud.
  telemetry  Nanoseconds per counter increment, histogram record, span, log line and traced model call, beside
           the bare OpenTelemetry call and the bare JSON.stringify + write, with every endpoint down; growth of
           the heap over a million calls of each.
  analysis  Seconds the anomaly query takes on the local BigQuery for 1,000 workspaces with an entry an hour for 90
           days: judging all of them, and the last hour alone as every hour's run does; bytes BigQuery would scan.
  --json   One JSON document on stdout; progress stays on stderr.
`;

type Figures = Record<string, number>;

const say = (line: string) => process.stderr.write(`${line}\n`);
const BENCHMARKS: Record<string, () => Promise<{ figures: Figures; text: string }>> = {
  async ingest() {
    const ingest = await benchIngest(say);
    const api = await benchApi(say);
    const sdk = await benchSdk(say);
    const figures = { ...ingest, ...api, ...sdk };
    const ratio = (of: number) => `${(figures.eventsPerSecond / of).toFixed(2)} times`;
    const text = `
events per second
  through the function              ${figures.eventsPerSecond}   (target: at least 25000)
  the same Redis script alone       ${figures.luaAloneEventsPerSecond}   function: ${ratio(figures.luaAloneEventsPerSecond)} (target: 0.5)
  the naive way                     ${figures.naiveEventsPerSecond}   function: ${ratio(figures.naiveEventsPerSecond)} (target: 10)
Redis bytes per remembered event    ${figures.dedupeBytesPerEvent}   (target: at most 16)
API cost query, p95                 ${figures.apiP95Ms} ms at ${figures.apiRequestsPerSecond} requests/s   (target: below 10 ms)
SDK call                            ${figures.sdkMicrosPerCall} µs   (target: below 20 µs)`;
    return { figures, text };
  },
  async alerts() {
    const figures = await benchAlerts(say);
    const text = `
from the event's acknowledgement to mail and Slack, ${figures.samples} alerts
  p50 ${figures.p50Ms} ms   p95 ${figures.p95Ms} ms (target: below 2000 ms)   slowest ${figures.maxMs} ms
  to the first of the two, p95 ${figures.firstP95Ms} ms`;
    return { figures, text };
  },
  async telemetry() {
    const figures = await benchTelemetry(say);
    const beside = (ours: number, bare: number) =>
      `${ours} ns   bare ${bare} ns, ${(ours / bare).toFixed(2)} times`;
    const text = `
nanoseconds per call
  counter increment   ${beside(figures.counterNs, figures.bareCounterNs)} (target: below 2 times)
  histogram record    ${beside(figures.histogramNs, figures.bareHistogramNs)}
  span                ${beside(figures.spanNs, figures.bareSpanNs)}
  log line            ${beside(figures.logNs, figures.bareLogNs)}
  traceLlmCall adds   ${figures.traceLlmCallNs} ns (target: below 50000 ns)
heap growth over the second half of a million calls of each, endpoints down: ${figures.heapGrowthMiB} MiB`;
    return { figures, text };
  },
  async analysis() {
    const figures = await benchAnalysis(say);
    const scan = (rows: number, bytes: number) =>
      `${rows.toLocaleString('en-US')} entries, BigQuery would scan ${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const text = `
anomalies of 1,000 workspaces on the local BigQuery
  90 days, judging all but the history   ${figures.anomalySeconds} s   (${scan(figures.rows, figures.bytes)})
  judging the last hour                  ${figures.hourlySeconds} s   (${scan(figures.hourlyRows, figures.hourlyBytes)})`;
    return { figures, text };
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
const run = positionals.length === 1 ? BENCHMARKS[positionals[0]!] : undefined;
if (values.help || run === undefined) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
const { figures, text } = await run();
console.log(values.json ? JSON.stringify(figures, null, 2) : text);
process.exit(0);
