import type { SendResult } from '../cloud/sending.ts';
import { errorMessage } from '../core/errors.ts';
import { parseInstant } from '../core/time.ts';
import type { Alert } from './alert.ts';
import type { AlertLog, ChannelRef, DeliveryStep } from './alert-log.ts';
import { type NextStep, nextStep, stateAfter } from './attempts.ts';
import { type DeliveryState, foldDeliveries, rankOf } from './delivery-state.ts';
import {
  type ChannelLock,
  type Outbox,
  type OutboxEntry,
  outboxAbsent,
  REMEMBERED_MS,
} from './outbox.ts';
import type { Channel } from './routing.ts';

/** What is worth a line in the log. `messages` are about one delivery unless they say otherwise. */
export type DeliveryReport =
  | { kind: 'malformed'; messageId: string; reason: string }
  | { kind: 'stale'; alertId: string; workspaceId: string }
  | {
      kind: 'sent' | 'failed' | 'parked' | 'skipped' | 'ambiguous';
      workspaceId: string;
      alertId: string;
      channelScope: string;
      channelId: string;
      attempt: number;
      /** How many attempts of the delivery may have repeated a message that had arrived. */
      ambiguous: number;
      detail?: string;
    }
  | { kind: 'workspace-failed'; workspaceId: string; error: unknown };

/** Sends an alert to a channel, in at most 20 seconds. */
export type Send = (alert: Alert, channel: Channel) => Promise<SendResult>;

/** Where a channel's queue was left, and why. */
export type Drained =
  | { kind: 'empty' }
  | { kind: 'busy'; reason: 'somebody-else-sends' }
  | {
      kind: 'waiting';
      nextAttemptAtMs: number;
      reason: 'under-way' | 'backoff' | 'ledger-settles' | 'out-of-time';
    };

export type DrainOptions = {
  outbox: Outbox;
  log: AlertLog;
  /** The channels of a workspace and of the platform as of now. */
  channels: (workspaceId: string) => Promise<Channel[]>;
  send: Send;
  onReport: (report: DeliveryReport) => void;
  /** Epoch milliseconds. */
  now: () => number;
};

/**
 * Sends what waits for one channel, one after another, oldest alert first. What must wait holds back what comes after it,
 * so that order is kept. Begins nothing after `untilMs` (epoch ms). Throws (retryable) when Redis or the ledger do not
 * answer; what was sent by then is known to at least one of them.
 */
export function createChannelDrain({ outbox, log, channels, send, onReport, now }: DrainOptions) {
  async function drainLocked(lock: ChannelLock, untilMs: number): Promise<Drained> {
    const { workspaceId, channel, memorySinceMs } = lock;
    for (;;) {
      const entry = await outbox.head(workspaceId, channel);
      if (entry === undefined) return { kind: 'empty' };
      const raisedAtMs = parseInstant(entry.alert.raisedAt) ?? 0;
      const step = nextStep(entry.state, { raisedAtMs, memorySinceMs, nowMs: now() });
      if (step.kind === 'wait') {
        return { kind: 'waiting', nextAttemptAtMs: step.untilMs, reason: step.reason };
      }
      if (step.kind === 'attempt') {
        if (now() >= untilMs) {
          return { kind: 'waiting', nextAttemptAtMs: now(), reason: 'out-of-time' };
        }
        if (step.askLedger && (await ledgerKnewMore(entry))) continue;
        if (!(await attempt(lock, entry, step))) {
          return { kind: 'busy', reason: 'somebody-else-sends' };
        }
      } else {
        const end = step.kind === 'park' ? parked(entry.state, step.detail, now()) : entry.state;
        await finish({ ...entry, state: end });
      }
    }
  }

  /**
   * A later step may have reached the ledger though Redis did not hear of it, or lost it. When true Redis knows it by now,
   * so that whoever looks again finds another state.
   */
  async function ledgerKnewMore({ alert, channel, state }: OutboxEntry): Promise<boolean> {
    const { workspaceId, id } = alert;
    const fromMs = now() - REMEMBERED_MS;
    const rows = await log.rows({ workspaceId, fromMs, alertIds: [id] });
    const later = foldDeliveries(rows).find(
      (one) =>
        one.channel.scope === channel.scope &&
        one.channel.id === channel.id &&
        rankOf(one.state) > rankOf(state),
    );
    if (later === undefined) return false;
    await outbox.merge([{ ...later, alert }]);
    const merged = await outbox.stateOf(workspaceId, id, channel);
    if (merged === undefined || rankOf(merged) <= rankOf(state)) {
      throw outboxAbsent(workspaceId, 'did not keep what the ledger knows');
    }
    return true;
  }

  /**
   * One attempt:
   *
   * 1. Look the channel up as it is now; one that is gone is skipped.
   * 2. Record that an attempt begins. From here on a crash leaves a trace: the next attempt is ambiguous.
   * 3. Note it in Redis, if the lock is still ours: whoever took it since has read 2, or will.
   * 4. Send.
   * 5. Note in Redis what came of it, then in the ledger. A crash before is an ambiguous attempt, after it is known.
   *
   * False, and nothing sent, when the lock was lost.
   */
  async function attempt(
    lock: ChannelLock,
    entry: OutboxEntry,
    step: Extract<NextStep, { kind: 'attempt' }>,
  ): Promise<boolean> {
    const { alert, channel, state: before } = entry;
    const known = await channels(alert.workspaceId);
    const target = known.find((one) => one.scope === channel.scope && one.id === channel.id);
    if (target === undefined) {
      await finish({ ...entry, state: skipped(before, now()) });
      return true;
    }
    const ambiguous = ambiguousOf(before) + (step.doubt ? 1 : 0);
    const sending = {
      phase: 'sending' as const,
      attempt: step.attempt,
      startedAtMs: now(),
      doubt: step.doubt,
      ambiguous,
    };
    const begun: OutboxEntry = {
      alert,
      channel: { scope: channel.scope, id: channel.id, kind: target.body.target.kind },
      state: sending,
    };
    await log.append([stepOf(begun)]);
    if (!(await outbox.begin(lock, begun))) return false;
    if (step.doubt) report('ambiguous', begun);
    const result = await send(alert, target).catch((error: unknown): SendResult => {
      const detail = `it could not be sent: ${errorMessage(error)}`;
      return { kind: 'failed', retryable: true, ambiguous: true, detail };
    });
    await finish({ ...begun, state: stateAfter(sending, result, now()) });
    return true;
  }

  /** Notes a state in Redis, and in the ledger even when Redis is away; an end is over once both know it. */
  async function finish(entry: OutboxEntry): Promise<void> {
    const noted = await Promise.allSettled([outbox.note(entry)]);
    await log.append([stepOf(entry)]);
    const { state } = entry;
    if (state.phase === 'ended') {
      await outbox.note({ ...entry, state: { ...state, recorded: true } });
      report(state.event, entry);
    } else if (state.phase === 'failed') {
      report('failed', entry);
    }
    if (noted[0].status === 'rejected') throw noted[0].reason;
  }

  function report(
    kind: 'sent' | 'failed' | 'parked' | 'skipped' | 'ambiguous',
    { alert, channel, state }: OutboxEntry,
  ): void {
    onReport({
      kind,
      workspaceId: alert.workspaceId,
      alertId: alert.id,
      channelScope: channel.scope,
      channelId: channel.id,
      attempt: state.phase === 'queued' ? 0 : state.attempt,
      ambiguous: ambiguousOf(state),
      ...('detail' in state ? { detail: state.detail } : {}),
    });
  }

  return async function drainChannel(
    workspaceId: string,
    channel: ChannelRef,
    untilMs: number,
  ): Promise<Drained> {
    const lock = await outbox.lock(workspaceId, channel);
    if (lock === undefined) return { kind: 'busy', reason: 'somebody-else-sends' };
    try {
      return await drainLocked(lock, untilMs);
    } finally {
      // It ends by itself when Redis does not answer.
      await outbox.unlock(lock).catch(() => {});
    }
  };
}

function ambiguousOf(state: DeliveryState): number {
  return state.phase === 'queued' ? 0 : state.ambiguous;
}

/** The row of the ledger that says so. */
function stepOf({ alert, channel, state }: OutboxEntry): DeliveryStep {
  if (state.phase === 'queued') throw new Error('a queued delivery is recorded where it is queued');
  const { attempt, doubt: ambiguous } = state;
  const head = { alert, channel, attempt, ambiguous };
  if (state.phase === 'sending') return { ...head, event: 'sending', atMs: state.startedAtMs };
  if (state.phase === 'ended') {
    return { ...head, event: state.event, atMs: state.atMs, detail: state.detail };
  }
  const { atMs, nextAttemptAtMs, mayHaveArrived, detail } = state;
  return { ...head, event: 'failed', ambiguous: mayHaveArrived, atMs, nextAttemptAtMs, detail };
}

function ended(before: DeliveryState, atMs: number) {
  const attempts = before.phase === 'queued' ? 0 : before.attempt;
  const ambiguous = ambiguousOf(before);
  const doubt = before.phase !== 'queued' && (before.doubt || before.phase === 'sending');
  return { phase: 'ended', attempt: attempts, atMs, doubt, ambiguous, recorded: false } as const;
}

function parked(before: DeliveryState, detail: string, atMs: number): DeliveryState {
  return { ...ended(before, atMs), event: 'parked', detail };
}

function skipped(before: DeliveryState, atMs: number): DeliveryState {
  return { ...ended(before, atMs), event: 'skipped', detail: 'the channel is gone' };
}
