import type { SendResult } from '../cloud/sending.ts';
import { HOUR_MS, MINUTE_MS } from '../core/time.ts';
import type { DeliveryState } from './delivery-state.ts';

/** How long an attempt may be under way before it counts as one whose end nobody saw. */
const LONGEST_ATTEMPT_MS = 30_000;
/** What has not arrived this long after it was raised is given up. */
export const GIVE_UP_AFTER_MS = 6 * HOUR_MS;
/** How many messages may be repeats of one that had arrived before it is given up. */
const MAX_AMBIGUOUS_ATTEMPTS = 20;
/** Until queries show what was streamed into BigQuery before: a few seconds by its documentation. */
export const LEDGER_SETTLES_MS = 10_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 5 * MINUTE_MS;
const LONGEST_RETRY_AFTER_MS = HOUR_MS;

/** What is to be done next about a delivery, and why. */
export type NextStep =
  | { kind: 'none'; reason: 'over' }
  | { kind: 'record'; reason: 'end-not-in-ledger' }
  | { kind: 'wait'; untilMs: number; reason: 'under-way' | 'backoff' | 'ledger-settles' }
  | { kind: 'park'; reason: 'too-late' | 'too-often-ambiguous'; detail: string }
  | {
      kind: 'attempt';
      attempt: number;
      /** Whether the message may have arrived before. */
      doubt: boolean;
      /** Whether the ledger may know a later step of it, and is to be asked before. */
      askLedger: boolean;
      reason: 'first' | 'again' | 'end-unseen';
    };

/**
 * Decides what is next, for an alert raised at `raisedAtMs`. What happened before `memorySinceMs` Redis has from the ledger
 * alone, which may not have shown all of it: an attempt that could have been made before waits until the ledger shows
 * everything, and is to be looked for there. Pure; all times epoch ms.
 */
export function nextStep(
  state: DeliveryState,
  times: { raisedAtMs: number; memorySinceMs: number; nowMs: number },
): NextStep {
  const { raisedAtMs, memorySinceMs, nowMs } = times;
  if (state.phase === 'ended') {
    if (state.recorded) return { kind: 'none', reason: 'over' };
    return { kind: 'record', reason: 'end-not-in-ledger' };
  }
  if (state.phase === 'sending') {
    const overAtMs = state.startedAtMs + Math.max(LONGEST_ATTEMPT_MS, backoffMs(state.attempt));
    if (nowMs < overAtMs) return { kind: 'wait', untilMs: overAtMs, reason: 'under-way' };
  }
  const late = nowMs - raisedAtMs > GIVE_UP_AFTER_MS;
  if (late) {
    const last = state.phase === 'failed' ? `; at last: ${state.detail}` : '';
    const detail = `not delivered within ${GIVE_UP_AFTER_MS / HOUR_MS} hours${last}`;
    return { kind: 'park', reason: 'too-late', detail };
  }
  const shownAtMs = memorySinceMs + LEDGER_SETTLES_MS;
  const settles = { kind: 'wait', untilMs: shownAtMs, reason: 'ledger-settles' } as const;
  if (state.phase === 'queued') {
    const askLedger = raisedAtMs <= memorySinceMs;
    if (askLedger && nowMs < shownAtMs) return settles;
    return { kind: 'attempt', attempt: 1, doubt: false, askLedger, reason: 'first' };
  }
  if (state.ambiguous >= MAX_AMBIGUOUS_ATTEMPTS) {
    const detail = `${state.ambiguous} attempts may have repeated a message that had arrived`;
    return { kind: 'park', reason: 'too-often-ambiguous', detail };
  }
  const attempt = state.attempt + 1;
  if (state.phase === 'sending') {
    return { kind: 'attempt', attempt, doubt: true, askLedger: true, reason: 'end-unseen' };
  }
  if (nowMs < state.nextAttemptAtMs) {
    return { kind: 'wait', untilMs: state.nextAttemptAtMs, reason: 'backoff' };
  }
  const askLedger = state.atMs <= memorySinceMs;
  if (askLedger && nowMs < shownAtMs) return settles;
  return { kind: 'attempt', attempt, doubt: state.doubt, askLedger, reason: 'again' };
}

/** The state after an attempt that ended at `nowMs`; `sending` is what it was during the attempt. Pure. */
export function stateAfter(
  sending: Extract<DeliveryState, { phase: 'sending' }>,
  result: SendResult,
  nowMs: number,
): Extract<DeliveryState, { phase: 'failed' | 'ended' }> {
  const { attempt, ambiguous, doubt } = sending;
  if (result.kind === 'failed' && result.retryable) {
    const asked = Math.min(result.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
    return {
      phase: 'failed',
      attempt,
      atMs: nowMs,
      nextAttemptAtMs: nowMs + Math.max(asked, backoffMs(attempt)),
      mayHaveArrived: result.ambiguous,
      doubt: doubt || result.ambiguous,
      // What is known to have failed has repeated nothing.
      ambiguous: doubt && !result.ambiguous ? ambiguous - 1 : ambiguous,
      detail: result.detail,
    };
  }
  return {
    phase: 'ended',
    event: result.kind === 'sent' ? 'sent' : 'parked',
    attempt,
    atMs: nowMs,
    doubt,
    ambiguous,
    detail: result.detail,
    recorded: false,
  };
}

/** The pause after the so-manieth attempt: 1 s, 2 s, 4 s … at most 5 minutes. */
export function backoffMs(attempt: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(attempt - 1, 20));
}
