import { parseArgs } from 'node:util';
import { createInbox } from './inbox.ts';

// The local inbox as a process of its own: main.ts --port N --smtp-port N --file F
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8450' },
    'smtp-port': { type: 'string', default: '8451' },
    file: { type: 'string', default: '.local/inbox.jsonl' },
  },
});

const inbox = createInbox({
  port: Number(values.port),
  smtpPort: Number(values['smtp-port']),
  file: values.file,
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void inbox.close().then(() => process.exit(0));
  });
}

await inbox.start();
console.log(JSON.stringify({ ready: true, ...inbox.addresses }));
