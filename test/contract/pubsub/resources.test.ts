import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Harness, PROJECT, startHarness, subscriptionName, topicName } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.publisher.createTopic({ name: topicName('events') });
  await harness.publisher.createTopic({ name: topicName('events-dead') });
});
afterAll(() => harness.close());

const NAMES =
  'Refer to https://cloud.google.com/pubsub/docs/admin#resource_names for more information.';

describe('topics', () => {
  test('are created, read, relabelled, listed and deleted', async () => {
    const name = topicName('short-lived');
    await harness.publisher.createTopic({ name, labels: { team: 'a' } });
    await harness.publisher.updateTopic({
      topic: { name, labels: { team: 'b' } },
      updateMask: { paths: ['labels'] },
    });
    const [topic] = await harness.publisher.getTopic({ topic: name });
    expect(topic).toMatchObject({ name, labels: { team: 'b' }, state: 'ACTIVE' });
    const [listed] = await harness.pubsub.getTopics();
    expect(listed.map((each) => each.name)).toContain(name);
    await harness.publisher.deleteTopic({ topic: name });
    await expect(harness.publisher.getTopic({ topic: name })).rejects.toMatchObject({
      code: 5,
      details: 'Resource not found (resource=short-lived).',
    });
  });

  test('are listed page by page', async () => {
    for (const id of ['page-1', 'page-2', 'page-3']) {
      await harness.publisher.createTopic({ name: topicName(id) });
    }
    const seen: string[] = [];
    for await (const topic of harness.publisher.listTopicsAsync({
      project: `projects/${PROJECT}`,
      pageSize: 2,
    })) {
      seen.push(topic.name!);
    }
    const [all] = await harness.pubsub.getTopics();
    expect(seen).toEqual(all.map(({ name }) => name).sort());
  });

  test.each([
    [
      'a name taken',
      { name: topicName('events') },
      6,
      'Resource already exists in the project (resource=events).',
    ],
    [
      'a name too short',
      { name: topicName('ab') },
      3,
      `Invalid resource name given (name=${topicName('ab')}). ${NAMES}`,
    ],
    [
      'a name of no collection',
      { name: 'events' },
      3,
      `Invalid resource name given (name=events). ${NAMES}`,
    ],
    [
      'a reserved name',
      { name: topicName('google') },
      3,
      `Invalid resource name given (name=${topicName('google')}). ${NAMES}`,
    ],
    [
      'another project',
      { name: 'projects/foreign/topics/events' },
      5,
      'Requested project not found or user does not have access to it (project=foreign). Make sure to specify the unique project identifier and not the Google Cloud Console display name.',
    ],
    [
      'a schema',
      { name: topicName('schemas'), schemaSettings: { schema: 'projects/p/schemas/s' } },
      12,
      'Topic.schemaSettings is not supported by the local Pub/Sub.',
    ],
  ])('refuse %s', async (_, topic, code, details) => {
    await expect(harness.publisher.createTopic(topic)).rejects.toMatchObject({ code, details });
  });
});

describe('subscriptions', () => {
  test('have the defaults of the service', async () => {
    const name = subscriptionName('defaults');
    await harness.subscriber.createSubscription({
      name,
      topic: topicName('events'),
      retryPolicy: {},
    });
    const [subscription] = await harness.subscriber.getSubscription({ subscription: name });
    expect(subscription).toMatchObject({
      name,
      topic: topicName('events'),
      ackDeadlineSeconds: 10,
      messageRetentionDuration: { seconds: '604800' },
      expirationPolicy: { ttl: { seconds: '2678400' } },
      retryPolicy: { minimumBackoff: { seconds: '10' }, maximumBackoff: { seconds: '600' } },
      enableMessageOrdering: false,
      deadLetterPolicy: null,
      state: 'ACTIVE',
    });
  });

  test('are updated by mask, listed, and listed by topic', async () => {
    const name = subscriptionName('updated');
    await harness.subscriber.createSubscription({ name, topic: topicName('events') });
    const pushConfig = {
      pushEndpoint: 'https://push.example/x',
      oidcToken: { serviceAccountEmail: 'a@b.example', audience: 'c' },
    };
    await harness.subscriber.updateSubscription({
      subscription: {
        name,
        ackDeadlineSeconds: 60,
        pushConfig,
        deadLetterPolicy: { deadLetterTopic: topicName('events-dead') },
        labels: { left: 'out' },
      },
      updateMask: { paths: ['ack_deadline_seconds', 'push_config', 'dead_letter_policy'] },
    });
    const [subscription] = await harness.subscriber.getSubscription({ subscription: name });
    expect(subscription).toMatchObject({
      ackDeadlineSeconds: 60,
      pushConfig,
      deadLetterPolicy: { deadLetterTopic: topicName('events-dead'), maxDeliveryAttempts: 5 },
      labels: {},
    });
    const [listed] = await harness.pubsub.getSubscriptions();
    expect(listed.map((each) => each.name)).toContain(name);
    const [ofTopic] = await harness.publisher.listTopicSubscriptions({
      topic: topicName('events'),
    });
    expect(ofTopic).toContain(name);
  });

  const deadLetterTopic = topicName('events-dead');
  const push = (pushEndpoint: string, more: object = {}) => ({
    pushConfig: { pushEndpoint, ...more },
  });
  test.each<[string, object, number, string]>([
    [
      'an unknown topic',
      { topic: topicName('nowhere') },
      5,
      'Resource not found (resource=nowhere).',
    ],
    [
      'an unknown dead letter topic',
      { deadLetterPolicy: { deadLetterTopic: topicName('nowhere') } },
      5,
      'Resource not found (resource=nowhere).',
    ],
    [
      'no dead letter topic',
      { deadLetterPolicy: { maxDeliveryAttempts: 5 } },
      3,
      `Invalid resource name given (dead_letter_topic=). ${NAMES}`,
    ],
    [
      '4 delivery attempts',
      { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 4 } },
      11,
      'The value for max_delivery_attempts is too small. You passed 4 in the request, but the minimum value is 5.',
    ],
    [
      '101 delivery attempts',
      { deadLetterPolicy: { deadLetterTopic, maxDeliveryAttempts: 101 } },
      11,
      'The value for max_delivery_attempts is too large. You passed 101 in the request, but the maximum value is 100.',
    ],
    [
      'an ack deadline of 9 s',
      { ackDeadlineSeconds: 9 },
      3,
      'Invalid ack deadline given (ack_deadline=9). The ack deadline must be between 10 and 600 seconds.',
    ],
    [
      'an ack deadline of 601 s',
      { ackDeadlineSeconds: 601 },
      3,
      'Invalid ack deadline given (ack_deadline=601). The ack deadline must be between 10 and 600 seconds.',
    ],
    [
      'a backoff of 601 s',
      { retryPolicy: { minimumBackoff: { seconds: 601 } } },
      3,
      'The value for minimum_backoff is out of bounds. You passed 601s in the request, but the value must be between 0s and 600s.',
    ],
    [
      'a maximum backoff below the minimum',
      { retryPolicy: { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 10 } } },
      3,
      'The value for maximum_backoff is too small. You passed 10s in the request, but the minimum value is 20s.',
    ],
    [
      'a retention of 5 s',
      { messageRetentionDuration: { seconds: 5 } },
      3,
      'The value for message retention duration is out of bounds. You passed 5s in the request, but the value must be between 10m and 744h.',
    ],
    [
      'a push endpoint that is no URL',
      push('somewhere'),
      3,
      'Invalid push endpoint given (endpoint=somewhere). Refer to https://cloud.google.com/pubsub/subscriber#create for more information.',
    ],
    [
      'plain http beyond this machine',
      push('http://push.example/'),
      3,
      'Invalid push endpoint given (endpoint=http://push.example/). Refer to https://cloud.google.com/pubsub/subscriber#create for more information.',
    ],
    [
      'a filter',
      { filter: 'attributes.a = "b"' },
      12,
      'Subscription.filter is not supported by the local Pub/Sub.',
    ],
    [
      'exactly-once delivery',
      { enableExactlyOnceDelivery: true },
      12,
      'Subscription.enableExactlyOnceDelivery is not supported by the local Pub/Sub.',
    ],
    [
      'a BigQuery subscription',
      { bigqueryConfig: { table: 'a.b.c' } },
      12,
      'Subscription.bigqueryConfig is not supported by the local Pub/Sub.',
    ],
  ])('refuse %s', async (_, options, code, details) => {
    await expect(
      harness.subscriber.createSubscription({
        name: subscriptionName('refused'),
        topic: topicName('events'),
        ...options,
      }),
    ).rejects.toMatchObject({ code, details });
  });

  test('refuse a name taken, an empty mask, and paths that do not change', async () => {
    const name = subscriptionName('fixed');
    await harness.subscriber.createSubscription({ name, topic: topicName('events') });
    await expect(
      harness.subscriber.createSubscription({ name, topic: topicName('events') }),
    ).rejects.toMatchObject({
      code: 6,
      details: 'Resource already exists in the project (resource=fixed).',
    });
    const prefix = 'Invalid update_mask provided in the UpdateSubscriptionRequest:';
    for (const [paths, code, details] of [
      [
        [],
        3,
        'The update_mask in the UpdateSubscriptionRequest must be set, and must contain a non-empty paths list.',
      ],
      [['topic'], 3, `${prefix} the 'topic' field in the Subscription is not mutable.`],
      [
        ['pushConfig'],
        3,
        `${prefix} 'pushConfig' is not a known Subscription field. Note that field paths must be of the form 'push_config' rather than 'pushConfig'.`,
      ],
      [
        ['enable_exactly_once_delivery'],
        12,
        'Updating Subscription.enableExactlyOnceDelivery is not supported by the local Pub/Sub.',
      ],
    ] as const) {
      await expect(
        harness.subscriber.updateSubscription({
          subscription: { name },
          updateMask: { paths: [...paths] },
        }),
      ).rejects.toMatchObject({ code, details });
    }
  });
});

test('RPCs that are not offered are UNIMPLEMENTED, naming themselves', async () => {
  const subscription = subscriptionName('defaults');
  await expect(
    harness.subscriber.createSnapshot({ name: `projects/${PROJECT}/snapshots/one`, subscription }),
  ).rejects.toMatchObject({ code: 12, details: expect.stringContaining('CreateSnapshot') });
  await expect(harness.subscriber.seek({ subscription })).rejects.toMatchObject({
    code: 12,
    details: expect.stringContaining('Seek'),
  });
  const schemas = harness.pubsub.listSchemas()[Symbol.asyncIterator]();
  await expect(schemas.next()).rejects.toMatchObject({
    code: 12,
    details: expect.stringContaining('ListSchemas'),
  });
});
