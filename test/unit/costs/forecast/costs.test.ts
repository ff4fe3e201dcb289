import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatUsd, parseUsd } from '../../../../src/core/money.ts';
import { DAY_MS, HOUR_MS } from '../../../../src/core/time.ts';
import { type CostHistory, forecastCosts } from '../../../../src/costs/forecast/costs.ts';

const at = (text: string) => Date.parse(text);
const NOW = at('2026-11-21T12:00:00Z');

function days(count: number, usdOf: (day: number) => string, monthSpent = '0'): CostHistory {
  const today = Math.floor(NOW / DAY_MS) * DAY_MS;
  const buckets = Array.from({ length: count }, (_, at) => ({
    start: today - (count - at) * DAY_MS,
    spentNanoUsd: parseUsd(usdOf(at)),
  }));
  return { grain: 'day', buckets, monthSpentNanoUsd: parseUsd(monthSpent) };
}

function forecastOf(history: CostHistory, now = NOW) {
  const forecast = forecastCosts(history, now);
  if (forecast.kind !== 'forecast') throw new Error(forecast.reason);
  return forecast;
}

describe('the forecast of costs', () => {
  test('of the same each day is that for every day to come, the rest of today included', () => {
    const { month, next30Days } = forecastOf(days(60, () => '10', '205.000000001'));
    // Noon of the 21st: nine and a half days.
    expect(Number(month.restEstimate.meanUsd)).toBeCloseTo(95, 4);
    expect(month.month).toBe('2026-11');
    expect(Number(month.estimate.meanUsd)).toBeCloseTo(300, 4);
    expect(Number(next30Days.estimate.meanUsd)).toBeCloseTo(300, 4);
    expect(next30Days).toMatchObject({
      from: '2026-11-21T12:00:00.000Z',
      to: '2026-12-21T12:00:00.000Z',
    });
  });

  test('says for each day to come what will have been spent by its end', () => {
    const { cumulative } = forecastOf(days(60, () => '10'));
    expect(cumulative).toHaveLength(30);
    expect(cumulative[0]!.until).toBe('2026-11-22T00:00:00.000Z');
    const means = cumulative.map(({ estimate }) => Number(estimate.meanUsd));
    for (const [day, mean] of means.entries()) expect(mean).toBeCloseTo(5 + 10 * day, 4);
  });

  test('keeps what was spent exact, to the nano-dollar, however large', () => {
    const spent = '123456789012345.000000001';
    const { month } = forecastOf(days(60, () => '1', spent));
    expect(month.spentUsd).toBe(spent);
    const { meanUsd } = month.restEstimate;
    expect(month.estimate.meanUsd).toBe(formatUsd(parseUsd(spent) + parseUsd(meanUsd)));
  });

  test('knows weekends, where a run rate does not', () => {
    const isWeekend = (day: number) => new Date(NOW - (60 - day) * DAY_MS).getUTCDay() % 6 === 0;
    const { month } = forecastOf(days(60, (day) => (isWeekend(day) ? '2' : '20')));
    // Half of Saturday the 21st, the 22nd, five workdays, the 28th and 29th, Monday the 30th.
    expect(Math.abs(Number(month.restEstimate.meanUsd) - (1 + 2 + 100 + 4 + 20))).toBeLessThan(6);
  });

  test('leaves out the day that is not over', () => {
    const history = days(60, () => '10');
    const today = { start: Math.floor(NOW / DAY_MS) * DAY_MS, spentNanoUsd: parseUsd('4000') };
    const withToday = { ...history, buckets: [today, ...history.buckets] };
    expect(forecastOf(withToday)).toEqual(forecastOf(history));
  });

  test('takes silent days within a history for zero, and those before the first cost for nothing', () => {
    const sparse = days(60, (day) => (day % 2 === 0 ? '10' : '0'));
    const costly = sparse.buckets.filter(({ spentNanoUsd }) => spentNanoUsd > 0n);
    expect(forecastOf({ ...sparse, buckets: costly.reverse() })).toEqual(forecastOf(sparse));
  });

  test('says why there is none', () => {
    expect(
      forecastCosts(
        days(10, () => '0'),
        NOW,
      ),
    ).toEqual({
      kind: 'none',
      reason: 'nothing-spent',
    });
    const begun = [{ start: Math.floor(NOW / DAY_MS) * DAY_MS, spentNanoUsd: 1n }];
    expect(forecastCosts({ ...days(0, () => '0'), buckets: begun }, NOW)).toEqual({
      kind: 'none',
      reason: 'no-whole-bucket',
    });
  });

  test('of three hours already has a month and its doubt', () => {
    const buckets = [3, 2, 1].map((ago) => ({
      start: NOW - ago * HOUR_MS,
      spentNanoUsd: 10n ** 9n,
    }));
    const { month } = forecastOf({ grain: 'hour', buckets, monthSpentNanoUsd: 3n * 10n ** 9n });
    expect(Number(month.estimate.meanUsd)).toBeCloseTo(3 + 9.5 * 24, 3);
  });

  test('is never less than what was spent, and its bounds are in order, whenever in the month', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: at('2026-11-01T00:00:00Z'), max: at('2026-11-30T23:59:59.999Z') }),
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        (amounts, now, monthSpentNanoUsd) => {
          const today = Math.floor(now / DAY_MS) * DAY_MS;
          const buckets = amounts.map((spentNanoUsd, at) => ({
            start: today - (at + 1) * DAY_MS,
            spentNanoUsd,
          }));
          const forecast = forecastCosts({ grain: 'day', buckets, monthSpentNanoUsd }, now);
          if (forecast.kind === 'none') return;
          const { low95Usd, low80Usd, meanUsd, high80Usd, high95Usd } = forecast.month.estimate;
          const bounds = [low95Usd, low80Usd, meanUsd, high80Usd, high95Usd].map(parseUsd);
          const order = [monthSpentNanoUsd, ...bounds];
          expect(order).toEqual(order.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
        },
      ),
      { numRuns: 60 },
    );
  });
});
