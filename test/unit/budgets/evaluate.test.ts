import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Budget, thresholdAmount } from '../../../src/budgets/budget.ts';
import { evaluate, projectPeriod, severityOf } from '../../../src/budgets/evaluate.ts';
import { noticeSubject } from '../../../src/budgets/told.ts';
import type { NanoUsd } from '../../../src/core/money.ts';
import { spanAt } from '../../../src/core/periods.ts';
import { budgetOf, usd } from './budget-of.ts';

const NOW = Date.parse('2026-11-16T00:00:00Z');
const SPAN = spanAt({ every: 'month', startsOn: 1, timeZone: 'UTC' }, NOW);

function judge(
  budget: Budget,
  spendUsd: string | NanoUsd,
  told: { spend?: NanoUsd; projection?: NanoUsd; limitUsd?: string } = {},
  now = NOW,
) {
  const notices = new Map<string, { amountNanoUsd: NanoUsd; raisedAtMs: number }>();
  const then =
    told.limitUsd === undefined ? budget : { ...budget, limitNanoUsd: usd(told.limitUsd) };
  for (const kind of ['spend', 'projection'] as const) {
    const amountNanoUsd = told[kind];
    if (amountNanoUsd !== undefined) {
      notices.set(noticeSubject(then, SPAN, kind), { amountNanoUsd, raisedAtMs: NOW });
    }
  }
  const spendNanoUsd = typeof spendUsd === 'bigint' ? spendUsd : usd(spendUsd);
  return evaluate({ budget, span: SPAN, spendNanoUsd, notices, now });
}

describe('spend', () => {
  test('one nano-dollar under the first threshold is quiet and says what comes next', () => {
    expect(judge(budgetOf({}), '2.499999999').spend).toEqual({
      kind: 'quiet',
      of: 'spend',
      reason: 'below-first-threshold',
      next: { percent: 50, amountNanoUsd: usd('2.5'), remainingNanoUsd: 1n },
    });
  });

  test('that reaches a threshold exactly is told', () => {
    expect(judge(budgetOf({}), '2.5').spend).toEqual({
      kind: 'tell',
      of: 'spend',
      reason: 'crossed',
      percent: 50,
      thresholdNanoUsd: usd('2.5'),
      amountNanoUsd: usd('2.5'),
      passedPercents: [50],
      severity: 'low',
      next: { percent: 75, amountNanoUsd: usd('3.75'), remainingNanoUsd: usd('1.25') },
    });
  });

  test('that reaches several at once is told of the highest, which names the others', () => {
    expect(judge(budgetOf({}), '4.6').spend).toMatchObject({
      kind: 'tell',
      percent: 90,
      passedPercents: [50, 75, 90],
      severity: 'high',
    });
  });

  test('that was spoken of is not spoken of again, whatever the order of thresholds in the setting', () => {
    const budget = budgetOf({ spend: [100, 50, 90, 75] });
    expect(judge(budget, '4.6', { spend: usd('4.6') }).spend).toMatchObject({
      kind: 'quiet',
      reason: 'already-told',
      next: { percent: 100 },
    });
  });

  test('names only what was passed since the last notice', () => {
    expect(judge(budgetOf({}), '5.01', { spend: usd('2.6') }).spend).toMatchObject({
      percent: 100,
      passedPercents: [75, 90, 100],
      severity: 'critical',
    });
  });

  test('beyond the last threshold has nothing ahead', () => {
    const { spend } = judge(budgetOf({}), '9', { spend: usd('5') });
    expect(spend).toEqual({ kind: 'quiet', of: 'spend', reason: 'already-told' });
  });

  test('of a budget with projected thresholds only says nothing', () => {
    const { spend } = judge(budgetOf({ spend: [], projection: [100] }), '9');
    expect(spend).toEqual({ kind: 'quiet', of: 'spend', reason: 'no-thresholds' });
  });

  test('re-arms what lies ahead when the limit is raised, and nothing behind', () => {
    const told = { spend: usd('5'), limitUsd: '5' };
    expect(judge(budgetOf({ limitUsd: '12' }), '5.5', told).spend).toMatchObject({
      reason: 'below-first-threshold',
      next: { percent: 50, amountNanoUsd: usd('6') },
    });
    expect(judge(budgetOf({ limitUsd: '12' }), '6', told).spend).toMatchObject({
      kind: 'tell',
      percent: 50,
    });
    expect(judge(budgetOf({ limitUsd: '8' }), '5.5', told).spend).toMatchObject({
      reason: 'already-told',
      next: { percent: 75 },
    });
  });
});

describe('a lowered limit', () => {
  const told = { spend: usd('4'), limitUsd: '5' };

  test('is told when it is exceeded by more than the old one was', () => {
    expect(judge(budgetOf({ limitUsd: '3' }), '4', told).spend).toMatchObject({
      kind: 'tell',
      percent: 100,
      passedPercents: [90, 100],
    });
  });

  test('that leaves the same thresholds reached says nothing', () => {
    expect(judge(budgetOf({ limitUsd: '4.9' }), '4', told).spend).toMatchObject({
      reason: 'already-told',
      next: { percent: 90 },
    });
  });
});

describe('the projected total', () => {
  const budget = budgetOf({ spend: [100], projection: [80, 100] });

  test('is told once it reaches its thresholds, one step milder than spend', () => {
    expect(judge(budget, '2.5').projection).toMatchObject({
      kind: 'tell',
      of: 'projection',
      percent: 100,
      amountNanoUsd: usd('5'),
      passedPercents: [80, 100],
      severity: 'high',
    });
  });

  test('is not judged before a tenth of the period has passed', () => {
    const tenth = Date.parse('2026-11-04T00:00:00Z');
    expect(judge(budget, '4', {}, tenth - 1).projection).toEqual({
      kind: 'quiet',
      of: 'projection',
      reason: 'too-early',
    });
    expect(judge(budget, '4', {}, tenth).projection).toMatchObject({ kind: 'tell' });
  });

  test('needs no word where spend itself has reached as much and is told, now or before', () => {
    expect(judge(budget, '5').spend).toMatchObject({ kind: 'tell' });
    expect(judge(budget, '5').projection).toMatchObject({ reason: 'already-told' });
    expect(judge(budget, '5', { spend: usd('5') }).projection).toMatchObject({
      reason: 'already-told',
    });
  });

  test('is told beside spend where it reaches more than was spent', () => {
    const both = judge(budgetOf({ spend: [50], projection: [100] }), '2.5');
    expect([both.spend.kind, both.projection.kind]).toEqual(['tell', 'tell']);
  });

  test('is told where spend jumped over it but has no thresholds of its own', () => {
    const { projection } = judge(budgetOf({ spend: [], projection: [100] }), '9');
    expect(projection).toMatchObject({ kind: 'tell' });
  });

  test('is rounded once, half to even, and is the spend itself at the end', () => {
    expect(projectPeriod(1n, { startMs: 0, endMs: 3 }, 2)).toBe(2n);
    expect(projectPeriod(1n, { startMs: 0, endMs: 5 }, 2)).toBe(2n);
    expect(projectPeriod(7n, { startMs: 0, endMs: 5 }, 5)).toBe(7n);
    expect(projectPeriod(7n, { startMs: 0, endMs: 5 }, 0)).toBe(35n);
  });
});

describe('a period that does not hold the clock', () => {
  const budget = budgetOf({ projection: [100] });
  test.each([
    ['is over at its last instant', SPAN.endMs, 'period-over'],
    ['is over long after', SPAN.endMs + 1e9, 'period-over'],
    ['has not begun one millisecond before', SPAN.startMs - 1, 'period-not-begun'],
  ])('%s, and is never judged', (_, now, reason) => {
    const { spend, projection } = judge(budget, '99', {}, now);
    expect(spend).toEqual({ kind: 'quiet', of: 'spend', reason });
    expect(projection).toEqual({ kind: 'quiet', of: 'projection', reason });
  });

  test.each([SPAN.startMs, SPAN.endMs - 1])('but is judged at its edges, %i', (now) => {
    expect(judge(budget, '99', {}, now).spend.kind).toBe('tell');
  });
});

test.each([
  ['spend', 74, 'low'],
  ['spend', 75, 'medium'],
  ['spend', 90, 'high'],
  ['spend', 100, 'critical'],
  ['projection', 89, 'low'],
  ['projection', 90, 'medium'],
  ['projection', 100, 'high'],
  ['projection', 1_000, 'high'],
] as const)('%s at %i percent is %s', (of, percent, severity) => {
  expect(severityOf(of, percent)).toBe(severity);
});

const limit = fc.bigInt({ min: 1n, max: 1_000n });
const percents = fc.uniqueArray(fc.integer({ min: 1, max: 300 }), { maxLength: 5 });

test('reaching a threshold is spend × 100 >= limit × percent, for any amounts', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 10n ** 18n }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.bigInt({ min: -3n, max: 3n }),
      (limitNanoUsd, percent, off) => {
        const spend = (limitNanoUsd * BigInt(percent)) / 100n + off;
        const reached = spend * 100n >= limitNanoUsd * BigInt(percent);
        expect(spend >= thresholdAmount(limitNanoUsd, percent)).toBe(reached);
      },
    ),
  );
});

type Step =
  | { kind: 'spend'; more: bigint }
  | { kind: 'limit'; limit: bigint }
  | { kind: 'thresholds'; percents: number[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('spend'), more: fc.bigInt({ min: 0n, max: 300n }) }),
  fc.record({ kind: fc.constant('limit'), limit }),
  fc.record({ kind: fc.constant('thresholds'), percents }),
);

describe('through any growth of spend and edits of limit and thresholds', () => {
  type Said = { amount: bigint; limit: bigint };
  const noticesOf = (budget: Budget, said: { of: 'spend' | 'projection'; list: Said[] }[]) =>
    new Map(
      said.flatMap(({ of, list }) =>
        list.map(({ amount, limit }) => [
          noticeSubject({ ...budget, limitNanoUsd: limit }, SPAN, of),
          { amountNanoUsd: amount, raisedAtMs: NOW },
        ]),
      ),
    );
  /** The greatest amount per limit, as notices keep it. */
  const add = (list: Said[], amount: bigint, limit: bigint): Said[] => [
    ...list.filter((one) => one.limit !== limit),
    { amount, limit },
  ];

  test('each threshold that spend reaches is told once, by the next check, unless as much was said in amount and share', () => {
    fc.assert(
      fc.property(limit, percents, fc.array(step, { maxLength: 30 }), (first, some, steps) => {
        let limitNanoUsd = first;
        let spendPercents = some;
        let spent = 0n;
        let said: Said[] = [];
        for (const next of steps) {
          if (next.kind === 'spend') spent += next.more;
          if (next.kind === 'limit') limitNanoUsd = next.limit;
          if (next.kind === 'thresholds') spendPercents = next.percents;
          const budget = {
            ...budgetOf({ spend: spendPercents.toSorted((a, b) => a - b) }),
            limitNanoUsd,
          };
          const judgeNow = () =>
            evaluate({
              budget,
              span: SPAN,
              spendNanoUsd: spent,
              notices: noticesOf(budget, [{ of: 'spend', list: said }]),
              now: NOW,
            }).spend;
          // The model, in rationals.
          const due = budget.thresholdsPercent.spend.filter((percent) => {
            const amount = limitNanoUsd * BigInt(percent);
            const isSaid = said.some(
              (one) =>
                100n * one.amount >= amount && 100n * one.amount >= BigInt(percent) * one.limit,
            );
            return amount <= 100n * spent && !isSaid;
          });
          const spend = judgeNow();
          expect(spend.kind).toBe(due.length > 0 ? 'tell' : 'quiet');
          if (spend.kind === 'quiet') continue;
          expect(spend.passedPercents).toEqual(due);
          expect(spend.percent).toBe(due.at(-1));
          expect(spend.amountNanoUsd).toBe(spent);
          said = add(said, spent, limitNanoUsd);
          // A second check has nothing to add.
          expect(judgeNow().kind).toBe('quiet');
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a projection speaks of each threshold once, and never of one that was told as spent', () => {
    fc.assert(
      fc.property(limit, percents, fc.array(step, { maxLength: 30 }), (first, some, steps) => {
        let limitNanoUsd = first;
        let spent = 0n;
        let saidSpend: Said[] = [];
        let saidProjection: Said[] = [];
        for (const next of steps) {
          if (next.kind === 'spend') spent += next.more;
          if (next.kind === 'limit') limitNanoUsd = next.limit;
          const sorted = some.toSorted((a, b) => a - b);
          const budget = { ...budgetOf({ spend: sorted, projection: sorted }), limitNanoUsd };
          const { spend, projection } = evaluate({
            budget,
            span: SPAN,
            spendNanoUsd: spent,
            notices: noticesOf(budget, [
              { of: 'spend', list: saidSpend },
              { of: 'projection', list: saidProjection },
            ]),
            now: NOW,
          });
          if (spend.kind === 'tell') saidSpend = add(saidSpend, spent, limitNanoUsd);
          if (projection.kind !== 'tell') continue;
          const { thresholdNanoUsd, percent } = projection;
          for (const { amount, limit } of [...saidSpend, ...saidProjection]) {
            const isCovered =
              amount >= thresholdNanoUsd && 100n * amount >= limit * BigInt(percent);
            expect(isCovered).toBe(false);
          }
          saidProjection = add(saidProjection, projection.amountNanoUsd, limitNanoUsd);
        }
      }),
      { numRuns: 300 },
    );
  });
});
