import { describe, expect, test } from '@jest/globals';
import {
  completePeriod,
  costReport,
  type Figures,
  reportDetails,
  sortGroups,
} from '../../../../src/costs/reports/report.ts';
import { noSums } from '../../../../src/costs/rollups/read.ts';

const at = (text: string) => Date.parse(text);
const NOW = at('2026-11-20T12:34:56Z');

describe('a period', () => {
  test.each([
    [{}, '2026-11-01T00:00:00Z', '2026-11-20T13:00:00Z'],
    [{ from: '2026-10-05T03:00:00Z' }, '2026-10-05T03:00:00Z', '2026-11-20T13:00:00Z'],
    [{ to: '2026-10-05T03:00:00Z' }, '2026-10-01T00:00:00Z', '2026-10-05T03:00:00Z'],
    [{ to: '2026-10-01T00:00:00Z' }, '2026-09-01T00:00:00Z', '2026-10-01T00:00:00Z'],
    [{ to: '2027-03-01T00:00:00Z' }, '2026-11-01T00:00:00Z', '2027-03-01T00:00:00Z'],
  ])('given as %j is from %s to %s', (given: { from?: string; to?: string }, from, to) => {
    const period = {
      from: given.from === undefined ? undefined : at(given.from),
      to: given.to === undefined ? undefined : at(given.to),
    };
    expect(completePeriod(period, NOW)).toEqual({ from: at(from), to: at(to) });
  });

  test('without bounds in the last minutes of a month is that month', () => {
    const now = at('2026-11-30T23:55:00Z');
    expect(completePeriod({}, now)).toEqual({
      from: at('2026-11-01T00:00:00Z'),
      to: at('2026-12-01T01:00:00Z'),
    });
  });
});

describe('groups', () => {
  const groups = (...pairs: [string, bigint][]) =>
    pairs.map(([key, cost]) => ({ key, sums: { ...noSums(), cost } }));
  const keys = (list: { key: string }[]) => list.map(({ key }) => key);

  test('come dearest first, compared exactly, and by name where they cost the same', () => {
    const list = groups(
      ['a', 9_007_199_254_740_992n],
      ['b', 9_007_199_254_740_993n],
      ['d', 1n],
      ['c', 1n],
    );
    expect(keys(sortGroups(list, ['model']))).toEqual(['b', 'a', 'c', 'd']);
  });

  test.each(['day', 'hour'] as const)('of each %s come in the order of time', (by) => {
    const list = groups(['2026-11-20', 1n], ['2026-11-19', 5n], ['2026-11-18', 3n]);
    expect(keys(sortGroups(list, [by]))).toEqual(['2026-11-18', '2026-11-19', '2026-11-20']);
  });
});

describe('a report', () => {
  const sums = {
    cost: 12_500_000_001n,
    events: 3,
    unpriced: 1,
    inputTokens: 1,
    outputTokens: 2,
    cacheReadTokens: 3,
    cacheWriteTokens: 4,
    reasoningTokens: 5,
  };

  test('says amounts as decimal texts, instants as RFC 3339, and where it comes from', () => {
    const figures: Figures = {
      source: 'redis',
      total: sums,
      groups: [{ key: 'openai', sums }],
      monthSpent: { ...noSums(), cost: 1_000n },
      state: { version: '1', newestEvent: NOW },
    };
    const period = { from: at('2026-11-01T00:00:00Z'), to: at('2026-12-01T00:00:00Z') };
    const now = at('2026-11-16T00:00:00Z');
    const report = costReport('acme', period, figures, reportDetails(figures), now);
    const measures = {
      events: 3,
      unpricedEvents: 1,
      tokens: { input: 1, output: 2, cacheRead: 3, cacheWrite: 4, reasoning: 5 },
    };
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      workspaceId: 'acme',
      totalUsd: '12.500000001',
      currency: 'USD',
      period: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
      ...measures,
      groups: [{ key: 'openai', costUsd: '12.500000001', ...measures }],
      projectedMonth: {
        month: '2026-11',
        spentUsd: '0.000001',
        projectedUsd: '0.000002',
        method: 'run-rate',
      },
      source: 'redis',
      freshness: { asOf: '2026-11-16T00:00:00.000Z', lastEventAt: '2026-11-20T12:34:56.000Z' },
    });
  });
});
