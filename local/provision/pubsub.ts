import { type CreateSubscriptionOptions, PubSub } from '@google-cloud/pubsub';
import { unlessPresent } from './unless-present.ts';

const ACK_DEADLINE_SECONDS = 60;
const MAX_DELIVERY_ATTEMPTS = 20;

/** One topic with its dead letters, pushed to one function. */
export type PushedTopic = {
  topic: string;
  /** Of the push subscription. */
  subscription: string;
  pushEndpoint: string;
  /** Longest wait before a message that was not taken is pushed again. */
  maximumBackoffSeconds: number;
};

/** Makes the topics with their subscriptions. `serviceAccount`: in whose name pushes are signed, if they are. */
export async function provisionPubsub(options: {
  projectId: string;
  serviceAccount: string | undefined;
  topics: readonly PushedTopic[];
}): Promise<void> {
  const { projectId, serviceAccount, topics } = options;
  const pubsub = new PubSub({ projectId });
  await Promise.all(topics.map((each) => provisionTopic(pubsub, each, projectId, serviceAccount)));
  await pubsub.close();
}

async function provisionTopic(
  pubsub: PubSub,
  { topic, subscription, pushEndpoint, maximumBackoffSeconds }: PushedTopic,
  projectId: string,
  serviceAccountEmail: string | undefined,
): Promise<void> {
  const deadLetter = `${topic}-dead-letter`;
  await Promise.all(
    [topic, deadLetter].map((name) =>
      unlessPresent(`topic ${name}`, () => pubsub.createTopic(name)),
    ),
  );
  const pushConfig = {
    pushEndpoint,
    ...(serviceAccountEmail && { oidcToken: { serviceAccountEmail, audience: pushEndpoint } }),
  };
  const config: CreateSubscriptionOptions = {
    pushConfig,
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    retryPolicy: {
      minimumBackoff: { seconds: 1 },
      maximumBackoff: { seconds: maximumBackoffSeconds },
    },
    deadLetterPolicy: {
      deadLetterTopic: `projects/${projectId}/topics/${deadLetter}`,
      maxDeliveryAttempts: MAX_DELIVERY_ATTEMPTS,
    },
  };
  const made = await unlessPresent(`subscription ${subscription}`, () =>
    pubsub.topic(topic).createSubscription(subscription, config),
  );
  // An emulator that outlived us may still push to where we listened last time.
  if (!made) await pubsub.subscription(subscription).modifyPushConfig(pushConfig);
  // A topic without a subscription forgets what it is sent.
  await unlessPresent(`subscription ${deadLetter}`, () =>
    pubsub.topic(deadLetter).createSubscription(deadLetter),
  );
}
