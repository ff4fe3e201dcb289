import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type Harness,
  nextMessages,
  startHarness,
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
async function topicWithSubscription(options: object = {}) {
  made += 1;
  const id = `pulled-${made}`;
  const [topic] = await harness.pubsub.createTopic(id);
  const [subscription] = await topic.createSubscription(id, options);
  return { id, topic, subscription };
}

async function pullOne(id: string) {
  const [response] = await harness.subscriber.pull({
    subscription: subscriptionName(id),
    maxMessages: 1,
  });
  return response.receivedMessages![0]!;
}

describe('streaming pull', () => {
  test('delivers every published message once with data, attributes, id and publish time, until acked', async () => {
    const { id, topic, subscription } = await topicWithSubscription();
    const publishedFrom = Date.now();
    const ids = await Promise.all(
      Array.from({ length: 250 }, (_, n) =>
        topic.publishMessage({ data: Buffer.from(`message ${n}`), attributes: { n: String(n) } }),
      ),
    );
    const messages = await nextMessages(subscription, 250);
    expect(new Set(ids).size).toBe(250);
    expect(messages.map((message) => message.id).sort()).toEqual([...ids].sort());
    for (const message of messages) {
      expect(message.data.toString()).toBe(`message ${message.attributes.n}`);
      expect(message.publishTime.getTime()).toBeGreaterThanOrEqual(publishedFrom);
      expect(message.deliveryAttempt).toBe(0);
      message.ack();
    }
    const stats = await statsUntil(harness, (it) => it.subscriptions[id]!.acked === 250);
    expect(stats.subscriptions[id]).toMatchObject({
      backlogMessages: 0,
      backlogBytes: 0,
      inFlight: 0,
      delivered: 250,
      nacked: 0,
    });
    await subscription.close();
  });

  test('a nacked message comes again', async () => {
    const { topic, subscription } = await topicWithSubscription();
    await topic.publishMessage({ data: Buffer.from('again') });
    const [first] = await nextMessages(subscription, 1);
    const redelivery = nextMessages(subscription, 1);
    first!.nack();
    const [second] = await redelivery;
    expect(second!.id).toBe(first!.id);
    expect(second!.ackId).not.toBe(first!.ackId);
    second!.ack();
    await subscription.close();
  });

  test('never has more messages out than the client allows', async () => {
    const { id, topic, subscription } = await topicWithSubscription();
    subscription.setOptions({
      flowControl: { maxMessages: 10 },
      streamingOptions: { maxStreams: 1 },
    });
    await Promise.all(
      Array.from({ length: 100 }, () => topic.publishMessage({ data: Buffer.from('x') })),
    );
    let most = 0;
    let done = 0;
    await new Promise<void>((resolve, reject) => {
      subscription.on('error', reject);
      subscription.on('message', async (message) => {
        most = Math.max(most, (await harness.stats()).subscriptions[id]!.inFlight);
        message.ack();
        done += 1;
        if (done === 100) resolve();
      });
    });
    expect(most).toBeLessThanOrEqual(10);
    await subscription.close();
  });

  test('with ordering, messages of one key arrive in order, also past a nack', async () => {
    const { topic, subscription } = await topicWithSubscription({ enableMessageOrdering: true });
    const ordered = harness.pubsub.topic(topic.name, { messageOrdering: true });
    for (let n = 0; n < 10; n += 1) {
      await ordered.publishMessage({ data: Buffer.from(String(n)), orderingKey: 'key' });
    }
    const seen: string[] = [];
    let nacked = false;
    await new Promise<void>((resolve, reject) => {
      subscription.on('error', reject);
      subscription.on('message', (message) => {
        expect(message.orderingKey).toBe('key');
        if (!nacked && message.data.toString() === '4') {
          nacked = true;
          message.nack();
          return;
        }
        seen.push(message.data.toString());
        message.ack();
        if (seen.length === 10) resolve();
      });
    });
    expect(seen).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    await subscription.close();
  });

  test('ends with NOT_FOUND when the subscription is deleted', async () => {
    const { id, subscription } = await topicWithSubscription();
    const failed = new Promise<Error & { code?: number }>((resolve) => {
      subscription.on('error', resolve);
    });
    subscription.on('message', () => {});
    await statsUntil(
      harness,
      (it) => (it.subscriptions[id] as { openPulls?: number }).openPulls! > 0,
    );
    await harness.subscriber.deleteSubscription({ subscription: subscriptionName(id) });
    const error = await failed;
    expect(error).toMatchObject({ code: 5 });
    expect(error.message).toContain(`Resource not found (resource=${id}).`);
    await subscription.close();
  });
});

describe('unary pull', () => {
  test('a message whose lease runs out is delivered again; its old ack id no longer counts', async () => {
    const { id, topic } = await topicWithSubscription();
    await topic.publishMessage({ data: Buffer.from('leased') });
    const first = await pullOne(id);
    await harness.subscriber.modifyAckDeadline({
      subscription: subscriptionName(id),
      ackIds: [first.ackId!],
      ackDeadlineSeconds: 1,
    });
    const second = await pullOne(id);
    expect(second.message!.messageId).toBe(first.message!.messageId);
    expect((await harness.stats()).subscriptions[id]).toMatchObject({ expired: 1, inFlight: 1 });

    await harness.subscriber.acknowledge({
      subscription: subscriptionName(id),
      ackIds: [first.ackId!],
    });
    expect((await harness.stats()).subscriptions[id]!.backlogMessages).toBe(1);
    await harness.subscriber.acknowledge({
      subscription: subscriptionName(id),
      ackIds: [second.ackId!],
    });
    expect((await harness.stats()).subscriptions[id]!.backlogMessages).toBe(0);
  });

  test('waits for a first message', async () => {
    const { id, topic } = await topicWithSubscription();
    const pulled = pullOne(id);
    await statsUntil(
      harness,
      (it) => (it.subscriptions[id] as { openPulls?: number }).openPulls === 1,
    );
    await topic.publishMessage({ data: Buffer.from('late') });
    expect(Buffer.from((await pulled).message!.data as Uint8Array).toString()).toBe('late');
  });

  test('answers with none at once when told to return immediately', async () => {
    const { id } = await topicWithSubscription();
    const [response] = await harness.subscriber.pull({
      subscription: subscriptionName(id),
      maxMessages: 1,
      returnImmediately: true,
    });
    expect(response.receivedMessages).toEqual([]);
  });

  test('after the allowed attempts a message goes to the dead letter topic, saying where it came from', async () => {
    const dead = await topicWithSubscription();
    const { id, topic } = await topicWithSubscription({
      deadLetterPolicy: { deadLetterTopic: dead.topic.name, maxDeliveryAttempts: 5 },
    });
    const messageId = await topic.publishMessage({
      data: Buffer.from('poison'),
      attributes: { kind: 'bad' },
    });
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      const { ackId, deliveryAttempt } = await pullOne(id);
      expect(deliveryAttempt).toBe(attempt);
      await harness.subscriber.modifyAckDeadline({
        subscription: subscriptionName(id),
        ackIds: [ackId!],
        ackDeadlineSeconds: 0,
      });
    }
    const buried = await pullOne(dead.id);
    expect(Buffer.from(buried.message!.data as Uint8Array).toString()).toBe('poison');
    expect(buried.message!.messageId).not.toBe(messageId);
    expect(buried.message!.attributes).toEqual({
      kind: 'bad',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: id,
      CloudPubSubDeadLetterSourceSubscriptionProject: 'contract-tests',
      CloudPubSubDeadLetterSourceTopicPublishTime: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect((await harness.stats()).subscriptions[id]).toMatchObject({
      backlogMessages: 0,
      deadLettered: 1,
    });
  });

  test.each([
    [
      'no messages asked for',
      { maxMessages: 0 },
      'You have passed an invalid argument to the service (argument=max_messages).',
    ],
    [
      'an unknown subscription',
      { subscription: subscriptionName('nowhere') },
      'Resource not found (resource=nowhere).',
    ],
  ])('refuses %s', async (_, request, message) => {
    const { id } = await topicWithSubscription();
    await expect(
      harness.subscriber.pull({ subscription: subscriptionName(id), maxMessages: 1, ...request }),
    ).rejects.toThrow(message);
  });

  test('refuses ack ids it never gave and deadlines out of range', async () => {
    const { id } = await topicWithSubscription();
    const subscription = subscriptionName(id);
    await expect(
      harness.subscriber.acknowledge({ subscription, ackIds: ['not-an-ack-id'] }),
    ).rejects.toThrow('You have passed an invalid ack ID to the service (ack_id=not-an-ack-id).');
    await expect(harness.subscriber.acknowledge({ subscription, ackIds: [] })).rejects.toThrow(
      'You have not specified an ack ID in the request.',
    );
    await expect(
      harness.subscriber.modifyAckDeadline({
        subscription,
        ackIds: [`${subscription}:1`],
        ackDeadlineSeconds: 601,
      }),
    ).rejects.toThrow(
      'Invalid ack deadline given (ack_deadline=601). The ack deadline must be between 0 and 600 seconds.',
    );
  });
});

test('a deleted topic leaves its subscriptions and their messages', async () => {
  const { id, topic } = await topicWithSubscription();
  await topic.publishMessage({ data: Buffer.from('survivor') });
  await harness.publisher.deleteTopic({ topic: topicName(id) });
  const [subscription] = await harness.subscriber.getSubscription({
    subscription: subscriptionName(id),
  });
  expect(subscription.topic).toBe('_deleted-topic_');
  expect(Buffer.from((await pullOne(id)).message!.data as Uint8Array).toString()).toBe('survivor');
});
