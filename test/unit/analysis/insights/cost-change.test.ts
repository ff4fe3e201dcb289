import { describe, expect, test } from '@jest/globals';
import type { Asks } from '../../../../src/analysis/anomalies/detect.ts';
import { costChangeInsight } from '../../../../src/analysis/insights/cost-change.ts';
import { type Movement, readMovers } from '../../../../src/analysis/insights/movers.ts';
import { formatUsd } from '../../../../src/core/money.ts';

type Cell = [value: string, costUsd: string, beforeUsd: string, requests: number, before: number];

/** What the query says about a workspace, as `readMovers` reads it. */
async function movementOf(total: Cell, cells: Record<string, Cell[]> = {}): Promise<Movement> {
  const rows = Object.entries({ ...cells, total: [total] }).flatMap(([dimension, values]) =>
    values.map(([value, costUsd, beforeUsd, requests, requestsBefore]) => ({
      workspaceId: 'acme',
      dimension,
      value,
      costUsd,
      beforeUsd,
      requests: String(requests),
      requestsBefore: String(requestsBefore),
      unpriced: '0',
      unpricedBefore: '0',
      valueCount: String(values.length),
    })),
  );
  const warehouse: Asks = {
    async query<Row>() {
      return rows as Row[];
    },
  };
  const periods = { beforeMs: 0, fromMs: 1, toMs: 2 };
  return (await readMovers(warehouse, ['acme'], periods)).get('acme')!;
}

const TOTAL: Cell = ['', '12', '2', 120, 20];

describe('a change of costs', () => {
  test('is explained by the agent that makes half of it, and by its requests', async () => {
    const agents: Cell[] = [
      ['bot', '9', '1', 90, 10],
      ['other', '3', '1', 30, 10],
    ];
    // Coarser ones explain as much by being larger.
    const cells = {
      resource: [
        ['llm_api', '11', '1', 1, 1],
        ['compute', '1', '1', 1, 1],
      ] as Cell[],
    };
    const [insight] = costChangeInsight(await movementOf(TOTAL, { agent: agents, ...cells }));
    expect(insight).toEqual({
      kind: 'cost-change',
      subject: { agent: 'bot' },
      title: 'Costs rose by $10.00',
      text:
        'Costs rose by $10.00 (500 %), from $2.00 in the period before to $12.00. The agent bot cost $8.00 more, 80 % of it: ' +
        '10 requests before and 90 now make +$8.00.',
      arithmetic: {
        terms: [
          { what: 'costs of the period', usd: '12' },
          { what: 'less the costs of the period before', usd: '-2' },
        ],
        sumUsd: '10',
      },
    });
  });

  test('is explained by what a request costs where that makes more of it', async () => {
    const models: Cell[] = [
      ['gpt-4o', '11', '1', 110, 100],
      ['gpt-4o-mini', '1', '1', 1, 1],
    ];
    const [insight] = costChangeInsight(await movementOf(TOTAL, { model: models }));
    expect(insight!.text).toContain(
      'what a request costs makes +$9.90, 100 requests before and 110 now make +$0.10.',
    );
  });

  test('is of the other sign where costs fall, and says that something is gone', async () => {
    const agents: Cell[] = [
      ['bot', '0', '10', 0, 9],
      ['new', '2', '0', 3, 0],
    ];
    const fell = await movementOf(['', '2', '10', 3, 9], { agent: agents });
    expect(costChangeInsight(fell)).toMatchObject([
      {
        title: 'Costs fell by $8.00',
        text: expect.stringContaining(
          'The agent bot cost $10.00 less, more than all of it, which others offset in part: it costs nothing any more.',
        ),
        arithmetic: { sumUsd: '-8' },
      },
    ]);
  });

  test('that nothing parts is explained as a whole, first costs too', async () => {
    const first = await movementOf(['', '2', '0', 3, 0], { agent: [['bot', '2', '0', 3, 0]] });
    expect(costChangeInsight(first)).toMatchObject([
      {
        subject: {},
        text: 'Costs rose by $2.00, from $0.00 in the period before to $2.00. It cost nothing before.',
      },
    ]);
    const alone = await movementOf(TOTAL, { agent: [['bot', '12', '2', 120, 20]] });
    expect(costChangeInsight(alone)[0]!.text).toMatch(
      /20 requests before and 120 now make \+\$10\.00\.$/,
    );
  });

  test.each<[string, Cell]>([
    ['it is less than a tenth', ['', '10.9', '10', 1, 1]],
    ['it is less than a cent', ['', '0.009', '0', 1, 0]],
    ['there is none', ['', '5', '5', 9, 1]],
    ['there are no costs', ['', '0', '0', 0, 0]],
  ])('is no news where %s', async (_, total) => {
    expect(costChangeInsight(await movementOf(total))).toEqual([]);
  });
});

test('the parts of a change add up to it, to the nano-dollar', async () => {
  const cells: Cell[] = [
    ['a', '1.000000001', '0.333333333', 7, 3],
    ['b', '0', '0.000000001', 0, 1],
    ['c', '5', '0', 2, 0],
    ['d', '3', '2', 0, 0],
  ];
  const { dimensions } = await movementOf(TOTAL, { agent: cells });
  const movers = dimensions.find(({ dimension }) => dimension === 'agent')!.movers;
  for (const { changeNanoUsd, volumeNanoUsd, rateNanoUsd } of movers) {
    expect(volumeNanoUsd + rateNanoUsd).toBe(changeNanoUsd);
  }
  // A third of a nano-dollar more of four requests each at $0.111111111.
  expect(formatUsd(movers[0]!.volumeNanoUsd)).toBe('0.444444444');
  expect(movers.map(({ because }) => because)).toEqual(['requests', 'gone', 'new', 'requests']);
});
