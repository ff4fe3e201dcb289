import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generateSigningKey } from '../oidc.ts';
import { createSchedulerEmulator } from './emulator.ts';
import type { RunReport } from './job.ts';

// The local Cloud Scheduler as a process of its own: main.ts --port N --project P [--signing-key FILE]
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8460' },
    project: { type: 'string', default: 'agentworks-local' },
    'signing-key': { type: 'string' },
  },
});

const keyFile = values['signing-key'];
const emulator = createSchedulerEmulator({
  projectId: values.project,
  port: Number(values.port),
  signingKey: keyFile === undefined ? generateSigningKey() : readFileSync(keyFile, 'utf8'),
  onRun: logRun,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void emulator.close().then(() => process.exit(0));
  });
}

await emulator.start();
console.log(JSON.stringify({ ready: true, project: values.project, url: emulator.url }));

function logRun({ job, trigger, attempts, ms, status }: RunReport): void {
  const name = job.slice(job.lastIndexOf('/') + 1);
  const outcome = status.code ? (status.message ?? `status ${status.code}`) : 'ok';
  const severity = status.code ? 'WARNING' : 'INFO';
  const message = `${name}: ${outcome}`;
  console.log(JSON.stringify({ severity, message, job: name, trigger, attempts, ms, status }));
}
