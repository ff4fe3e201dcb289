import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchIngest } from './ingest.ts';
import { benchSdk } from './sdk.ts';

const USAGE = `Usage: npm run bench -- ingest [--json]

  ingest   Events per second through the ingest function, beside the same Redis script alone and the naive
           way; Redis bytes per remembered event; p95 of API cost queries; cost of an SDK call.
  --json   One JSON document on stdout; progress stays on stderr.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help || positionals.length !== 1 || positionals[0] !== 'ingest') {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const ingest = await benchIngest(say);
const api = await benchApi(say);
const sdk = await benchSdk(say);
const figures = { ...ingest, ...api, ...sdk };
if (values.json) {
  console.log(JSON.stringify(figures, null, 2));
} else {
  const ratio = (of: number) => `${(figures.eventsPerSecond / of).toFixed(2)} times`;
  console.log(`
events per second
  through the function              ${figures.eventsPerSecond}   (target: at least 25000)
  the same Redis script alone       ${figures.luaAloneEventsPerSecond}   function: ${ratio(figures.luaAloneEventsPerSecond)} (target: 0.5)
  the naive way                     ${figures.naiveEventsPerSecond}   function: ${ratio(figures.naiveEventsPerSecond)} (target: 10)
Redis bytes per remembered event    ${figures.dedupeBytesPerEvent}   (target: at most 16)
API cost query, p95                 ${figures.apiP95Ms} ms at ${figures.apiRequestsPerSecond} requests/s   (target: below 10 ms)
SDK call                            ${figures.sdkMicrosPerCall} µs   (target: below 20 µs)`);
}
process.exit(0);
