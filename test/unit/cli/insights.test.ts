import { describe, expect, test } from '@jest/globals';
import { insightReport } from '../../contract/api/harness.ts';
import { axAnsweredBy } from './answered.ts';

const REPORT = insightReport('acme');
const api = axAnsweredBy(REPORT);
const { run } = api;

describe('ax insights', () => {
  test('asks for the period it is given, and with --json prints the answer as it is', async () => {
    const { code, json } = await run(
      'insights -w acme --from 2026-11-01 --to 2026-11-15T08:00:00Z --json',
    );
    expect({ code, document: json() }).toEqual({ code: 0, document: REPORT });
    expect(api.requests).toMatchObject([
      {
        method: 'GET',
        path: '/v1/workspaces/acme/insights',
        query: { from: '2026-11-01T00:00:00.000Z', to: '2026-11-15T08:00:00.000Z' },
      },
    ]);
  });

  test('says first what is worth saying, then the figures behind it, and what has no price', async () => {
    const { stdout } = await run('insights --workspace acme');
    const places = [
      'acme: $12.50 from 2026-11-13',
      'The period before, from 2026-11-06T12:00:00.000Z: $2.50',
      'Costs rose by $10.00',
      'cost $10.00 more, 100% of it.',
      'what moved',
      'cost per',
      'Cache: 10.0% of input tokens were read from it, which saved $0.00',
      'Weeks up to 2026-11-19: $2.50, $12.50',
      '1 event has no price, counting as $0 in all of this: gpt-unheard-of of openai (1)',
    ].map((words) => stdout.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(stdout).not.toContain('costs of the period');
  });

  test('shows how amounts come about when asked to', async () => {
    const report = insightReport('acme');
    report.insights[0]!.arithmetic = {
      terms: [
        { what: 'runs', count: '3', priceUsd: '4', pricePer: '1 run', usd: '12' },
        { what: 'more', usd: '0.5' },
      ],
      sumUsd: '12.5',
    };
    api.answer(report);
    const { stdout } = await run('insights -w acme --arithmetic');
    expect(stdout).toMatch(/runs +3 at \$4\.00 per 1 run +\$12\.00/);
    expect(stdout).toMatch(/sum +\$12\.50/);
  });

  test('says so where there is nothing to say', async () => {
    api.answer({
      ...REPORT,
      insights: [],
      movers: [],
      unitCosts: [],
      unpriced: { events: 0, models: [] },
      trend: { ...REPORT.trend, weeks: [] },
    });
    const { stdout } = await run('insights -w acme');
    expect(stdout).toContain('Nothing stands out, and nothing to save was found.');
    expect(stdout).not.toContain('no price');
  });

  test('keeps its prose and tables within the terminal', async () => {
    const { stdout } = await run('insights -w acme', 80);
    const tooLong = stdout.split('\n').filter((line) => line.length > 80);
    expect(tooLong).toEqual([]);
  });

  test.each([
    ['insights', '--workspace'],
    ['insights -w acme --from noon', 'time with its zone'],
    ['insights -w acme --from 2026-11-02 --to 2026-11-01', '--to must lie after --from'],
  ])('%s is refused with exit code 2', async (line, words) => {
    const { code, stderr } = await run(line);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
    expect(api.requests).toEqual([]);
  });
});
