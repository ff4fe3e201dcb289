import type { Backlog, Lease } from './backlog.ts';
import type { PubSubStatus } from './status.ts';

/** One open pull: a streaming pull, or a unary pull that waits. */
export type PullConsumer = {
  /** What it can take now; `maxMessages` ≤ 0 means nothing. */
  capacity(): { maxMessages: number; maxBytes: number };
  ackDeadlineMs(): number;
  deliver(leases: Lease[]): void;
  released(lease: Lease): void;
  /** The subscription is gone or no longer pulled from. */
  fail(reason: PubSubStatus): void;
};

export type Dispatcher = ReturnType<typeof createDispatcher>;

/** Most messages in one response, so that several streams share a burst. */
const MAX_BATCH = 500;

/** Hands ready messages to the open pulls in turn, within what each can take. */
export function createDispatcher(backlog: Backlog, now: () => number) {
  const consumers: PullConsumer[] = [];
  let turn = 0;

  function dispatch(): void {
    let full = 0;
    while (backlog.readyMessages > 0 && full < consumers.length) {
      turn = (turn + 1) % consumers.length;
      const consumer = consumers[turn]!;
      const { maxMessages, maxBytes } = consumer.capacity();
      const share = Math.ceil(backlog.readyMessages / consumers.length);
      const leases = backlog.take({
        maxMessages: Math.min(maxMessages, share, MAX_BATCH),
        maxBytes,
        deadlineMs: now() + consumer.ackDeadlineMs(),
        onReleased: consumer.released,
      });
      if (leases.length === 0) full += 1;
      else {
        full = 0;
        consumer.deliver(leases);
      }
    }
  }

  return {
    dispatch,
    add(consumer: PullConsumer): void {
      consumers.push(consumer);
    },
    /** A second call with the same consumer does nothing. */
    remove(consumer: PullConsumer): void {
      const index = consumers.indexOf(consumer);
      if (index >= 0) consumers.splice(index, 1);
    },
    failAll(reason: PubSubStatus): void {
      for (const consumer of consumers.splice(0)) consumer.fail(reason);
    },
    get openPulls() {
      return consumers.length;
    },
  };
}
