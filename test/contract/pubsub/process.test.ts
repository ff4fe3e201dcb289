import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { connectClients } from './harness.ts';

const MAIN = fileURLToPath(new URL('../../../local/pubsub/main.ts', import.meta.url));

async function startProcess(): Promise<{
  child: ChildProcess;
  ready: { grpc: number; http: number };
}> {
  const args = [MAIN, '--port', '0', '--http-port', '0', '--project', 'own-process'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  return { child, ready: JSON.parse(line) };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  'its own process says when it is ready, serves, and leaves with code 0 on %s, deliveries open or not',
  async (signal) => {
    const { child, ready } = await startProcess();
    expect(ready).toMatchObject({ ready: true, project: 'own-process' });
    const base = `http://127.0.0.1:${ready.http}`;
    expect(await (await fetch(`${base}/healthz`)).json()).toEqual({ status: 'ok' });

    const clients = await connectClients('own-process', ready.grpc);
    const [topic] = await clients.pubsub.createTopic('events');
    const [{ name }] = await topic.createSubscription('events');
    const stream = clients.subscriber.streamingPull();
    const cut = once(stream, 'error');
    stream.write({ subscription: name, streamAckDeadlineSeconds: 10 });
    await topic.publishMessage({ data: Buffer.from('x') });
    await once(stream, 'data');
    const page = await (await fetch(base)).text();
    expect(page).toContain('topic events: 1 published');
    expect(page).toContain('subscription events (pull of events): 1 waiting, 1 in flight');
    expect((await fetch(`${base}/nowhere`)).status).toBe(404);

    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await cut).toMatchObject([{ code: 14 }]);
    expect(await exited).toEqual([0, null]);
    await clients.close();
  },
);
