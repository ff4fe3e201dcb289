import { parseArgs } from 'node:util';
import { createBigQueryEmulator } from './emulator.ts';

// The local BigQuery as a process of its own: main.ts --port N --project P [--data-file F]
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8430' },
    project: { type: 'string', default: 'agentworks-local' },
    'data-file': { type: 'string' },
  },
});

const emulator = createBigQueryEmulator({
  projectId: values.project,
  port: Number(values.port),
  ...(values['data-file'] === undefined ? {} : { dataFile: values['data-file'] }),
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void emulator.close().then(() => process.exit(0));
  });
}

await emulator.start();
console.log(JSON.stringify({ ready: true, project: values.project, url: emulator.url }));
