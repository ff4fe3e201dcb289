import { parseInstant } from '../core/time.ts';
import type { Alert } from './alert.ts';
import type { AlertRow, ChannelRef } from './alert-log.ts';

/** How a delivery ended: `parked` was given up, `skipped` has no channel any more. */
export type DeliveryEnd = 'sent' | 'parked' | 'skipped';

/**
 * Where the delivery of one alert to one channel stands. `doubt`: an attempt ended with nobody seeing how, so that every
 * later one may repeat a message that had arrived; `ambiguous` counts those that may have done so, without the ones that
 * are known to have failed. `recorded`: the ledger has its end.
 */
export type DeliveryState =
  | { phase: 'queued' }
  | {
      phase: 'sending';
      attempt: number;
      startedAtMs: number;
      /** Whether this attempt may repeat one that had arrived. */
      doubt: boolean;
      ambiguous: number;
    }
  | {
      phase: 'failed';
      attempt: number;
      atMs: number;
      nextAttemptAtMs: number;
      /** Whether this attempt itself may have arrived all the same. */
      mayHaveArrived: boolean;
      doubt: boolean;
      ambiguous: number;
      detail: string;
    }
  | {
      phase: 'ended';
      event: DeliveryEnd;
      attempt: number;
      atMs: number;
      /** Of the last attempt. */
      doubt: boolean;
      ambiguous: number;
      detail?: string;
      recorded: boolean;
    };

const ENDED_RANK = 1_000_000_000;

/**
 * How far a delivery is: of two states of the same delivery the one of the higher rank is the later one, so that states
 * can be merged in any order. An end that the ledger knows comes after one it does not know.
 */
export function rankOf(state: DeliveryState): number {
  if (state.phase === 'queued') return 0;
  if (state.phase === 'ended') return ENDED_RANK + (state.recorded ? 1 : 0);
  return state.attempt * 2 + (state.phase === 'failed' ? 1 : 0);
}

/** A delivery as the ledger tells it. */
export type RecordedDelivery = {
  channel: ChannelRef & { kind: string | undefined };
  alertId: string;
  raisedAtMs: number;
  /** As it was when it was queued. */
  alert: Alert | undefined;
  state: DeliveryState;
  /** When its newest step happened, epoch ms. */
  lastAtMs: number;
};

/** Where every delivery stands, from the rows of any number of alerts in any order, repeats included. Pure. */
export function foldDeliveries(rows: readonly AlertRow[]): RecordedDelivery[] {
  const groups = new Map<string, AlertRow[]>();
  for (const row of rows) {
    if (row.channelScope === null || row.channelId === null) continue;
    const name = `${row.alertId}/${row.channelScope}/${row.channelId}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups.values()].map(foldOne);
}

function foldOne(rows: readonly AlertRow[]): RecordedDelivery {
  const attempts = new Map<number, { sending?: AlertRow; failed?: AlertRow }>();
  let end: AlertRow | undefined;
  for (const row of rows) {
    if (row.event === 'sent' || row.event === 'parked' || row.event === 'skipped') {
      // One that was sent was sent, whoever gave it up at the same time.
      if (end === undefined || row.event === 'sent') end = row;
    } else if (row.event === 'sending' || row.event === 'failed') {
      const attempt = Number(row.attempt ?? 1);
      attempts.set(attempt, { ...attempts.get(attempt), [row.event]: row });
    }
  }
  const first = rows[0]!;
  const queued = rows.find((row) => row.alert !== null);
  return {
    channel: {
      scope: first.channelScope!,
      id: first.channelId!,
      kind: rows.find((row) => row.channelKind !== null)?.channelKind ?? undefined,
    },
    alertId: first.alertId,
    raisedAtMs: timeOf(first.raisedAt),
    alert: queued === undefined ? undefined : (JSON.parse(queued.alert!) as Alert),
    state: stateOf(attempts, end),
    lastAtMs: Math.max(...rows.map((row) => timeOf(row.happenedAt))),
  };
}

function stateOf(
  attempts: ReadonlyMap<number, { sending?: AlertRow; failed?: AlertRow }>,
  end: AlertRow | undefined,
): DeliveryState {
  const ambiguous = [...attempts.values()].filter(
    ({ sending, failed }) => sending?.ambiguous === true && failed?.ambiguous !== false,
  ).length;
  const numbers = [...attempts.keys()];
  if (end !== undefined) {
    return {
      phase: 'ended',
      event: end.event as DeliveryEnd,
      attempt: Number(end.attempt ?? Math.max(0, ...numbers)),
      atMs: timeOf(end.happenedAt),
      doubt: end.ambiguous ?? false,
      ambiguous,
      detail: end.detail ?? undefined,
      recorded: true,
    };
  }
  if (numbers.length === 0) return { phase: 'queued' };
  const attempt = Math.max(...numbers);
  const { sending, failed } = attempts.get(attempt)!;
  const doubt =
    [...attempts.values()].some(
      (one) => one.sending?.ambiguous === true || one.failed?.ambiguous === true,
    ) || [...attempts].some(([number, one]) => number < attempt && one.failed === undefined);
  if (failed === undefined) {
    return {
      phase: 'sending',
      attempt,
      startedAtMs: timeOf(sending!.happenedAt),
      doubt,
      ambiguous,
    };
  }
  return {
    phase: 'failed',
    attempt,
    atMs: timeOf(failed.happenedAt),
    nextAttemptAtMs: timeOf(failed.nextAttemptAt ?? failed.happenedAt),
    mayHaveArrived: failed.ambiguous ?? false,
    doubt,
    ambiguous,
    detail: failed.detail ?? '',
  };
}

function timeOf(text: string): number {
  return parseInstant(text) ?? 0;
}
