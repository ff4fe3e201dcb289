import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { storeMessage } from '../../../local/pubsub/message.ts';
import { notFound } from '../../../local/pubsub/status.ts';
import { createSubscription } from '../../../local/pubsub/subscription.ts';
import {
  type Harness,
  PROJECT,
  type PushEndpoint,
  startHarness,
  startPushEndpoint,
  statsUntil,
  subscriptionName,
  topicName,
} from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

let made = 0;
const endpoints: PushEndpoint[] = [];
afterEach(async () => {
  // The subscription first: an endpoint that is gone would be retried.
  const [subscriptions] = await harness.pubsub.getSubscriptions();
  for (const subscription of subscriptions) await subscription.delete();
  for (const endpoint of endpoints.splice(0)) await endpoint.close();
});

/** A push subscription with backoffs short enough to wait for (the service takes 0–600 s). */
async function pushedTo(answer: Parameters<typeof startPushEndpoint>[0], options: object = {}) {
  made += 1;
  const id = `pushed-${made}`;
  const endpoint = await startPushEndpoint(answer);
  endpoints.push(endpoint);
  const [topic] = await harness.pubsub.createTopic(id);
  await topic.createSubscription(id, {
    pushConfig: { pushEndpoint: endpoint.url },
    retryPolicy: { minimumBackoff: { nanos: 20_000_000 }, maximumBackoff: { nanos: 80_000_000 } },
    ...options,
  });
  const statsOf = async () => (await harness.stats()).subscriptions[id]!;
  return { id, topic, endpoint, statsOf };
}

describe('the delivery', () => {
  test('is a POST of the wrapped message', async () => {
    const { id, topic, endpoint } = await pushedTo(undefined);
    const messageId = await topic.publishMessage({
      data: Buffer.from('{"events":[]}'),
      attributes: { origin: 'test' },
    });
    const [pushed] = await endpoint.receivedAtLeast(1);
    const { publishTime } = pushed!.json.message;
    expect(publishTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(pushed!.json).toEqual({
      message: {
        attributes: { origin: 'test' },
        data: Buffer.from('{"events":[]}').toString('base64'),
        messageId,
        message_id: messageId,
        publishTime,
        publish_time: publishTime,
      },
      subscription: `projects/${PROJECT}/subscriptions/${id}`,
    });
    expect(pushed!.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'CloudPubSub-Google',
      from: 'noreply@google.com',
    });
    expect(pushed!.headers.authorization).toBeUndefined();
  });

  test('without a wrapper is the bare data, with the metadata in headers', async () => {
    const { id, topic, endpoint } = await pushedTo(undefined, { pushConfig: undefined });
    await harness.subscriber.modifyPushConfig({
      subscription: subscriptionName(id),
      pushConfig: { pushEndpoint: endpoint.url, noWrapper: { writeMetadata: true } },
    });
    const messageId = await topic.publishMessage({
      data: Buffer.from('bare'),
      attributes: { Origin: 'test', 'not a header': 'x', 'content-length': '1' },
    });
    const [pushed] = await endpoint.receivedAtLeast(1);
    expect(pushed!.raw).toBe('bare');
    expect(pushed!.headers).toMatchObject({
      'x-goog-pubsub-subscription-name': subscriptionName(id),
      'x-goog-pubsub-message-id': messageId,
      'x-goog-pubsub-publish-time': expect.stringMatching(/Z$/),
      origin: 'test',
    });
  });

  test('starts with the messages already waiting when a pull subscription is given an endpoint', async () => {
    const { id, topic, endpoint } = await pushedTo(undefined, { pushConfig: undefined });
    await topic.publishMessage({ data: Buffer.from('waiting') });
    await harness.subscriber.modifyPushConfig({
      subscription: subscriptionName(id),
      pushConfig: { pushEndpoint: endpoint.url },
    });
    const [pushed] = await endpoint.receivedAtLeast(1);
    expect(Buffer.from(pushed!.json.message.data, 'base64').toString()).toBe('waiting');
  });
});

describe('the answer', () => {
  test.each([200, 201, 202, 204])('%i acknowledges', async (status) => {
    const { id, topic, endpoint } = await pushedTo((response) => response.writeHead(status).end());
    await topic.publishMessage({ data: Buffer.from('x') });
    await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 1);
    expect(endpoint.received).toHaveLength(1);
  });

  test('102 acknowledges, whatever follows', async () => {
    const { id, topic, endpoint } = await pushedTo((response) => {
      response.writeProcessing();
      response.writeHead(500).end();
    });
    await topic.publishMessage({ data: Buffer.from('x') });
    const stats = await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 1);
    expect(stats.subscriptions[id]!.nacked).toBe(0);
    expect(endpoint.received).toHaveLength(1);
  });

  test.each([203, 302, 400, 429, 500, 503])('%i is redelivered', async (status) => {
    const { id, topic, endpoint } = await pushedTo((response, index) =>
      response.writeHead(index === 0 ? status : 204).end(),
    );
    await topic.publishMessage({ data: Buffer.from('x') });
    const stats = await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 1);
    expect(stats.subscriptions[id]).toMatchObject({
      nacked: 1,
      backlogMessages: 0,
      lastPushFailure: `status: ${status}`,
    });
    const [first, second] = endpoint.received;
    expect(second!.json.message.messageId).toBe(first!.json.message.messageId);
    expect(second!.json.deliveryAttempt).toBeUndefined();
  });

  test('a cut connection is redelivered', async () => {
    const { id, topic } = await pushedTo((response, index) => {
      if (index === 0) response.destroy();
      else response.writeHead(204).end();
    });
    await topic.publishMessage({ data: Buffer.from('x') });
    const stats = await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 1);
    expect(stats.subscriptions[id]).toMatchObject({
      nacked: 1,
      lastPushFailure: 'unreachable: socket hang up',
    });
  });

  test('none within the ack deadline is redelivered', async () => {
    const endpoint = await startPushEndpoint((response, index) => {
      if (index > 0) response.writeHead(204).end();
    });
    endpoints.push(endpoint);
    // Made directly: the shortest deadline the service takes is 10 s.
    const subscription = createSubscription({
      config: {
        name: subscriptionName('impatient'),
        topic: topicName('impatient'),
        push: { pushEndpoint: endpoint.url, attributes: {}, oidcToken: null, noWrapper: null },
        ackDeadlineSeconds: 0.1,
        retention: { seconds: 600, nanos: 0 },
        labels: {},
        ordered: false,
        expirationTtl: null,
        deadLetter: undefined,
        retry: undefined,
      },
      now: Date.now,
      nextAckId: () => randomUUID(),
      usage: { messages: 0, bytes: 0 },
      deadLetter: () => false,
      signToken: async () => '',
      maxPushWindow: 1,
      maxPushPauseMs: 1,
    });
    const message = { data: Buffer.from('x'), attributes: {}, orderingKey: '' };
    subscription.backlog.add([storeMessage(message, '1', Date.now())]);
    const [first, second] = await endpoint.receivedAtLeast(2);
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(95);
    expect(subscription.stats()).toMatchObject({
      nacked: 1,
      lastPushFailure: 'timeout: no answer in 100 ms',
    });
    subscription.close(notFound('impatient'));
  });
});

describe('retries', () => {
  test('wait out a backoff that doubles from the minimum to the maximum', async () => {
    const { topic, endpoint } = await pushedTo(
      (response, index) => response.writeHead(index < 4 ? 500 : 204).end(),
      {
        retryPolicy: {
          minimumBackoff: { nanos: 200_000_000 },
          maximumBackoff: { nanos: 400_000_000 },
        },
      },
    );
    await topic.publishMessage({ data: Buffer.from('x') });
    const received = await endpoint.receivedAtLeast(5);
    const gaps = received.slice(1).map(({ atMs }, n) => atMs - received[n]!.atMs);
    // A millisecond off for rounding; above, only that the doubling stops.
    for (const [n, leastMs] of [200, 400, 400, 400].entries()) {
      expect(gaps[n]).toBeGreaterThanOrEqual(leastMs - 2);
    }
    expect(Math.max(...gaps)).toBeLessThan(800);
  });

  test('stop at the dead letter topic after the allowed attempts, each numbered in the delivery', async () => {
    const [deadTopic] = await harness.pubsub.createTopic('pushed-dead');
    const [dead] = await deadTopic.createSubscription('pushed-dead');
    const { id, topic, endpoint } = await pushedTo((response) => response.writeHead(500).end(), {
      deadLetterPolicy: { deadLetterTopic: deadTopic.name, maxDeliveryAttempts: 5 },
    });
    await topic.publishMessage({ data: Buffer.from('poison') });
    const [response] = await harness.subscriber.pull({
      subscription: dead.name,
      maxMessages: 1,
    });
    const { message } = response.receivedMessages![0]!;
    expect(message!.attributes).toMatchObject({
      CloudPubSubDeadLetterSourceSubscription: id,
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
    });
    expect(endpoint.received.map(({ json }) => json.deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);
    const stats = await harness.stats();
    expect(stats.subscriptions[id]).toMatchObject({ deadLettered: 1, backlogMessages: 0 });
  });

  test('go on while the dead letter topic is gone: nothing is lost', async () => {
    const [deadTopic] = await harness.pubsub.createTopic('pushed-dead-deleted');
    const { id, topic } = await pushedTo(
      (response, index) => response.writeHead(index < 7 ? 500 : 204).end(),
      { deadLetterPolicy: { deadLetterTopic: deadTopic.name, maxDeliveryAttempts: 5 } },
    );
    await deadTopic.delete();
    await topic.publishMessage({ data: Buffer.from('kept') });
    const stats = await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 1);
    expect(stats.subscriptions[id]).toMatchObject({ deadLettered: 0, nacked: 7 });
  });

  test('reach an endpoint that was down, with every message', async () => {
    let down = true;
    const { id, topic, endpoint } = await pushedTo((response) =>
      response.writeHead(down ? 503 : 204).end(),
    );
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => topic.publishMessage({ data: Buffer.from(String(n)) })),
    );
    await endpoint.receivedAtLeast(5);
    down = false;
    const stats = await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 50);
    expect(stats.subscriptions[id]!.backlogMessages).toBe(0);
    const data = endpoint.received.map(({ json }) =>
      Buffer.from(json.message.data, 'base64').toString(),
    );
    expect(new Set(data).size).toBe(50);
  });
});

test('slow start: few requests at once at first, many once they succeed, never more than the window', async () => {
  let open = 0;
  let mostOpen = 0;
  const openAtFirst: number[] = [];
  const { id, topic } = await pushedTo((response, index) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    if (index < 4) openAtFirst.push(open);
    setTimeout(() => {
      open -= 1;
      response.writeHead(204).end();
    }, 20);
  });
  await Promise.all(
    Array.from({ length: 600 }, () => topic.publishMessage({ data: Buffer.from('x') })),
  );
  await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 600);
  expect(Math.max(...openAtFirst)).toBeLessThanOrEqual(4);
  expect(mostOpen).toBeGreaterThan(32);
  expect(mostOpen).toBeLessThanOrEqual(128);
});

test('a push subscription cannot be pulled', async () => {
  const { id } = await pushedTo(undefined);
  await expect(
    harness.subscriber.pull({ subscription: subscriptionName(id), maxMessages: 1 }),
  ).rejects.toMatchObject({
    code: 9,
    details: 'This method is not supported for this subscription type.',
  });
});
