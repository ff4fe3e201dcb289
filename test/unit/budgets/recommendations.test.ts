import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SpendDetails } from '../../../src/budgets/model-costs.ts';
import { createRecommend, recommendationsOf } from '../../../src/budgets/recommendations.ts';
import type { QueryRequest } from '../../../src/cloud/bigquery.ts';
import { parseUsd } from '../../../src/core/money.ts';
import { spanAt } from '../../../src/core/periods.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import { startRedis } from '../../support/redis-server.ts';
import { createWorld, MID_MONTH } from './world.ts';

const book = createPriceBook();
const AT = { workspaceId: 'acme', at: Date.parse('2026-11-20T00:00:00Z') };
const NO_TOKENS = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};
/** At $2.50 and $10.00 a million: $2.50 + $10.00. */
const MILLION = { ...NO_TOKENS, inputTokens: 1_000_000, outputTokens: 1_000_000 };

function details(parts: Partial<SpendDetails> = {}): SpendDetails {
  const gpt4o = {
    provider: 'openai',
    model: 'gpt-4o',
    costNanoUsd: parseUsd('12.5'),
    tokens: MILLION,
  };
  return {
    totalNanoUsd: parseUsd('17.5'),
    models: [gpt4o],
    providers: [],
    attributions: [],
    ...parts,
  };
}

describe('recommendations', () => {
  test('name what the same tokens would have cost on the next cheaper model', () => {
    expect(recommendationsOf(details(), book, AT)).toEqual([
      {
        kind: 'cheaper-model',
        text: 'gpt-4o is 71 % of spend; the same tokens on gpt-4o-mini would have cost $0.75 instead of $12.50.',
        savingUsd: '11.75',
      },
    ]);
  });

  test.each<[string, Partial<SpendDetails>]>([
    ['there are no costs', { totalNanoUsd: 0n, models: [] }],
    ['the model is a small part of them', { totalNanoUsd: parseUsd('251') }],
    [
      'the tokens do not explain the costs',
      {
        models: [{ ...details().models[0]!, costNanoUsd: parseUsd('16') }],
      },
    ],
    ['it is no model', { models: [{ ...details().models[0]!, model: '' }] }],
    ['nobody knows the model', { models: [{ ...details().models[0]!, model: 'gpt-unheard-of' }] }],
    [
      'two of the workspace’s providers sell the model, and nobody says which did',
      {
        models: [{ ...details().models[0]!, provider: undefined as never }],
        providers: ['openai', 'azure'],
      },
    ],
    [
      'less than a cent would be saved',
      {
        totalNanoUsd: parseUsd('0.005'),
        models: [
          {
            provider: 'openai',
            model: 'gpt-4o',
            costNanoUsd: parseUsd('0.005'),
            tokens: { ...NO_TOKENS, inputTokens: 2_000 },
          },
        ],
      },
    ],
  ])('are none where %s', (_, parts) => {
    expect(recommendationsOf(details(parts), book, AT)).toEqual([]);
  });

  test('say what most of the costs are attributed to, after at most what saves most', () => {
    const [gpt4o] = details().models;
    const dear = { ...gpt4o!, costNanoUsd: parseUsd('13') };
    const models = ['openai', 'azure', 'openai', 'azure'].map((provider) => ({
      ...dear,
      provider,
    }));
    const parts = {
      totalNanoUsd: parseUsd('52'),
      models,
      attributions: [
        { dimension: 'agent' as const, value: 'a1', costNanoUsd: parseUsd('30') },
        { dimension: 'user' as const, value: 'u1', costNanoUsd: parseUsd('26') },
      ],
    };
    const kinds = recommendationsOf(details(parts), book, AT).map(({ kind }) => kind);
    expect(kinds).toEqual(['cheaper-model', 'cheaper-model', 'cheaper-model']);
    expect(recommendationsOf(details({ ...parts, models: [] }), book, AT)).toEqual([
      { kind: 'concentration', text: 'The agent a1 is 57 % of spend: $30.00 of $52.00.' },
    ]);
  });
});

describe('what recommendations are made of', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const span = spanAt({ every: 'month', startsOn: 1, timeZone: 'UTC' }, MID_MONTH);
  const query = { workspaceId: 'acme', span, now: MID_MONTH };
  const workspace = { dimension: 'workspace' } as const;
  const row = {
    provider: 'openai',
    model: 'gpt-4o',
    costUsd: '12.5',
    inputTokens: '1000000',
    outputTokens: '1000000',
    cacheReadTokens: '0',
    cacheWriteTokens: '0',
    reasoningTokens: '0',
  };

  function recommendFrom(answer: (request: QueryRequest) => Promise<unknown[]>) {
    const errors: unknown[] = [];
    const recommend = createRecommend({
      redis: server.redis,
      warehouse: { query: <T>(request: QueryRequest) => answer(request) as Promise<T[]> },
      prices: async () => book,
      onError: (error) => errors.push(error),
      timeLimitMs: 100,
    });
    return { recommend, errors };
  }

  test('comes for a whole workspace from the rollups', async () => {
    const world = createWorld(server.redis);
    const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };
    await world.spend('12.5', { usage, agentId: 'a1' });
    await world.spend('5', { provider: 'gcp', model: undefined as never });
    const { recommend, errors } = recommendFrom(() => Promise.reject(new Error('not needed')));
    const found = await recommend({ ...query, scope: workspace });
    expect(errors).toEqual([]);
    expect(found.map(({ text }) => text)).toEqual([
      'gpt-4o is 71 % of spend; the same tokens on gpt-4o-mini would have cost $0.75 instead of $12.50.',
      'The agent a1 is 71 % of spend: $12.50 of $17.50.',
    ]);
  });

  test('comes for a part of it from the ledger, with the scope and period bound', async () => {
    const requests: QueryRequest[] = [];
    const { recommend } = recommendFrom(async (request) => {
      requests.push(request);
      return [row];
    });
    const scope = { dimension: 'label', key: 'env', value: 'prod' } as const;
    expect(await recommend({ ...query, scope })).toMatchObject([{ savingUsd: '11.75' }]);
    expect(requests[0]!.params).toEqual({
      workspaceId: 'acme',
      from: '2036-11-01T00:00:00.000Z',
      to: '2036-12-01T00:00:00.000Z',
      dimension: 'label',
      label: 'env',
      value: 'prod',
    });
  });

  test('that does not come in time, or not at all, holds nothing up', async () => {
    const scope = { dimension: 'agent', value: 'a1' } as const;
    const slow = recommendFrom(() => new Promise(() => {}));
    expect(await slow.recommend({ ...query, scope })).toEqual([]);
    const away = recommendFrom(() => Promise.reject(new Error('BigQuery is away')));
    expect(await away.recommend({ ...query, scope })).toEqual([]);
    expect(away.errors).toEqual([new Error('BigQuery is away')]);
  });
});
