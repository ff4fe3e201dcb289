import { describe, expect, test } from '@jest/globals';
import { readTrends } from '../../../../src/analysis/insights/trend.ts';
import { DAY_MS, formatInstant } from '../../../../src/core/time.ts';

const TO_MS = Date.parse('2026-11-21T08:00:00Z');
const DAYS = 35;

/** Weeks in a row of a workspace with these whole dollars a day, the latest last; days before them cost nothing. */
async function weeksInARow(...dollars: number[]): Promise<number> {
  const costs = [...new Array<number>(DAYS - dollars.length).fill(0), ...dollars];
  const rows = costs.map((usd, at) => ({
    workspaceId: 'acme',
    day: formatInstant(TO_MS - (DAYS - at) * DAY_MS).slice(0, 10),
    costUsd: String(usd),
    events: '1',
    unpriced: '0',
    last7DaysUsd: at < 6 ? null : String(costs.slice(at - 6, at + 1).reduce((a, b) => a + b)),
  }));
  const warehouse = { query: async <T>() => rows as T[] };
  return (await readTrends(warehouse, ['acme'], TO_MS)).get('acme')!.weeksInARow;
}
const week = (usd: number) => new Array<number>(7).fill(usd);

describe('weeks in a row', () => {
  test('count how often a week cost more, or less, than the one before it', async () => {
    expect(await weeksInARow(...week(1), ...week(2), ...week(1), ...week(2), ...week(3))).toBe(2);
    expect(await weeksInARow(...week(5), ...week(4), ...week(3), ...week(2), ...week(2))).toBe(0);
    expect(await weeksInARow(...week(5), ...week(4), ...week(3))).toBe(-2);
  });

  test('take no beginning for a rise, whole week or part of one', async () => {
    expect(await weeksInARow(...week(3))).toBe(0);
    expect(await weeksInARow(3, 3, 3, ...week(3))).toBe(0);
    expect(await weeksInARow(3, 3, 3, ...week(3), ...week(4))).toBe(1);
  });

  test('fall to nothing when costs end', async () => {
    expect(await weeksInARow(...week(3), ...week(0))).toBe(-1);
    expect(await weeksInARow()).toBe(0);
  });
});
