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
import { ADVANCE, DECLARE_WHOLE, HEAD, LOCK, UNLOCK } from './outbox-scripts.ts';

/** An alert on its way to a channel. */
export type OutboxEntry = {
  alert: Alert;
  channel: ChannelRef & { kind?: string };
  state: DeliveryState;
};

/** The right to send to one channel of one workspace. */
export type ChannelLock = { workspaceId: string; channel: ChannelRef; token: string };

export type Outbox = ReturnType<typeof createOutbox>;

/** Longer than Pub/Sub keeps a message: whatever comes again is recognised. */
export const REMEMBERED_MS = 8 * DAY_MS;
/** Longer than the longest attempt. */
export const CHANNEL_LOCK_MS = 30_000;
const REBUILD_LOCK_MS = 30_000;
const REBUILD_WAIT_MS = 20_000;
const REBUILD_POLL_MS = 50;

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
}: {
  redis: Redis;
  log: Pick<AlertLog, 'rows'>;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  async function advance(
    { alert, channel, state }: OutboxEntry,
    guard: { kind: 'none' } | { kind: 'whole' } | { kind: 'token'; key: string; token: string },
  ): Promise<{ kind: 'set' | 'kept'; state: DeliveryState } | { kind: 'absent' }> {
    const { workspaceId, id } = alert;
    const isOver = state.phase === 'ended' && state.recorded;
    // Nobody asks again what an alert said that is over.
    const stored: Stored = isOver ? { state } : { state, alert, channel };
    const rank = rankOf(state);
    const answer = (await redis.eval(
      ADVANCE,
      3,
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
    )) as [string, string?];
    const [kind, value] = answer;
    if (kind === 'absent' || value === undefined) return { kind: 'absent' };
    return { kind: kind === 'set' ? 'set' : 'kept', state: parseStored(value).state };
  }

  /** One rebuilder at a time; whoever waits finds the work done. */
  async function takeRebuild(workspaceId: string): Promise<string | undefined> {
    const token = randomUUID();
    const deadline = Date.now() + REBUILD_WAIT_MS;
    const lock = outboxKeys.rebuild(workspaceId);
    while ((await redis.set(lock, token, 'PX', REBUILD_LOCK_MS, 'NX')) !== 'OK') {
      if (await isWhole(workspaceId)) return undefined;
      if (Date.now() > deadline) throw absent(workspaceId, 'is still being rebuilt');
      await delay(REBUILD_POLL_MS);
    }
    return token;
  }

  /** Takes over what the ledger knows better; a second call, or one with old knowledge, changes nothing. */
  async function merge(deliveries: readonly RecordedDelivery[]): Promise<void> {
    for (const { alert, channel, state } of deliveries) {
      if (alert !== undefined) await advance({ alert, channel, state }, { kind: 'none' });
    }
  }

  async function isWhole(workspaceId: string): Promise<boolean> {
    return Number(await redis.exists(outboxKeys.whole(workspaceId))) === 1;
  }

  return {
    /**
     * Rebuilds the copy from the ledger unless it is whole; one does, the others wait for it. Throws (retryable) when
     * Redis or the ledger do not answer, or Redis lost its memory meanwhile.
     */
    async ensureWhole(workspaceId: string): Promise<void> {
      if (await isWhole(workspaceId)) return;
      const token = await takeRebuild(workspaceId);
      if (token === undefined) return;
      const lock = outboxKeys.rebuild(workspaceId);
      try {
        if (await isWhole(workspaceId)) return;
        // After the lock: whatever was done before Redis was lost is in the ledger by now.
        const rows = await log.rows({ workspaceId, fromMs: now() - REMEMBERED_MS });
        await merge(foldDeliveries(rows));
        const whole = outboxKeys.whole(workspaceId);
        const done = await redis.eval(DECLARE_WHOLE, 2, lock, whole, token, REMEMBERED_MS);
        if (Number(done) !== 1) throw absent(workspaceId, 'was lost while it was being rebuilt');
      } finally {
        await redis.eval(UNLOCK, 1, lock, token).catch(() => {});
      }
    },

    merge,

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
      if (answer.kind === 'absent') throw absent(entry.alert.workspaceId, 'is not whole');
      return answer.state;
    },

    /** The right to send to a channel, or undefined while somebody else has it. Throws `outbox_absent`. */
    async lock(workspaceId: string, channel: ChannelRef): Promise<ChannelLock | undefined> {
      const token = randomUUID();
      const answer = await redis.eval(
        LOCK,
        2,
        outboxKeys.whole(workspaceId),
        outboxKeys.lock(workspaceId, channel),
        token,
        CHANNEL_LOCK_MS,
      );
      if (answer === 'absent') throw absent(workspaceId, 'is not whole');
      return answer === 'held' ? { workspaceId, channel, token } : undefined;
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

/** Of a delivery that is over only its state is kept. */
type Stored = { state: DeliveryState } & Partial<Omit<OutboxEntry, 'state'>>;

function parseStored(value: string): Stored {
  return JSON.parse(value.slice(value.indexOf('|') + 1)) as Stored;
}

function absent(workspaceId: string, what: string): AppError {
  return new AppError({
    code: 'outbox_absent',
    message: `The copy of the deliveries of ${workspaceId} in Redis ${what}`,
    publicMessage: 'The deliveries are being rebuilt.',
    retryable: true,
  });
}
