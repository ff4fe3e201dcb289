import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Endpoints } from '../endpoints.ts';
import { createLogAgent, type LogAgent } from './agent.ts';

// What Cloud Run does with a service's output, for a service of one's own beside the local cloud:
//   node my-service.ts | npm run -s logs -- --service my-service
// Lines go on to stdout as they came, and to the local cloud's logging endpoint as log entries of that service.
const USAGE = `Usage: node my-service.ts | npm run -s logs -- --service NAME [--state-dir DIR]

Passes on what it reads, and shows it in the console of the running local cloud as log lines of the service NAME.
--state-dir is that of npm start, default .local
`;

process.stdout.on('error', () => {});
// Ctrl-C reaches the service as well: what it says while it ends is still to be passed on.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const agent = connect(options);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => agent?.line(options.service, line));
  process.stdin.pipe(process.stdout, { end: false });
  await once(lines, 'close');
  await agent?.close();
  const { dropped = 0, refused = 0 } = agent?.stats() ?? {};
  if (dropped + refused > 0) {
    process.stderr.write(`logs: ${dropped + refused} lines did not reach the local cloud\n`);
  }
  return 0;
}

function readOptions(): { service: string; stateDir: string } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        service: { type: 'string' },
        'state-dir': { type: 'string', default: '.local' },
      },
    });
    return values.service ? { service: values.service, stateDir: values['state-dir'] } : undefined;
  } catch {
    return undefined;
  }
}

/** Without a local cloud the lines are passed on only: a service must not end for want of it. */
function connect(options: { service: string; stateDir: string }): LogAgent | undefined {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const file = join(resolve(root, options.stateDir), 'endpoints.json');
  try {
    const { logging, project } = JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
    const { service } = options;
    return createLogAgent({ address: logging, projectId: project, serviceOf: () => ({ service }) });
  } catch {
    process.stderr.write(`logs: no local cloud runs (${file}); lines are passed on only\n`);
    return undefined;
  }
}
