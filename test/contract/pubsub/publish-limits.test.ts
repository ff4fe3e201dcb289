import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Harness, startHarness, subscriptionName, topicName } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.publisher.createTopic({ name: topicName('limits') });
  await harness.subscriber.createSubscription({
    name: subscriptionName('limits'),
    topic: topicName('limits'),
  });
});
afterAll(() => harness.close());

const data = Buffer.from('x');
const QUOTAS = 'Refer to https://cloud.google.com/pubsub/quotas for more information.';

const refused: [string, object[], string][] = [
  [
    'more than 1,000 messages',
    Array(1001).fill({ data }),
    'The value for 1001 is too large. You passed message_count in the request, but the maximum value is 1000.',
  ],
  [
    'no messages',
    [],
    'The value for 0 is too small. You passed message_count in the request, but the minimum value is 1.',
  ],
  [
    'more than 10,000,000 bytes',
    [{ data: Buffer.alloc(10_000_000) }],
    // Beside the data: two length prefixes with tags (5 bytes each) and the topic's name (2 + 37).
    'The value for 10000049 is too large. You passed request_size in the request, but the maximum value is 10000000.',
  ],
  [
    'a payload over 10 MiB',
    [{ data: Buffer.alloc(10_485_760) }],
    'Request payload size exceeds the limit: 10485760 bytes.',
  ],
  [
    'a message with neither data nor attributes',
    [{ data }, { orderingKey: '' }],
    'One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.',
  ],
  [
    'an attribute value over 1,024 bytes',
    [{ data, attributes: { description: 'é'.repeat(514) } }],
    `The attribute "description" in the request has a value that is too long. The length is 1028 characters, but the maximum allowed is 1024. ${QUOTAS}`,
  ],
  [
    'an attribute key over 256 bytes',
    [{ data, attributes: { ['k'.repeat(257)]: 'v' } }],
    `The attribute "" in the request has a key that is too long. The length is 257 characters, but the maximum allowed is 256. ${QUOTAS}`,
  ],
  [
    'more than 100 attributes',
    [
      {
        data,
        attributes: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, 'v'])),
      },
    ],
    `The count is 101, but the maximum allowed is 100. ${QUOTAS}`,
  ],
  [
    'an attribute key reserved for Google',
    [{ data, attributes: { googled: 'v' } }],
    'reserved prefix "goog"',
  ],
  [
    'different ordering keys in one request',
    [
      { data, orderingKey: 'a' },
      { data, orderingKey: 'b' },
    ],
    'In a single publish request, all messages must have no ordering key or they must all have the same ordering key.',
  ],
];

test.each(refused)('publish refuses %s and stores nothing', async (_, messages, text) => {
  const error = await harness.publisher.publish({ topic: topicName('limits'), messages }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: 3, details: expect.stringContaining(text) });
  expect((await harness.stats()).topics.limits!.published).toBe(0);
});

test('publish takes a request that is exactly at its limits', async () => {
  await harness.publisher.createTopic({ name: topicName('at-limits') });
  const full = {
    data,
    attributes: Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => [String(n).padStart(256, 'k'), 'v']),
    ),
  };
  const [counted] = await harness.publisher.publish({
    topic: topicName('at-limits'),
    messages: Array(1000).fill({ attributes: { a: 'v'.repeat(1024) } }),
  });
  expect(counted.messageIds).toHaveLength(1000);
  const [wide] = await harness.publisher.publish({
    topic: topicName('at-limits'),
    messages: [full, { data: Buffer.alloc(9_900_000) }],
  });
  expect(wide.messageIds).toHaveLength(2);
});

test('publish to an unknown topic is NOT_FOUND', async () => {
  await expect(
    harness.publisher.publish({ topic: topicName('nowhere'), messages: [{ data }] }),
  ).rejects.toMatchObject({ code: 5, details: 'Resource not found (resource=nowhere).' });
});

test('a full backlog answers RESOURCE_EXHAUSTED, stores none of the request, and takes messages again once acknowledged', async () => {
  const small = await startHarness({ maxBacklogMessages: 10 });
  const topic = topicName('full');
  const subscription = subscriptionName('full');
  await small.publisher.createTopic({ name: topic });
  await small.subscriber.createSubscription({ name: subscription, topic });
  // The generated client would retry RESOURCE_EXHAUSTED for minutes.
  const once = { retry: null, timeout: 5_000 };
  await small.publisher.publish({ topic, messages: Array(8).fill({ data }) }, once);
  const overfull = small.publisher.publish({ topic, messages: Array(3).fill({ data }) }, once);
  await expect(overfull).rejects.toMatchObject({
    code: 8,
    details: expect.stringContaining('backlog is full: 8 messages'),
  });
  expect((await small.stats()).backlogMessages).toBe(8);
  const [pulled] = await small.subscriber.pull({ subscription, maxMessages: 5 });
  const ackIds = pulled.receivedMessages!.map(({ ackId }) => ackId!);
  await small.subscriber.acknowledge({ subscription, ackIds });
  await small.publisher.publish({ topic, messages: Array(3).fill({ data }) }, once);
  await small.close();
});
