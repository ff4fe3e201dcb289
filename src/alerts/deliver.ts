import { setTimeout as delay } from 'node:timers/promises';
import { Compile } from 'typebox/compile';
import type { Warehouse } from '../cloud/bigquery.ts';
import type { PushedMessage } from '../cloud/push.ts';
import type { Redis } from '../cloud/redis.ts';
import { AppError, errorMessage } from '../core/errors.ts';
import { MINUTE_MS, parseInstant } from '../core/time.ts';
import { type Alert, AlertSchema } from './alert.ts';
import { type ChannelRef, createAlertLog } from './alert-log.ts';
import { foldDeliveries } from './delivery-state.ts';
import { createChannelDrain, type DeliveryReport, type Send } from './drain.ts';
import { createOutbox, outboxAbsent, REMEMBERED_MS } from './outbox.ts';
import { createQueueing } from './queueing.ts';
import type { Channel } from './routing.ts';

/** What became of a message of the topic `alerts`. Only `waiting` must come again. */
export type DeliveryOutcome =
  | { kind: 'done'; deliveries: number }
  | { kind: 'dropped'; reason: 'malformed' | 'stale' }
  /** Deliveries that have not ended yet, and when the next of them is due (epoch ms). */
  | { kind: 'waiting'; waiting: number; nextAttemptAtMs: number };

/** What a scheduled run found. */
export type DrainReport = {
  /** With something to deliver, those included whose turn did not come in time. */
  workspaces: number;
  /** Channels that still have something to send, because it is not due or somebody else sends. */
  waitingChannels: number;
  failed: { workspaceId: string; reason: string }[];
};

export type Delivery = ReturnType<typeof createDelivery>;

/** A call waits and tries again for this long at the most: others wait for their turn. */
const CALL_MS = 5_000;
const BUSY_POLL_MS = [25, 50, 100, 200, 400];
const RUN_MS = 45_000;
const WORKSPACES_AT_ONCE = 8;
/** When the message of an alert that no delivery heard of counts as lost. */
const OVERDUE_MS = MINUTE_MS;
const OUTBOX_ATTEMPTS = 3;

/**
 * The way of an alert from the topic to its channels. For each message:
 *
 * 1. Parse. What is not an alert is dropped with a word in the log: it would be so for ever.
 * 2. Route it to the channels that take it, as they are now.
 * 3. Queue: in the ledger, then in Redis. From here on the schedule finishes it should nobody come again.
 * 4. Drain each of its channels, in order and one message at a time, all channels at once. Every attempt is in the
 *    ledger before it is made, and its end afterwards (`createChannelDrain`).
 * 5. `done` once every delivery of it has ended; else `waiting`, with the time to call again. Short waits are waited here.
 *
 * `deliver` and `drain` may run any number of times, anywhere, at once, with Redis lost in between: a message is sent a
 * second time only when nobody can know whether the first arrived, and that is counted (ADR 11 names what is left). Both
 * throw (retryable) when Redis or the ledger do not answer.
 */
export function createDelivery(options: {
  redis: Redis;
  warehouse: Pick<Warehouse, 'query' | 'insert'>;
  channels: (workspaceId: string) => Promise<Channel[]>;
  send: Send;
  onReport: (report: DeliveryReport) => void;
  /** Epoch milliseconds. */
  now: () => number;
  wait?: (ms: number) => Promise<unknown>;
  /** How long a call of `deliver` may wait and try again, in milliseconds. */
  callMs?: number;
}) {
  const { redis, warehouse, channels, send, onReport, now, wait = delay } = options;
  const { callMs = CALL_MS } = options;
  const log = createAlertLog({ warehouse });
  const outbox = createOutbox({ redis, log, now });
  const drainChannel = createChannelDrain({ outbox, log, channels, send, onReport, now });
  const queue = createQueueing({ outbox, log, channels, now });
  const schema = Compile(AlertSchema);

  function parse({ messageId, data }: PushedMessage): Alert | undefined {
    const drop = (reason: string): undefined => {
      onReport({ kind: 'malformed', messageId, reason });
      return undefined;
    };
    let value: unknown;
    try {
      value = JSON.parse(data.toString('utf8'));
    } catch (error) {
      return drop(`data is not JSON: ${errorMessage(error)}`);
    }
    if (!schema.Check(value)) {
      const [first] = schema.Errors(value);
      return drop(`data is not an alert: ${first?.instancePath} ${first?.message}`);
    }
    if (parseInstant(value.raisedAt) === undefined) return drop('raisedAt is not an instant');
    return value;
  }

  /** Drains one channel until this alert has arrived there or must wait for longer than this call does. */
  async function settle(alert: Alert, channel: ChannelRef, untilMs: number) {
    const { workspaceId, id } = alert;
    for (let polls = 0; ; polls += 1) {
      const drained = await drainChannel(workspaceId, channel, untilMs);
      const state = await outbox.stateOf(workspaceId, id, channel);
      if (state === undefined) throw outboxAbsent(workspaceId, 'was lost during a delivery');
      if (state.phase === 'ended' && state.recorded) return undefined;
      const pollMs = BUSY_POLL_MS[Math.min(polls, BUSY_POLL_MS.length - 1)]!;
      const waitMs =
        drained.kind === 'waiting' ? Math.max(1, drained.nextAttemptAtMs - now()) : pollMs;
      if (now() + waitMs >= untilMs) return now() + waitMs;
      await wait(waitMs);
    }
  }

  async function deliverAlert(alert: Alert): Promise<DeliveryOutcome> {
    const untilMs = now() + callMs;
    await outbox.ensureWhole(alert.workspaceId);
    const refs = await queue(alert);
    const ends = await Promise.allSettled(refs.map((ref) => settle(alert, ref, untilMs)));
    const due: number[] = [];
    for (const end of ends) {
      if (end.status === 'rejected') throw end.reason;
      if (end.value !== undefined) due.push(end.value);
    }
    if (due.length === 0) return { kind: 'done', deliveries: refs.length };
    return { kind: 'waiting', waiting: due.length, nextAttemptAtMs: Math.min(...due) };
  }

  /** Whether a channel of the workspace still has something to send is counted; a failure is thrown after all had their turn. */
  async function drainWorkspace(workspaceId: string, untilMs: number): Promise<number> {
    const fromMs = now() - REMEMBERED_MS;
    await outbox.ensureWhole(workspaceId);
    const rows = await log.rows({ workspaceId, fromMs });
    const deliveries = foldDeliveries(rows);
    await outbox.merge(deliveries);
    const refs = new Map<string, ChannelRef>();
    const want = ({ scope, id }: ChannelRef) => refs.set(`${scope}/${id}`, { scope, id });
    for (const alert of neverRouted(rows, now() - OVERDUE_MS)) (await queue(alert)).forEach(want);
    for (const { channel, state } of deliveries) if (state.phase !== 'ended') want(channel);
    const ends = await Promise.allSettled(
      [...refs.values()].map((ref) => drainChannel(workspaceId, ref, untilMs)),
    );
    let waiting = 0;
    for (const end of ends) {
      if (end.status === 'rejected') throw end.reason;
      if (end.value.kind !== 'empty') waiting += 1;
    }
    return waiting;
  }

  return {
    /**
     * Notes since when Redis remembers, unless it knows. Best called whenever Redis can be reached again: the sooner, the
     * fewer alerts wait for the ledger to catch up. Throws when Redis does not answer; safe to call at any time.
     */
    async markMemory(): Promise<void> {
      await outbox.rememberSince();
    },

    /** Delivers one message of the topic; answers when all is done, or when it must be called again. */
    async deliver(message: PushedMessage): Promise<DeliveryOutcome> {
      const alert = parse(message);
      if (alert === undefined) return { kind: 'dropped', reason: 'malformed' };
      const { id: alertId, workspaceId } = alert;
      // Whether it was delivered is forgotten by now; speaking of it again would be no news.
      if (now() - parseInstant(alert.raisedAt)! > REMEMBERED_MS - MINUTE_MS) {
        onReport({ kind: 'stale', alertId, workspaceId });
        return { kind: 'dropped', reason: 'stale' };
      }
      return withOutbox(() => deliverAlert(alert));
    },

    /**
     * Delivers what is left over anywhere: what must be tried again, and alerts whose message was lost. One workspace's
     * trouble is its own. Begins nothing after 45 seconds; the next run goes on.
     */
    async drain(): Promise<DrainReport> {
      const untilMs = now() + RUN_MS;
      const fromMs = now() - REMEMBERED_MS;
      const workspaces = await log.unfinished({ fromMs, raisedBeforeMs: now() - OVERDUE_MS });
      const report: DrainReport = {
        workspaces: workspaces.length,
        waitingChannels: 0,
        failed: [],
      };
      const waiting = workspaces.values();
      const work = async (): Promise<void> => {
        for (const workspaceId of waiting) {
          if (now() >= untilMs) break;
          try {
            report.waitingChannels += await withOutbox(() => drainWorkspace(workspaceId, untilMs));
          } catch (error) {
            onReport({ kind: 'workspace-failed', workspaceId, error });
            report.failed.push({ workspaceId, reason: errorMessage(error) });
          }
        }
      };
      await Promise.all(Array.from({ length: WORKSPACES_AT_ONCE }, work));
      return report;
    },
  };
}

/** Starts over when Redis lost its memory on the way. */
async function withOutbox<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const isLost = error instanceof AppError && error.code === 'outbox_absent';
      if (!isLost || attempt === OUTBOX_ATTEMPTS) throw error;
    }
  }
}

/** The alerts that were raised before then and that no later row speaks of. */
function neverRouted(
  rows: readonly { alertId: string; event: string; happenedAt: string; alert: string | null }[],
  beforeMs: number,
): Alert[] {
  const routed = new Set(rows.filter(({ event }) => event !== 'raised').map((row) => row.alertId));
  const found = new Map<string, Alert>();
  for (const { alertId, alert, happenedAt } of rows) {
    if (routed.has(alertId) || alert === null || found.has(alertId)) continue;
    if ((parseInstant(happenedAt) ?? 0) < beforeMs) found.set(alertId, JSON.parse(alert) as Alert);
  }
  return [...found.values()];
}
