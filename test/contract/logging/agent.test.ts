import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLogAgent, type LogAgent } from '../../../local/logging/agent.ts';
import { createLoggingEmulator, type LoggingEmulator } from '../../../local/logging/emulator.ts';
import { NOON, PROJECT } from './harness.ts';

let emulator: LoggingEmulator;
let agent: LogAgent;
beforeEach(async () => {
  emulator = createLoggingEmulator({ projectId: PROJECT, now: () => NOON });
  await emulator.start();
  agent = agentFor(emulator.address);
});
afterEach(async () => {
  await agent.close();
  await emulator.close();
});

function agentFor(address: string): LogAgent {
  const serviceOf = (name: string) => ({ service: `run-${name}` });
  return createLogAgent({ address, projectId: PROJECT, serviceOf, now: () => NOON });
}

/** Resolves once that many entries have been written. */
function arrived(count: number, of = emulator): Promise<void> {
  return new Promise((resolve) => {
    const check = () => of.store.counts.written >= count && resolve();
    of.store.onChange(check);
    check();
  });
}

test('a line becomes an entry of the revision whose process printed it', async () => {
  agent.line('api', '{"severity":"ERROR","message":"no","fields":{"workspaceId":"acme"}}');
  agent.line('api', 'plain');
  await arrived(2);
  const [plain, structured] = emulator.store.list();
  expect(structured).toMatchObject({
    logName: `projects/${PROJECT}/logs/run.googleapis.com%2Fstdout`,
    resource: {
      type: 'cloud_run_revision',
      labels: {
        project_id: PROJECT,
        service_name: 'run-api',
        revision_name: 'run-api-local',
        configuration_name: 'run-api',
        location: 'local',
      },
    },
    severity: 'ERROR',
    jsonPayload: { message: 'no', fields: { workspaceId: 'acme' } },
  });
  expect(plain).toMatchObject({ severity: 'DEFAULT', textPayload: 'plain' });
  await agent.close();
  expect(agent.stats()).toEqual({ sent: 2, refused: 0, dropped: 0, waiting: 0 });
});

test('five thousand lines arrive, once each and in order, without waiting for the next tick of a timer', async () => {
  for (let n = 0; n < 5_000; n += 1) agent.line('api', `line ${n}`);
  await arrived(5_000);
  const texts = emulator.store.all().map(({ textPayload }) => textPayload);
  expect(texts).toEqual(Array.from({ length: 5_000 }, (_, n) => `line ${n}`));
});

test('lines printed before the endpoint is there arrive when it is', async () => {
  const port = await freePort();
  const early = agentFor(`127.0.0.1:${port}`);
  for (let n = 0; n < 600; n += 1) early.line('api', `line ${n}`);
  const late = createLoggingEmulator({ projectId: PROJECT, port });
  await late.start();
  await arrived(600, late);
  expect(late.store.counts.duplicates).toBe(0);
  await early.close();
  await late.close();
});

test('a batch whose answer was lost is sent again and counts once', async () => {
  emulator.faults.set([{ kind: 'apply-then-fail', times: 2 }]);
  agent.line('api', 'once');
  agent.line('api', 'twice');
  await arrived(2);
  await agent.close();
  expect(emulator.store.list()).toHaveLength(2);
  expect(emulator.store.counts).toMatchObject({ written: 2 });
});

test('a line that is refused takes no other with it', async () => {
  const labels = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`label-${n}`, 'x']));
  agent.line('api', 'good');
  agent.line('api', JSON.stringify({ message: 'bad', 'logging.googleapis.com/labels': labels }));
  await agent.close();
  expect(emulator.store.list()).toMatchObject([{ textPayload: 'good' }]);
  expect(agent.stats()).toEqual({ sent: 1, refused: 1, dropped: 0, waiting: 0 });
});

test('a line with names and characters of another kind arrives, and those after it', async () => {
  agent.line('api', '{"__proto__":{"a":1},"constructor":null,"text":"\\ud800","n":1e999}');
  agent.line('api', 'after');
  await agent.close();
  const [after, odd] = emulator.store.list();
  expect(after).toMatchObject({ textPayload: 'after' });
  expect(Object.keys(odd!.jsonPayload!).sort()).toEqual(['__proto__', 'constructor', 'n', 'text']);
});

test('while the endpoint is away memory is bounded, what is dropped is counted, and closing takes seconds', async () => {
  const lost = agentFor(`127.0.0.1:${await freePort()}`);
  for (let n = 0; n < 12_000; n += 1) lost.line('api', `line ${n}`);
  expect(lost.stats()).toMatchObject({ waiting: 10_000, dropped: 2_000 });
  await lost.close();
  lost.line('api', 'too late');
  expect(lost.stats()).toEqual({ sent: 0, refused: 0, dropped: 12_000, waiting: 0 });
});

test('closing sends what waits', async () => {
  agent.line('api', 'last words');
  await agent.close();
  await agent.close();
  expect(emulator.store.list()).toMatchObject([{ textPayload: 'last words' }]);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
