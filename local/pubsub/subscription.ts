import type { TokenSigner } from '../oidc.ts';
import { type BacklogUsage, createBacklog } from './backlog.ts';
import { createDispatcher, type PullConsumer } from './dispatcher.ts';
import type { StoredMessage } from './message.ts';
import { createPusher, type Pusher } from './push.ts';
import { notAPullSubscription, type PubSubStatus } from './status.ts';
import type { SubscriptionConfig } from './subscription-config.ts';

export type SubscriptionOptions = {
  config: SubscriptionConfig;
  now: () => number;
  nextAckId: () => string;
  usage: BacklogUsage;
  deadLetter: (
    source: SubscriptionConfig,
    message: StoredMessage,
    topic: string,
    attempts: number,
  ) => boolean;
  signToken: TokenSigner;
  maxPushWindow: number;
  maxPushPauseMs: number;
};

export type SubscriptionStats = ReturnType<LiveSubscription['stats']>;
export type LiveSubscription = ReturnType<typeof createSubscription>;

/** A subscription at work: its settings, its messages, and whoever they go to (the push endpoint or the open pulls). */
export function createSubscription(options: SubscriptionOptions) {
  const { now } = options;
  let config = options.config;
  let wakeScheduled = false;
  const backlog = createBacklog({
    now,
    config: () => config,
    nextAckId: options.nextAckId,
    usage: options.usage,
    deadLetter: (message, topic, attempts) => options.deadLetter(config, message, topic, attempts),
    onReady: wake,
  });
  const dispatcher = createDispatcher(backlog, now);
  let pusher: Pusher | undefined;

  // Deferred, so that a burst of publishes or acknowledgements leads to one round with full batches.
  function wake(): void {
    if (wakeScheduled) return;
    wakeScheduled = true;
    setImmediate(() => {
      wakeScheduled = false;
      if (config.push) startedPusher().pump();
      else dispatcher.dispatch();
    });
  }

  function startedPusher(): Pusher {
    pusher ??= createPusher({
      config: () => config,
      backlog,
      signToken: options.signToken,
      maxWindow: options.maxPushWindow,
      maxPauseMs: options.maxPushPauseMs,
    });
    return pusher;
  }

  return {
    backlog,
    wake,
    get config() {
      return config;
    },
    /** Puts new settings in force for every delivery from now on. */
    update(next: SubscriptionConfig): void {
      config = next;
      if (config.push) dispatcher.failAll(notAPullSubscription());
      wake();
    },
    /** Opens a pull; messages follow as they become ready. Throws FAILED_PRECONDITION on a push subscription. */
    openPull(consumer: PullConsumer): void {
      if (config.push) throw notAPullSubscription();
      dispatcher.add(consumer);
      wake();
    },
    closePull: dispatcher.remove,
    /** Ends every pull and push; unacknowledged messages are forgotten. */
    close(reason: PubSubStatus): void {
      dispatcher.failAll(reason);
      pusher?.close();
      backlog.close();
    },
    stats() {
      const { oldestReadyMs, counts } = backlog;
      return {
        topic: config.topic,
        type: config.push ? ('push' as const) : ('pull' as const),
        ...counts,
        oldestReadySeconds: oldestReadyMs === undefined ? 0 : (now() - oldestReadyMs) / 1000,
        ...(config.push
          ? { pushEndpoint: config.push.pushEndpoint, ...pusher?.stats }
          : { openPulls: dispatcher.openPulls }),
      };
    },
  };
}
