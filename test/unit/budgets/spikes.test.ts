import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Severity } from '../../../src/alerts/alert.ts';
import type { Notice } from '../../../src/alerts/notices.ts';
import { composeSpikeAlert, judgeSpike } from '../../../src/budgets/spikes.ts';
import { DAY_MS } from '../../../src/core/time.ts';
import { usd } from './budget-of.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');

/** 23 days at one price, and six whole days and half of today at another. */
function days(usualUsd: string, currentUsd: string, emptyDays = 0): bigint[] {
  const current = Array.from({ length: 6 }, () => usd(currentUsd));
  const usual = Array.from({ length: 23 }, (_, i) => (i < emptyDays ? 0n : usd(usualUsd)));
  return [...usual, ...current, usd(currentUsd) / 2n];
}

const judge = (daily: bigint[], told: [number, Severity][] = [], now = NOON) => {
  const notices = told.map(([daysAgo, severity], i): [string, Notice] => [
    `spike/${i}`,
    { amountNanoUsd: 1n, severity, raisedAtMs: now - daysAgo * DAY_MS },
  ]);
  return judgeSpike(daily, new Map(notices), now);
};

describe('a spike', () => {
  test.each([
    ['50 % above is none yet', '4', '6', { kind: 'quiet', reason: 'not-above' }],
    [
      'a nano-dollar more than 50 % is high',
      '4',
      '6.000000002',
      { kind: 'tell', severity: 'high' },
    ],
    ['a nano-dollar less than 100 % is high', '4', '7.999999998', { severity: 'high' }],
    ['100 % above is critical', '4', '8', { kind: 'tell', severity: 'critical', reason: 'first' }],
    ['less is none', '4', '1', { kind: 'quiet', reason: 'not-above' }],
    [
      'a rise of less than a dollar a day is none',
      '0.9',
      '1.899999998',
      { reason: 'below-minimum' },
    ],
    ['a rise of a dollar a day is one', '0.9', '1.9', { kind: 'tell', severity: 'critical' }],
  ])('%s', (_, usual, current, expected) => {
    expect(judge(days(usual, current))).toMatchObject(expected);
  });

  test('compares averages over the days that have passed, today by its hours', () => {
    expect(judge(days('4', '10'))).toMatchObject({
      figures: {
        currentDailyNanoUsd: usd('10'),
        usualDailyNanoUsd: usd('4'),
        increasePercent: 150n,
        currentFromMs: Date.parse('2026-11-14T00:00:00Z'),
        usualFromMs: Date.parse('2026-10-22T00:00:00Z'),
      },
    });
  });

  test('needs a week of history, and counts days from the first one with costs', () => {
    expect(judge(days('4', '10', 17))).toEqual({ kind: 'quiet', reason: 'little-history' });
    expect(judge(days('4', '10', 16))).toMatchObject({
      kind: 'tell',
      figures: { usualDailyNanoUsd: usd('4'), usualFromMs: Date.parse('2026-11-07T00:00:00Z') },
    });
    expect(judge(days('0', '10'))).toEqual({ kind: 'quiet', reason: 'little-history' });
  });

  test('against a usual that corrections brought to nothing cannot be judged', () => {
    const daily = days('0', '10');
    daily[0] = 5n;
    daily[1] = -5n;
    expect(judge(daily)).toEqual({ kind: 'quiet', reason: 'no-usual-costs' });
  });

  test('is told once, again when it gets worse, and again a week later', () => {
    expect(judge(days('4', '7'), [[1, 'high']])).toMatchObject({ reason: 'already-told' });
    expect(judge(days('4', '8'), [[1, 'high']])).toMatchObject({ kind: 'tell', reason: 'worse' });
    expect(judge(days('4', '8'), [[1, 'critical']])).toMatchObject({ reason: 'already-told' });
    expect(judge(days('4', '7'), [[6.9, 'critical']])).toMatchObject({ reason: 'already-told' });
    expect(judge(days('4', '7'), [[7, 'critical']])).toMatchObject({ reason: 'again' });
  });

  test('is not silenced by notices of budgets', () => {
    const told = new Map([
      ['budget/b1', { amountNanoUsd: 1n, severity: 'critical' as const, raisedAtMs: NOON }],
    ]);
    expect(judgeSpike(days('4', '8'), told, NOON)).toMatchObject({ reason: 'first' });
  });

  test('is judged without rounding, as the same sums in rationals say', () => {
    const cost = fc.bigInt({ min: 0n, max: 10n ** 13n });
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 30, maxLength: 30 }),
        fc.integer({ min: 0, max: DAY_MS - 1 }),
        (daily, sinceMidnight) => {
          const now = Date.parse('2026-11-20T00:00:00Z') + sinceMidnight;
          const decision = judge(daily, [], now);
          const first = daily.slice(0, 23).findIndex((amount) => amount > 0n);
          if (first < 0 || first > 16) return expect(decision.kind).toBe('quiet');
          const sum = (part: bigint[]) => part.reduce((all, one) => all + one, 0n);
          const scale = 10n ** 30n;
          const elapsed = BigInt(6 * DAY_MS + sinceMidnight);
          const current = (sum(daily.slice(23)) * BigInt(DAY_MS) * scale) / elapsed;
          const usual = (sum(daily.slice(0, 23)) * scale) / BigInt(23 - first);
          const rises = 2n * current > 3n * usual && current - usual >= usd('1') * scale;
          expect(decision.kind).toBe(rises ? 'tell' : 'quiet');
        },
      ),
    );
  });

  test('is said in words with amounts, under one id per day and severity', () => {
    const decision = judge(days('4', '10'));
    if (decision.kind !== 'tell') throw new Error('must tell');
    const about = { workspaceId: 'acme', recommendations: [], now: NOON };
    const alert = composeSpikeAlert(about, decision.severity, decision.figures);
    expect(alert.message).toBe(
      'acme has spent $10.00 a day since 2026-11-14, against $4.00 a day since 2026-10-22 before that (150 % more).',
    );
    const later = composeSpikeAlert({ ...about, now: NOON + 60_000 }, 'critical', decision.figures);
    const next = composeSpikeAlert({ ...about, now: NOON + DAY_MS }, 'critical', decision.figures);
    expect([later.id === alert.id, next.id === alert.id]).toEqual([true, false]);
  });
});
