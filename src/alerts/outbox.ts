import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from '../cloud/redis.ts';
import { AppError } from '../core/errors.ts';
import { DAY_MS, parseInstant } from '../core/time.ts';
import type { Alert } from './alert.ts';
import type { AlertLog, ChannelRef } from './alert-log.ts';
import {
  type DeliveryState,
  foldDeliveries,
  type RecordedDelivery,
  rankOf,
} from './delivery-state.ts';
import { deliveryPrefix, deliverySuffix, outboxKeys } from './outbox-keys.ts';
import {
  ADVANCE,
  DECLARE_WHOLE,
  HEAD,
  KEEP_LOCK,
  LOCK,
  REMEMBER_SINCE,
  UNLOCK,
} from './outbox-scripts.ts';

/** An alert on its way to a channel. */
export type OutboxEntry = {
  alert: Alert;
  channel: ChannelRef & { kind?: string };
  state: DeliveryState;
};

/** The right to send to one channel of one workspace. */
export type ChannelLock = {
  workspaceId: string;
  channel: ChannelRef;
  token: string;
  /** What happened before (epoch ms) is known from the ledger alone. */
  memorySinceMs: number;
};

export type Outbox = ReturnType<typeof createOutbox>;

/** Longer than Pub/Sub keeps a message: whatever comes again is recognised. */
export const REMEMBERED_MS = 8 * DAY_MS;
/** Longer than the longest attempt. */
const CHANNEL_LOCK_MS = 30_000;
const REBUILD_LOCK_MS = 30_000;
const REBUILD_WAIT_MS = 20_000;
const REBUILD_POLL_MS = 50;
const MERGED_AT_ONCE = 500;
/** Longer than a copy lives: it is renewed with each of them. */
const MEMORY_MS = 4 * REMEMBERED_MS;

/**
 * Where the deliveries of the last eight days stand, in Redis, as a copy of the ledger that may vanish at any moment. A
 * delivery's states only ever move on, so that the copy can be merged with the ledger at any time and in any order.
 * Methods that must not work on half a copy throw `outbox_absent` (retryable); `ensureWhole` mends it. All reject while
 * Redis cannot be reached.
 */
export function createOutbox({
  redis,
  log,
  now,
  rebuildLockMs = REBUILD_LOCK_MS,
}: {
  redis: Redis;
  log: Pick<AlertLog, 'rows'>;
  /** Epoch milliseconds. */
  now: () => number;
  /** How long the lock of a rebuilder that died stays. */
  rebuildLockMs?: number;
}) {
  async function advance(
    entry: OutboxEntry,
    guard: Guard,
  ): Promise<{ kind: 'set' | 'kept'; state: DeliveryState } | { kind: 'absent' }> {
    const answer = (await redis.eval(ADVANCE, 3, ...advanceArgs(entry, guard))) as [
      string,
      string?,
    ];
    const [kind, value] = answer;
    if (kind === 'absent' || value === undefined) return { kind: 'absent' };
    return { kind: kind === 'set' ? 'set' : 'kept', state: parseStored(value).state };
  }

  /** One rebuilder at a time; whoever waits finds the work done. */
  async function takeRebuild(workspaceId: string): Promise<string | undefined> {
    const token = randomUUID();
    const deadline = Date.now() + REBUILD_WAIT_MS;
    const lock = outboxKeys.rebuild(workspaceId);
    while ((await redis.set(lock, token, 'PX', rebuildLockMs, 'NX')) !== 'OK') {
      if (await isWhole(workspaceId)) return undefined;
      if (Date.now() > deadline) throw outboxAbsent(workspaceId, 'is still being rebuilt');
      await delay(REBUILD_POLL_MS);
    }
    return token;
  }

  /** Takes over what the ledger knows better; a second call, or one with old knowledge, changes nothing. */
  async function merge(deliveries: readonly RecordedDelivery[]): Promise<void> {
    for (let start = 0; start < deliveries.length; start += MERGED_AT_ONCE) {
      const pipeline = redis.pipeline();
      for (const { alert, channel, state } of deliveries.slice(start, start + MERGED_AT_ONCE)) {
        if (alert === undefined) continue;
        pipeline.eval(ADVANCE, 3, ...advanceArgs({ alert, channel, state }, { kind: 'none' }));
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
    }
  }

  async function rememberSince(): Promise<number> {
    return Number(await redis.eval(REMEMBER_SINCE, 1, outboxKeys.memory, now(), MEMORY_MS));
  }

  async function isWhole(workspaceId: string): Promise<boolean> {
    return Number(await redis.exists(outboxKeys.whole(workspaceId))) === 1;
  }

  return {
    /**
     * Rebuilds the copy from the ledger unless it is whole; one does, the others wait for it. The ledger may show the
     * newest rows late: whoever holds a lock is told what may be missing (`memorySinceMs`). Throws (retryable) when Redis
     * or the ledger do not answer, or Redis lost its memory meanwhile.
     */
    async ensureWhole(workspaceId: string): Promise<void> {
      if (await isWhole(workspaceId)) return;
      const token = await takeRebuild(workspaceId);
      if (token === undefined) return;
      const lock = outboxKeys.rebuild(workspaceId);
      const keepLock = setInterval(() => {
        // Whether it is still ours is checked at the end.
        redis.eval(KEEP_LOCK, 1, lock, token, rebuildLockMs).catch(() => {});
      }, rebuildLockMs / 3);
      try {
        if (await isWhole(workspaceId)) return;
        const memorySinceMs = await rememberSince();
        // After the lock: whatever was done before Redis was lost is in the ledger by now.
        const rows = await log.rows({ workspaceId, fromMs: now() - REMEMBERED_MS });
        await merge(foldDeliveries(rows));
        const whole = outboxKeys.whole(workspaceId);
        const args = [token, REMEMBERED_MS, memorySinceMs];
        const done = await redis.eval(DECLARE_WHOLE, 2, lock, whole, ...args);
        if (Number(done) !== 1) {
          throw outboxAbsent(workspaceId, 'was lost while it was being rebuilt');
        }
      } finally {
        clearInterval(keepLock);
        await redis.eval(UNLOCK, 1, lock, token).catch(() => {});
      }
    },

    merge,

    /**
     * Since when Redis remembers (epoch ms): what happened since and was noted is there, what happened before may have been
     * lost with an earlier memory. Begins with the first call after a loss.
     */
    rememberSince,

    /** Where a delivery stands, or undefined when it is not known. */
    async stateOf(
      workspaceId: string,
      alertId: string,
      channel: ChannelRef,
    ): Promise<DeliveryState | undefined> {
      const value = await redis.get(outboxKeys.delivery(workspaceId, alertId, channel));
      return value === null ? undefined : parseStored(value).state;
    },

    /** Takes a delivery in unless it is known; its state. Throws `outbox_absent`. */
    async queue(entry: OutboxEntry): Promise<DeliveryState> {
      const answer = await advance(entry, { kind: 'whole' });
      if (answer.kind === 'absent') throw outboxAbsent(entry.alert.workspaceId, 'is not whole');
      return answer.state;
    },

    /** The right to send to a channel, or undefined while somebody else has it. Throws `outbox_absent`. */
    async lock(workspaceId: string, channel: ChannelRef): Promise<ChannelLock | undefined> {
      const token = randomUUID();
      const [kind, since] = (await redis.eval(
        LOCK,
        2,
        outboxKeys.whole(workspaceId),
        outboxKeys.lock(workspaceId, channel),
        token,
        CHANNEL_LOCK_MS,
      )) as [string, string?];
      if (kind === 'absent') throw outboxAbsent(workspaceId, 'is not whole');
      if (kind !== 'held') return undefined;
      return { workspaceId, channel, token, memorySinceMs: Number(since) };
    },

    /** Gives a lock back; harmless when it was lost. */
    async unlock({ workspaceId, channel, token }: ChannelLock): Promise<void> {
      await redis.eval(UNLOCK, 1, outboxKeys.lock(workspaceId, channel), token);
    },

    /** The channel's first delivery that is not over, by when the alerts were raised. */
    async head(workspaceId: string, channel: ChannelRef): Promise<OutboxEntry | undefined> {
      const value = await redis.eval(
        HEAD,
        1,
        outboxKeys.queue(workspaceId, channel),
        deliveryPrefix(workspaceId),
        deliverySuffix(channel),
      );
      if (typeof value !== 'string') return undefined;
      return parseStored(value) as OutboxEntry;
    },

    /**
     * Marks an attempt as begun and prolongs the lock for it. False, and nothing done, when the lock was lost or another
     * attempt came first: then nothing may be sent.
     */
    async begin(lock: ChannelLock, entry: OutboxEntry): Promise<boolean> {
      const key = outboxKeys.lock(lock.workspaceId, lock.channel);
      const answer = await advance(entry, { kind: 'token', key, token: lock.token });
      return answer.kind === 'set';
    },

    /** Notes what came of an attempt, whoever holds the lock by now. */
    async note(entry: OutboxEntry): Promise<void> {
      await advance(entry, { kind: 'none' });
    },
  };
}

type Guard = { kind: 'none' } | { kind: 'whole' } | { kind: 'token'; key: string; token: string };

/** The keys of `ADVANCE` and its arguments. */
function advanceArgs({ alert, channel, state }: OutboxEntry, guard: Guard): (string | number)[] {
  const { workspaceId, id } = alert;
  const isOver = state.phase === 'ended' && state.recorded;
  // Nobody asks again what an alert said that is over.
  const stored: Stored = isOver ? { state } : { state, alert, channel };
  const rank = rankOf(state);
  return [
    outboxKeys.delivery(workspaceId, id, channel),
    outboxKeys.queue(workspaceId, channel),
    guard.kind === 'token' ? guard.key : outboxKeys.whole(workspaceId),
    guard.kind === 'token' ? guard.token : guard.kind,
    CHANNEL_LOCK_MS,
    rank,
    `${rank}|${JSON.stringify(stored)}`,
    REMEMBERED_MS,
    id,
    parseInstant(alert.raisedAt) ?? 0,
    isOver ? 1 : 0,
  ];
}

/** Of a delivery that is over only its state is kept. */
type Stored = { state: DeliveryState } & Partial<Omit<OutboxEntry, 'state'>>;

function parseStored(value: string): Stored {
  return JSON.parse(value.slice(value.indexOf('|') + 1)) as Stored;
}

/** What says that the copy cannot be worked with, and why; retryable, `ensureWhole` mends it. */
export function outboxAbsent(workspaceId: string, what: string): AppError {
  return new AppError({
    code: 'outbox_absent',
    message: `The copy of the deliveries of ${workspaceId} in Redis ${what}`,
    publicMessage: 'The deliveries are being rebuilt.',
    retryable: true,
  });
}
