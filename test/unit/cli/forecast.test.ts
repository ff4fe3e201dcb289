import { describe, expect, test } from '@jest/globals';
import type { ForecastAnswer } from '../../../src/cli/contract.ts';
import { axAnsweredBy } from './answered.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');

/** Certain to a tenth for 80, a fifth for 95 of 100. */
const estimate = (mean: number) => ({
  meanUsd: mean.toFixed(6),
  low80Usd: (mean * 0.9).toFixed(6),
  high80Usd: (mean * 1.1).toFixed(6),
  low95Usd: (mean * 0.8).toFixed(6),
  high95Usd: (mean * 1.2).toFixed(6),
});
const FORECAST: ForecastAnswer = {
  workspaceId: 'acme',
  source: 'redis',
  grain: 'day',
  asOf: '2026-11-20T12:00:00.000Z',
  month: {
    month: '2026-11',
    spentUsd: '200.000000001',
    restEstimate: estimate(105),
    estimate: estimate(305),
  },
  next30Days: {
    from: '2026-11-20T12:00:00.000Z',
    to: '2026-12-20T12:00:00.000Z',
    estimate: estimate(300),
  },
  cumulative: Array.from({ length: 30 }, (_, day) => ({
    until: new Date(NOW + (day + 0.5) * DAY_MS).toISOString(),
    estimate: estimate(5 + 10 * day),
  })),
  models: [{ name: 'Theta ×7', weight: 1 }],
  backtest: {
    origins: 20,
    horizon: 31,
    meanAbsoluteErrorUsd: '1.5',
    naiveMeanAbsoluteErrorUsd: '3',
    sumErrorPercent: 4.25,
  },
};

const api = axAnsweredBy<ForecastAnswer>(FORECAST);
const { run } = api;

describe('ax forecast', () => {
  test('says what was spent exactly, and what is to come with its ranges', async () => {
    const { code, stdout } = await run('forecast --workspace acme', 120);
    expect(code).toBe(0);
    expect(api.requests).toMatchObject([{ method: 'GET', path: '/v1/workspaces/acme/forecast' }]);
    expect(stdout.replaceAll('\n', ' ')).toContain(
      'acme: $200.000000001 spent in 2026-11, $305.00 (80%: $274.50 to $335.50; 95%: $244.00 to $366.00) expected by its end',
    );
    expect(stdout).toContain('Next 30 days: $300.00 (80%: $270.00 to $330.00');
    expect(stdout).toContain('Theta ×7');
    expect(stdout).toContain('mean error $1.50 per day, $3.00 by the last day alone');
    expect(stdout).toContain('within 4.3% half the time');
  });

  test('draws how spend adds up, ever further to the right, day by day and then week by week', async () => {
    const { stdout } = await run('forecast --workspace acme', 120);
    const rows = stdout.split('\n').filter((line) => /^2026-\d\d-\d\d .*●/.test(line));
    expect(rows.map((row) => row.slice(0, 10))).toEqual([
      ...['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26'],
      ...['2026-11-27', '2026-12-04', '2026-12-11', '2026-12-18', '2026-12-20'],
    ]);
    const columns = rows.map((row) => row.indexOf('●'));
    expect(columns).toEqual(columns.toSorted((a, b) => a - b));
    expect(rows.at(-1)).toMatch(/─━*●━+─+$|━●━+─+$/);
  });

  test.each([60, 80, 100])('fits a terminal of %i columns', async (columns) => {
    const { stdout } = await run('forecast --workspace acme', columns);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test('of all workspaces is asked of the platform', async () => {
    const { workspaceId: _, ...everybody } = FORECAST;
    api.answer(everybody);
    const { stdout } = await run('forecast --global');
    expect(api.requests).toMatchObject([{ path: '/v1/forecast' }]);
    expect(stdout).toContain('All workspaces: $200.000000001 spent');
  });

  test('with --json prints the answer as it is', async () => {
    const { json } = await run('forecast --workspace acme --json');
    expect(json()).toEqual(FORECAST);
  });

  test('that cannot be made says why', async () => {
    const { workspaceId, source, grain, asOf } = FORECAST;
    api.answer({ workspaceId, source, grain, asOf, noForecastBecause: 'nothing-spent' });
    const { code, stdout } = await run('forecast --workspace acme');
    expect(code).toBe(0);
    expect(stdout).toContain('acme: no forecast: nothing was spent in the last 89 days.');
  });

  test('asks whose, and asks the API nothing before it knows', async () => {
    for (const line of ['forecast', 'forecast --workspace acme --global']) {
      const { code, stderr } = await run(line);
      expect({ code, told: stderr.includes('--workspace') }).toEqual({ code: 2, told: true });
    }
    expect(api.requests).toEqual([]);
  });
});
