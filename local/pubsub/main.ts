import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createPubSubEmulator } from './emulator.ts';

// The local Pub/Sub as a process of its own: main.ts --port N --http-port N --project P [--signing-key FILE]
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8420' },
    'http-port': { type: 'string', default: '8421' },
    'signing-key': { type: 'string' },
    project: { type: 'string', default: 'agentworks-local' },
  },
});

const emulator = createPubSubEmulator({
  projectId: values.project,
  port: Number(values.port),
  httpPort: Number(values['http-port']),
  ...(values['signing-key'] && { signingKey: readFileSync(values['signing-key'], 'utf8') }),
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void emulator.close().then(() => process.exit(0));
  });
}

await emulator.start();
console.log(JSON.stringify({ ready: true, project: values.project, ...emulator.ports }));
