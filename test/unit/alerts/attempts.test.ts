import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AlertRow } from '../../../src/alerts/alert-log.ts';
import { backoffMs, nextStep, stateAfter } from '../../../src/alerts/attempts.ts';
import { type DeliveryState, foldDeliveries, rankOf } from '../../../src/alerts/delivery-state.ts';
import { formatInstant } from '../../../src/core/time.ts';
import { alertOf } from '../../support/alerts.ts';
import { failed, START } from './harness.ts';

const HOUR = 3_600_000;
const SENDING = {
  phase: 'sending',
  attempt: 1,
  startedAtMs: START,
  doubt: false,
  ambiguous: 0,
} as const;
const FAILED: DeliveryState = {
  phase: 'failed',
  attempt: 3,
  atMs: START,
  nextAttemptAtMs: START + 4_000,
  mayHaveArrived: false,
  doubt: false,
  ambiguous: 0,
  detail: 'away',
};
const at = (nowMs: number, raisedAtMs = START) => ({
  nowMs,
  raisedAtMs,
  memorySinceMs: START - HOUR,
});

test('pauses double from a second to five minutes', () => {
  expect([1, 2, 3, 9, 10, 1_000].map(backoffMs)).toEqual([
    1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
  ]);
});

describe('what is next', () => {
  test.each<[string, DeliveryState, number, object]>([
    ['queued', { phase: 'queued' }, 0, { kind: 'attempt', attempt: 1, doubt: false }],
    ['under way', SENDING, 29_999, { kind: 'wait', untilMs: START + 30_000, reason: 'under-way' }],
    ['unseen', SENDING, 30_000, { kind: 'attempt', attempt: 2, doubt: true, reason: 'end-unseen' }],
    ['resting', FAILED, 3_999, { kind: 'wait', untilMs: START + 4_000, reason: 'backoff' }],
    ['rested', FAILED, 4_000, { kind: 'attempt', attempt: 4, doubt: false, reason: 'again' }],
    ['too late', FAILED, 6 * HOUR + 1, { kind: 'park', reason: 'too-late' }],
    ['just in time', FAILED, 6 * HOUR, { kind: 'attempt', attempt: 4 }],
    [
      'late, but under way',
      { ...SENDING, startedAtMs: START + 6 * HOUR },
      6 * HOUR + 1,
      { kind: 'wait', reason: 'under-way' },
    ],
    [
      'too often ambiguous',
      { ...FAILED, ambiguous: 20 },
      4_000,
      { kind: 'park', reason: 'too-often-ambiguous' },
    ],
  ])('for one that is %s', (_, state, afterMs, step) => {
    expect(nextStep(state, at(START + afterMs))).toMatchObject(step);
  });
});

describe('what Redis has from the ledger alone', () => {
  const QUEUED: DeliveryState = { phase: 'queued' };
  test.each<[string, DeliveryState, number, number, object]>([
    ['raised before waits', QUEUED, START, 9_999, { kind: 'wait', reason: 'ledger-settles' }],
    ['raised before asks', QUEUED, START, 10_000, { kind: 'attempt', askLedger: true }],
    ['raised since does neither', QUEUED, START - 1, 0, { kind: 'attempt', askLedger: false }],
    ['failed before waits', FAILED, START, 9_999, { kind: 'wait', reason: 'ledger-settles' }],
    ['failed before asks', FAILED, START, 10_000, { kind: 'attempt', askLedger: true }],
    ['failed since does neither', FAILED, START - 1, 4_000, { askLedger: false }],
    ['of unseen end asks', SENDING, START - 1, 30_000, { askLedger: true, doubt: true }],
  ])('%s', (_, state, memorySinceMs, afterMs, step) => {
    const times = { raisedAtMs: START, memorySinceMs, nowMs: START + afterMs };
    expect(nextStep(state, times)).toMatchObject(step);
  });
});

describe('after an attempt', () => {
  test.each([
    [undefined, 1_000],
    [500, 1_000],
    [3_000, 3_000],
    [2 * HOUR, HOUR],
  ])('that was asked to wait %s ms, the next is in %i', (retryAfterMs, waitMs) => {
    expect(stateAfter(SENDING, failed({ retryAfterMs }), START)).toMatchObject({
      phase: 'failed',
      nextAttemptAtMs: START + waitMs,
    });
  });

  test('doubt stays: every later attempt may repeat a message', () => {
    const unsure = stateAfter(SENDING, failed({ ambiguous: true }), START);
    expect(unsure).toMatchObject({ phase: 'failed', doubt: true });
    const again = { ...SENDING, attempt: 2, doubt: true, ambiguous: 1 };
    expect(stateAfter(again, failed({ ambiguous: true }), START)).toMatchObject({
      doubt: true,
      ambiguous: 1,
    });
    expect(stateAfter(again, { kind: 'sent' }, START)).toMatchObject({
      event: 'sent',
      doubt: true,
    });
  });
});

test('an attempt that is known to have failed has repeated nothing, and an outage after one in doubt is outlasted', () => {
  const again = { ...SENDING, attempt: 2, doubt: true, ambiguous: 1 };
  let state = stateAfter(again, failed(), START);
  expect(state).toMatchObject({ doubt: true, ambiguous: 0 });
  for (let attempt = 3; attempt < 60; attempt++) {
    const sending = { ...SENDING, attempt, doubt: true, ambiguous: state.ambiguous + 1 };
    state = stateAfter(sending, failed(), START);
    expect(nextStep(state, at(START + 10 * 60_000)).kind).toBe('attempt');
  }
});

describe('where a delivery stands by the ledger', () => {
  const row = (parts: Partial<AlertRow>): AlertRow => ({
    happenedAt: formatInstant(START),
    event: 'queued',
    alertId: 'a',
    raisedAt: formatInstant(START),
    channelScope: 'acme',
    channelId: 'mail',
    channelKind: 'email',
    attempt: null,
    ambiguous: null,
    nextAttemptAt: null,
    detail: null,
    alert: null,
    ...parts,
  });
  const queued = row({ alert: JSON.stringify(alertOf({ id: 'a' })) });
  const sending = (attempt: number, ambiguous = false) =>
    row({ event: 'sending', attempt, ambiguous });
  const failedRow = (attempt: number, ambiguous = false) =>
    row({
      event: 'failed',
      attempt,
      ambiguous,
      nextAttemptAt: formatInstant(START + 1_000),
      detail: 'x',
    });
  const sent = (attempt: number) => row({ event: 'sent', attempt, ambiguous: false });
  const stateOf = (...rows: AlertRow[]) => foldDeliveries(rows)[0]!.state;

  test.each<[string, AlertRow[], object]>([
    ['queued', [queued], { phase: 'queued' }],
    ['begun', [queued, sending(1)], { phase: 'sending', attempt: 1, doubt: false }],
    ['failed', [queued, sending(1), failedRow(1)], { phase: 'failed', attempt: 1, doubt: false }],
    [
      'begun again',
      [queued, sending(1), sending(2, true)],
      { phase: 'sending', attempt: 2, doubt: true, ambiguous: 1 },
    ],
    [
      'failed in doubt',
      [sending(1), failedRow(1, true)],
      { phase: 'failed', doubt: true, ambiguous: 0 },
    ],
    [
      'known to have failed after one in doubt',
      [sending(1), sending(2, true), failedRow(2)],
      { phase: 'failed', attempt: 2, doubt: true, ambiguous: 0 },
    ],
    ['sent', [queued, sending(1), sent(1)], { phase: 'ended', event: 'sent', recorded: true }],
    [
      'sent and given up at once',
      [row({ event: 'parked' }), sent(1)],
      { phase: 'ended', event: 'sent' },
    ],
  ])('%s', (_, rows, state) => {
    expect(stateOf(...rows)).toMatchObject(state);
  });

  test('is the same whatever the order of rows, and however often they are stored', () => {
    const history = [
      queued,
      sending(1),
      failedRow(1),
      sending(2),
      failedRow(2, true),
      sending(3, true),
      sent(3),
    ];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: history.length }),
        fc.array(fc.nat(history.length - 1)),
        fc.infiniteStream(fc.nat(1_000)),
        (length, repeats, order) => {
          const known = history.slice(0, length);
          const stored = [...known, ...repeats.filter((i) => i < length).map((i) => known[i]!)];
          const shuffled = stored
            .map((one) => [order.next().value as number, one] as const)
            .sort(([a], [b]) => a - b)
            .map(([, one]) => one);
          expect(stateOf(...shuffled)).toEqual(stateOf(...known));
        },
      ),
    );
  });

  test('only ever moves on', () => {
    const history = [
      queued,
      sending(1),
      failedRow(1),
      sending(2),
      sending(3, true),
      failedRow(3, true),
      sent(3),
    ];
    const ranks = history.map((_, position) => rankOf(stateOf(...history.slice(0, position + 1))));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(new Set(ranks).size).toBe(ranks.length);
  });

  test('is told per alert and channel, and not by rows of no channel', () => {
    const other = row({ alertId: 'b' });
    const platform = row({ channelScope: '-' });
    const raised = row({ event: 'raised', channelScope: null, channelId: null });
    expect(foldDeliveries([queued, other, platform, raised])).toHaveLength(3);
  });
});
