import { expect, test } from '@jest/globals';
import { driftInsights, type RunWeek } from '../../../../src/analysis/insights/drift.ts';
import { parseUsd } from '../../../../src/core/money.ts';

/** A week of runs with four calls each, of 1,000 tokens each. */
function week(weeksAgo: number, perRunUsd: string, parts: Partial<RunWeek> = {}): RunWeek {
  const runs = parts.runs ?? 100;
  return {
    weeksAgo,
    runs,
    costNanoUsd: parseUsd(perRunUsd) * BigInt(runs),
    unpriced: 0,
    requests: runs * 4,
    tokens: runs * 4_000,
    ...parts,
  };
}
const SPENT = parseUsd('100');
const found = (...weeks: RunWeek[]) => driftInsights(new Map([['bot', weeks]]), SPENT);
const STEADY = [week(1, '0.1'), week(2, '0.11'), week(3, '0.09')];

test('an agent whose runs cost more than in any week before is named, with what it comes to', () => {
  expect(found(week(0, '0.15', { requests: 600, tokens: 600_000 }), ...STEADY)).toEqual([
    {
      kind: 'dearer-runs',
      subject: { agent: 'bot' },
      title: 'A run of bot costs $0.15 instead of $0.10',
      text:
        'In the last 7 days 100 runs of agent bot cost $0.15 each, 50 % more than the 300 of the weeks before ($0.10) and ' +
        'more than in any of these: $5.00 more in all. It calls models 6.0 times a run instead of 4.0.',
      savingUsd: '5',
      arithmetic: {
        terms: [
          { what: 'cost of 100 runs in the last 7 days', usd: '15' },
          {
            what: 'less as many at the cost of the weeks before',
            count: '100',
            priceUsd: '0.1',
            pricePer: '1 run',
            usd: '-10',
          },
        ],
        sumUsd: '5',
      },
    },
  ]);
});

test('the cause is looked for in the calls of a run, then in their tokens, then in models and prices', () => {
  const causes = [{ requests: 600, tokens: 600_000 }, { tokens: 800_000 }, {}].map(
    (parts) => found(week(0, '0.15', parts), ...STEADY)[0]!.text,
  );
  expect(causes[0]).toContain('calls models 6.0 times');
  expect(causes[1]).toContain('2000 tokens instead of 1000');
  expect(causes[2]).toContain('which models it calls');
});

test('what creeps up week by week is found once it is a fifth above the weeks before', () => {
  const creeping = [0, 1, 2, 3, 4, 5, 6, 7].map((ago) =>
    week(ago, (0.1 * 1.06 ** (7 - ago)).toFixed(9)),
  );
  expect(found(...creeping)).toHaveLength(1);
});

test('runs without a call of a model are not said to have as many as before', () => {
  const still = { requests: 0, tokens: 0 };
  const weeks = STEADY.map((one) => ({ ...one, ...still }));
  expect(found(week(0, '0.15', still), ...weeks)[0]!.text).toContain('It calls no models');
});

test('fewer calls of as many tokens are no cause', () => {
  const fewer = { requests: 100, tokens: 100_000 };
  expect(found(week(0, '0.15', fewer), ...STEADY)[0]!.text).toContain('Neither the calls of a run');
});

test.each([
  ['it is not a fifth more', [week(0, '0.12'), ...STEADY]],
  ['one week was as dear', [week(0, '0.15'), ...STEADY, week(4, '0.15')]],
  ['there are too few runs', [week(0, '0.15', { runs: 19 }), ...STEADY]],
  ['there are too few weeks before', [week(0, '0.15'), ...STEADY.slice(1)]],
  [
    'the weeks before had too few runs',
    [week(0, '0.15'), ...STEADY.slice(1), week(4, '0.1', { runs: 19 })],
  ],
  ['some of it has no price', [week(0, '0.15', { unpriced: 1 }), ...STEADY]],
  ['nothing ran in the last seven days', STEADY],
  ['it comes to less than a hundredth of all', [week(0, '0.13', { runs: 20 }), ...STEADY]],
])('nothing is said where %s', (_, weeks) => {
  expect(found(...weeks)).toEqual([]);
});
