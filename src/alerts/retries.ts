import type { PushedMessage } from '../cloud/push.ts';
import type { DeliveryOutcome } from './deliver.ts';

export type Retries = ReturnType<typeof createRetries>;

/** Beyond this the schedule has to do; a message is about a kilobyte. */
const MAX_WAITING = 10_000;
const MAX_AT_ONCE = 8;
const LEAST_WAIT_MS = 50;

/**
 * Brings messages back whose deliveries are due later, so that Pub/Sub need not: a push that is refused slows down the
 * pushes of every tenant. What waits here is in the ledger's queue already; when this process ends, the schedule goes on.
 */
export function createRetries({
  deliver,
  onError,
  now,
}: {
  deliver: (message: PushedMessage) => Promise<DeliveryOutcome>;
  /** Told when a message could not be tried again here; the schedule finds it. */
  onError: (error: unknown, message: PushedMessage) => void;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const timers = new Map<string, NodeJS.Timeout>();
  const ready: PushedMessage[] = [];
  const running = new Set<Promise<void>>();
  let closed = false;

  function runReady(): void {
    while (running.size < MAX_AT_ONCE && ready.length > 0) {
      const message = ready.shift()!;
      const run = retry(message).finally(() => {
        running.delete(run);
        runReady();
      });
      running.add(run);
    }
  }

  async function retry(message: PushedMessage): Promise<void> {
    try {
      const outcome = await deliver(message);
      if (outcome.kind === 'waiting') later(message, outcome.nextAttemptAtMs);
    } catch (error) {
      onError(error, message);
    }
  }

  function later(message: PushedMessage, atMs: number): void {
    if (closed || timers.size >= MAX_WAITING) return;
    clearTimeout(timers.get(message.messageId));
    const timer = setTimeout(
      () => {
        timers.delete(message.messageId);
        ready.push(message);
        runReady();
      },
      Math.max(LEAST_WAIT_MS, atMs - now()),
    );
    timers.set(message.messageId, timer);
  }

  return {
    /** Delivers the message again at that instant (epoch ms) and then as long as something of it waits. Never throws. */
    later,

    /** Begins nothing more and waits for what is under way. A second call is harmless. */
    async close(): Promise<void> {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      ready.length = 0;
      await Promise.all(running);
    },
  };
}
