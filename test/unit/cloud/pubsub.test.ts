import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createPubSubEmulator } from '../../../local/pubsub/emulator.ts';
import { createPublisher } from '../../../src/cloud/pubsub.ts';
import { connectClients } from '../../contract/pubsub/harness.ts';

const PROJECT = 'publisher-tests';
const previous = process.env.PUBSUB_EMULATOR_HOST;
afterEach(() => {
  if (previous === undefined) delete process.env.PUBSUB_EMULATOR_HOST;
  else process.env.PUBSUB_EMULATOR_HOST = previous;
});

/** A publisher to what listens on this port. */
function publisherTo(port: number, topic = 'cost-events') {
  process.env.PUBSUB_EMULATOR_HOST = `127.0.0.1:${port}`;
  return createPublisher({ projectId: PROJECT, topic });
}

describe('with Pub/Sub at hand', () => {
  const emulator = createPubSubEmulator({ projectId: PROJECT });
  let clients: Awaited<ReturnType<typeof connectClients>>;
  beforeAll(async () => {
    await emulator.start();
    clients = await connectClients(PROJECT, emulator.ports.grpc);
    await clients.pubsub.createTopic('cost-events');
    await clients.pubsub.topic('cost-events').createSubscription('all');
  });
  afterAll(async () => {
    await clients.close();
    await emulator.close();
  });

  test('a message has an id once it is stored, and arrives as it was', async () => {
    const publisher = publisherTo(emulator.ports.grpc);
    expect(await publisher.ping()).toBe(true);
    const data = Buffer.from([0, 255, 123]);
    const ids = await Promise.all([publisher.publish(data, { a: 'b' }), publisher.publish(data)]);
    expect(new Set(ids).size).toBe(2);
    const [answer] = await clients.subscriber.pull({
      subscription: `projects/${PROJECT}/subscriptions/all`,
      maxMessages: 10,
    });
    const received = answer.receivedMessages!.map(({ message }) => message!);
    expect(received.map(({ messageId }) => messageId).sort()).toEqual(ids.sort());
    expect(received.map((message) => Buffer.from(message.data as Buffer))).toEqual([data, data]);
    expect(received.find(({ messageId }) => messageId === ids[0])!.attributes).toEqual({ a: 'b' });
    await publisher.close();
  });

  test('closing waits for what is on its way, and may be done twice', async () => {
    const publisher = publisherTo(emulator.ports.grpc);
    const settled: string[] = [];
    for (let i = 0; i < 20; i++) {
      void publisher.publish(Buffer.alloc(10_000)).then((id) => settled.push(id));
    }
    await publisher.close();
    expect(settled).toHaveLength(20);
    await publisher.close();
  });

  test('a topic that does not exist is said not to, and nothing is taken for it', async () => {
    const publisher = publisherTo(emulator.ports.grpc, 'no-such-topic');
    expect(await publisher.ping()).toBe(false);
    await expect(publisher.publish(Buffer.from('x'))).rejects.toMatchObject({
      code: 'publish_failed',
      publicMessage: 'The event queue did not answer.',
    });
    await publisher.close();
  });
});

test('with a Pub/Sub that never answers a publish fails within seconds, and more than 64 MiB never wait', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).resume();
  }).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const publisher = publisherTo((silent.address() as AddressInfo).port);
  const startedAt = performance.now();
  const first = publisher.publish(Buffer.alloc(40 * 2 ** 20));
  await expect(publisher.publish(Buffer.alloc(25 * 2 ** 20))).rejects.toMatchObject({
    code: 'publish_overloaded',
    retryable: true,
  });
  await expect(first).rejects.toMatchObject({ code: 'publish_failed', retryable: true });
  expect(performance.now() - startedAt).toBeLessThan(9_000);
  for (const socket of sockets) socket.destroy();
  silent.close();
  await publisher.close();
});
