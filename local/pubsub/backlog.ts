import type { StoredMessage } from './message.ts';
import { createQueue, type Queue } from './queue.ts';
import { decideRetry } from './retry.ts';
import type { SubscriptionConfig } from './subscription-config.ts';
import { durationMs } from './wire.ts';

/** One delivery under way: acknowledge it, or it comes back. */
export type Lease = {
  readonly ackId: string;
  readonly message: StoredMessage;
  /** Number of this delivery, from 1. */
  readonly attempts: number;
  /** Epoch ms after which it counts as not acknowledged; Infinity where the holder keeps the time itself. */
  deadlineMs: number;
};

export type BacklogCounts = {
  backlogMessages: number;
  backlogBytes: number;
  inFlight: number;
  delivered: number;
  acked: number;
  nacked: number;
  expired: number;
  deadLettered: number;
  /** Older than the retention. */
  dropped: number;
};

/** What all subscriptions together keep; held against the emulator's limit before a publish is taken. */
export type BacklogUsage = { messages: number; bytes: number };

export type TakeOptions = {
  maxMessages: number;
  maxBytes: number;
  deadlineMs: number;
  /** Called once when a lease of this batch ends, however it ends. */
  onReleased?: (lease: Lease) => void;
};

export type BacklogOptions = {
  now: () => number;
  /** Read on every use, so that an updated policy takes effect at once. */
  config: () => SubscriptionConfig;
  nextAckId: () => string;
  usage: BacklogUsage;
  /** Publishes to the dead letter topic; false when it could not, and the message is redelivered instead. */
  deadLetter: (message: StoredMessage, topic: string, attempts: number) => boolean;
  /** Messages became deliverable. May be called often; must not take synchronously. */
  onReady: () => void;
};

export type Backlog = ReturnType<typeof createBacklog>;

type Entry = { message: StoredMessage; attempts: number; dueAtMs: number };
type HeldLease = Lease & { entry: Entry; onReleased: ((lease: Lease) => void) | undefined };

/** Timers are not set closer together than this: a sweep looks at every lease. */
const SWEEP_SPACING_MS = 10;

/**
 * The messages of one subscription: ready, out on a lease, waiting out a backoff, or (with ordering) behind an
 * earlier message of their key. A message is gone only once acknowledged, dead-lettered or past its retention.
 */
export function createBacklog(options: BacklogOptions) {
  const { now, config, usage } = options;
  const ready = createQueue<Entry>();
  const delayed = new Set<Entry>();
  const leases = new Map<string, HeldLease>();
  /** Per ordering key with a message under way: those that must wait for it. */
  const behindKey = new Map<string, Queue<Entry>>();
  const counts: BacklogCounts = {
    backlogMessages: 0,
    backlogBytes: 0,
    inFlight: 0,
    delivered: 0,
    acked: 0,
    nacked: 0,
    expired: 0,
    deadLettered: 0,
    dropped: 0,
  };
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Number.POSITIVE_INFINITY;

  /** Keeps messages just published. */
  function add(messages: StoredMessage[]): void {
    dropOutdated();
    for (const message of messages) {
      counts.backlogMessages += 1;
      counts.backlogBytes += message.bytes;
      usage.messages += 1;
      usage.bytes += message.bytes;
      const entry = { message, attempts: 0, dueAtMs: 0 };
      const queue = config().ordered && behindKey.get(message.orderingKey);
      if (queue) queue.push(entry);
      else {
        if (config().ordered && message.orderingKey) {
          behindKey.set(message.orderingKey, createQueue());
        }
        ready.push(entry);
      }
    }
    options.onReady();
  }

  /** Leases ready messages within the limits; always at least one if there is any and `maxMessages` allows it. */
  function take({ maxMessages, maxBytes, deadlineMs, onReleased }: TakeOptions): Lease[] {
    dropOutdated();
    const taken: Lease[] = [];
    let bytes = 0;
    while (taken.length < maxMessages) {
      const next = ready.peek();
      if (!next || (taken.length > 0 && bytes + next.message.bytes > maxBytes)) break;
      const entry = ready.shift()!;
      entry.attempts += 1;
      bytes += entry.message.bytes;
      const { message, attempts } = entry;
      const lease = {
        ackId: options.nextAckId(),
        message,
        attempts,
        deadlineMs,
        entry,
        onReleased,
      };
      leases.set(lease.ackId, lease);
      taken.push(lease);
    }
    counts.delivered += taken.length;
    if (taken.length > 0) wakeAt(deadlineMs);
    return taken;
  }

  /** Ends a delivery well; an unknown or outdated id is ignored, as in the service. */
  function ack(ackId: string): void {
    const lease = release(ackId);
    if (!lease) return;
    counts.acked += 1;
    forget(lease.entry);
  }

  /** Ends a delivery badly: redelivered by the retry policy, or dead-lettered. Unknown ids are ignored. */
  function nack(ackId: string): void {
    const lease = release(ackId);
    if (!lease) return;
    counts.nacked += 1;
    retry(lease.entry);
  }

  /** Moves a lease's deadline; unknown ids are ignored. */
  function extend(ackId: string, deadlineMs: number): void {
    const lease = leases.get(ackId);
    if (!lease) return;
    lease.deadlineMs = deadlineMs;
    wakeAt(deadlineMs);
  }

  /** Forgets everything and gives its share of the usage back; what is still on lease is not redelivered. */
  function close(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const ackId of [...leases.keys()]) release(ackId);
    usage.messages -= counts.backlogMessages;
    usage.bytes -= counts.backlogBytes;
    counts.backlogMessages = 0;
    counts.backlogBytes = 0;
    while (ready.shift());
    delayed.clear();
    behindKey.clear();
  }

  function release(ackId: string): HeldLease | undefined {
    const lease = leases.get(ackId);
    if (!lease) return undefined;
    leases.delete(ackId);
    lease.onReleased?.(lease);
    return lease;
  }

  function retry(entry: Entry): void {
    const { deadLetter, retry: policy } = config();
    let decision = decideRetry(entry.attempts, { deadLetter, retry: policy });
    if (decision.kind === 'dead-letter') {
      if (options.deadLetter(entry.message, decision.topic, entry.attempts)) {
        counts.deadLettered += 1;
        forget(entry);
        return;
      }
      decision = decideRetry(entry.attempts, { deadLetter: undefined, retry: policy });
    }
    const delayMs = decision.kind === 'redeliver' ? decision.delayMs : 0;
    if (delayMs === 0) {
      ready.push(entry);
      options.onReady();
      return;
    }
    entry.dueAtMs = now() + delayMs;
    delayed.add(entry);
    wakeAt(entry.dueAtMs);
  }

  function forget({ message }: Entry): void {
    counts.backlogMessages -= 1;
    counts.backlogBytes -= message.bytes;
    usage.messages -= 1;
    usage.bytes -= message.bytes;
    const queue = behindKey.get(message.orderingKey);
    if (!queue) return;
    const next = queue.shift();
    if (!next) behindKey.delete(message.orderingKey);
    else {
      ready.push(next);
      options.onReady();
    }
  }

  function dropOutdated(): void {
    const oldestMs = now() - durationMs(config().retention)!;
    for (let head = ready.peek(); head && head.message.publishTimeMs < oldestMs; ) {
      counts.dropped += 1;
      forget(ready.shift()!);
      head = ready.peek();
    }
  }

  function wakeAt(atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY || (timer && timerAtMs <= atMs)) return;
    clearTimeout(timer);
    timerAtMs = atMs;
    timer = setTimeout(sweep, Math.max(SWEEP_SPACING_MS, atMs - now()));
  }

  function sweep(): void {
    timer = undefined;
    const nowMs = now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lease of leases.values()) {
      if (lease.deadlineMs > nowMs) nextMs = Math.min(nextMs, lease.deadlineMs);
      else {
        release(lease.ackId);
        counts.expired += 1;
        retry(lease.entry);
      }
    }
    let woken = false;
    for (const entry of delayed) {
      if (entry.dueAtMs > nowMs) nextMs = Math.min(nextMs, entry.dueAtMs);
      else {
        delayed.delete(entry);
        ready.push(entry);
        woken = true;
      }
    }
    wakeAt(nextMs);
    if (woken) options.onReady();
  }

  return {
    add,
    take,
    ack,
    nack,
    extend,
    close,
    /** How many could be taken now. */
    get readyMessages() {
      return ready.length;
    },
    get counts(): BacklogCounts {
      return { ...counts, inFlight: leases.size };
    },
    /** Epoch ms the oldest ready message was published; `undefined` without one. */
    get oldestReadyMs() {
      return ready.peek()?.message.publishTimeMs;
    },
  };
}
