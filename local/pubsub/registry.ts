import { status } from '@grpc/grpc-js';
import type { BacklogUsage } from './backlog.ts';
import { type StoredMessage, storeMessage } from './message.ts';
import { DELETED_TOPIC } from './names.ts';
import { alreadyExists, notFound, PubSubStatus } from './status.ts';
import {
  createSubscription,
  type LiveSubscription,
  type SubscriptionOptions,
} from './subscription.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import type { PubsubMessage, Topic } from './wire.ts';

export type LiveTopic = {
  name: string;
  resource: Topic;
  published: number;
  subscriptions: Set<LiveSubscription>;
};

export type RegistryOptions = Pick<
  SubscriptionOptions,
  'now' | 'signToken' | 'maxPushWindow' | 'maxPushPauseMs'
> & { maxBacklogMessages: number; maxBacklogBytes: number };

export type Registry = ReturnType<typeof createRegistry>;

/** Every topic and subscription there is, and the way of a message between them. All in memory. */
export function createRegistry(options: RegistryOptions) {
  const { now, maxBacklogMessages, maxBacklogBytes } = options;
  const topics = new Map<string, LiveTopic>();
  const subscriptions = new Map<string, LiveSubscription>();
  const usage: BacklogUsage = { messages: 0, bytes: 0 };
  // Starting at the clock keeps ids of an earlier run from meaning anything in this one.
  let lastId = now() * 1_000;

  function nextId(): string {
    lastId += 1;
    return String(lastId);
  }

  function topic(name: string): LiveTopic {
    const found = topics.get(name);
    if (!found) throw notFound(name);
    return found;
  }

  function subscription(name: string): LiveSubscription {
    const found = subscriptions.get(name);
    if (!found) throw notFound(name);
    return found;
  }

  /** Checks that the topics a subscription names exist. */
  function requireTopics(config: SubscriptionConfig): void {
    if (config.topic !== DELETED_TOPIC) topic(config.topic);
    if (config.deadLetter) topic(config.deadLetter.deadLetterTopic);
  }

  function publish(name: string, messages: PubsubMessage[]): string[] {
    const target = topic(name);
    const stored = messages.map((message) => storeMessage(message, nextId(), now()));
    requireRoom(stored, target.subscriptions.size);
    target.published += stored.length;
    for (const subscriber of target.subscriptions) subscriber.backlog.add(stored);
    return stored.map(({ messageId }) => messageId);
  }

  function requireRoom(messages: StoredMessage[], copies: number): void {
    let bytes = 0;
    for (const message of messages) bytes += message.bytes;
    const fits =
      usage.messages + messages.length * copies <= maxBacklogMessages &&
      usage.bytes + bytes * copies <= maxBacklogBytes;
    if (fits) return;
    throw new PubSubStatus(
      status.RESOURCE_EXHAUSTED,
      `The local Pub/Sub backlog is full: ${usage.messages} messages (${usage.bytes} bytes) wait to be acknowledged; ` +
        `the limit is ${maxBacklogMessages} messages or ${maxBacklogBytes} bytes.`,
    );
  }

  function deadLetter(
    source: SubscriptionConfig,
    message: StoredMessage,
    topicName: string,
    attempts: number,
  ): boolean {
    const [, project, , id] = source.name.split('/');
    const attributes = {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceSubscription: id!,
      CloudPubSubDeadLetterSourceSubscriptionProject: project!,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishTimeMs).toISOString(),
    };
    try {
      publish(topicName, [{ ...message, attributes }]);
      return true;
    } catch (error) {
      // Topic deleted or backlog full: dead-lettering is best effort, the message stays.
      if (error instanceof PubSubStatus) return false;
      throw error;
    }
  }

  return {
    topics,
    subscriptions,
    usage,
    topic,
    subscription,
    requireTopics,
    /** Stores the messages for every subscription of the topic, all or nothing; RESOURCE_EXHAUSTED when they do not fit. */
    publish,
    createTopic(resource: Topic): LiveTopic {
      if (topics.has(resource.name)) throw alreadyExists(resource.name);
      const created = {
        name: resource.name,
        resource,
        published: 0,
        subscriptions: new Set<never>(),
      };
      topics.set(resource.name, created);
      return created;
    },
    /** Its subscriptions stay, with `_deleted-topic_` for a topic and the messages they have. */
    deleteTopic(name: string): void {
      for (const subscriber of topic(name).subscriptions) {
        subscriber.update({ ...subscriber.config, topic: DELETED_TOPIC });
      }
      topics.delete(name);
    },
    createSubscription(config: SubscriptionConfig): LiveSubscription {
      if (subscriptions.has(config.name)) throw alreadyExists(config.name);
      requireTopics(config);
      const created = createSubscription({
        ...options,
        config,
        usage,
        deadLetter,
        nextAckId: () => `${config.name}:${nextId()}`,
      });
      subscriptions.set(config.name, created);
      topic(config.topic).subscriptions.add(created);
      return created;
    },
    deleteSubscription(name: string): void {
      const gone = subscription(name);
      subscriptions.delete(name);
      topics.get(gone.config.topic)?.subscriptions.delete(gone);
      gone.close(notFound(name));
    },
    /** Ends every delivery; nothing is kept. */
    close(): void {
      const reason = new PubSubStatus(status.UNAVAILABLE, 'The local Pub/Sub is shutting down.');
      for (const open of subscriptions.values()) open.close(reason);
    },
  };
}
