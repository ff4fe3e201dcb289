import { describe, expect, test } from '@jest/globals';
import { checkBudgetBody, toBudget } from '../../../src/budgets/budget.ts';
import { listBudgetMeters } from '../../../src/budgets/meters.ts';
import { noticeSubject } from '../../../src/budgets/told.ts';
import { daysBetween, percentList } from '../../../src/budgets/words.ts';
import { percentText } from '../../../src/core/percent.ts';
import { spanAt } from '../../../src/core/periods.ts';
import { DAY_MS } from '../../../src/core/time.ts';
import { budgetSetting, usd } from './budget-of.ts';

describe('a budget', () => {
  test('is refused with its field where its time zone is none or it would never speak', () => {
    expect(checkBudgetBody(budgetSetting('b1').body)).toEqual([]);
    const { body } = budgetSetting('b1', { timeZone: '+02:00', thresholdsPercent: [] });
    expect(checkBudgetBody(body).map(({ field }) => field)).toEqual([
      'timeZone',
      'thresholdsPercent',
    ]);
  });

  test('speaks anew about another period, scope or calendar, and not about another limit', () => {
    const parts = [
      {},
      { scope: { dimension: 'agent', value: 'a1' } },
      { period: { every: 'month', startsOn: 2 } },
      { timeZone: 'Etc/GMT' },
    ] as const;
    const now = Date.parse('2026-11-16T00:00:00Z');
    const subjects = parts.flatMap((part) => {
      const budget = toBudget(budgetSetting('b1', part));
      const span = spanAt(budget.meter.calendar, now);
      const past = spanAt(budget.meter.calendar, span.startMs - 1);
      return [
        noticeSubject(budget, span, 'spend'),
        noticeSubject(budget, span, 'projection'),
        noticeSubject(budget, past, 'spend'),
      ];
    });
    expect(new Set(subjects).size).toBe(subjects.length);
    const dearer = toBudget(budgetSetting('b1', { limitUsd: '7' }));
    expect(subjects).not.toContain(
      noticeSubject(dearer, spanAt(dearer.meter.calendar, now), 'spend'),
    );
  });

  test('shares its meter with those of equal scope and calendar, and one in an unknown zone needs none', async () => {
    const all = [
      budgetSetting('b1'),
      budgetSetting('b2', { limitUsd: '7' }),
      budgetSetting('b3', { timeZone: 'Mars/Olympus' }),
      budgetSetting('b4', { scope: { dimension: 'team', value: 't1' } }),
    ];
    const asked: unknown[] = [];
    const settings = {
      async list(...args: unknown[]) {
        asked.push(args);
        return all as never;
      },
    };
    const meters = await listBudgetMeters(settings, 'acme', { fresh: true });
    expect(meters.map(({ scope }) => scope.dimension).sort()).toEqual(['team', 'workspace']);
    expect(asked).toEqual([['budget', 'acme', { fresh: true }]]);
  });
});

describe('words', () => {
  test.each([
    ['4.52', '90.4'],
    ['4.9999', '99.9'],
    ['0', '0.0'],
    ['0.004', '0.0'],
    ['50', '1000.0'],
    ['-0.5', '-10.0'],
  ])('%s of 5 USD is %s percent, cut off', (amount, text) => {
    expect(percentText(usd(amount), usd('5'))).toBe(text);
  });

  test('percents are listed, and days cut off', () => {
    expect([[50], [50, 75], [50, 75, 90]].map(percentList)).toEqual([
      '50 %',
      '50 % and 75 %',
      '50 %, 75 % and 90 %',
    ]);
    expect([daysBetween(0, DAY_MS * 1.59), daysBetween(5, 0)]).toEqual([1.5, 0]);
  });
});
