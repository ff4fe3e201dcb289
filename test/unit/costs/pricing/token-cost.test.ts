import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPriceBook } from '../../../../src/costs/pricing/price-book.ts';
import { costOfTokens } from '../../../../src/costs/pricing/token-cost.ts';

test('tokens of many requests cost each kind its own rate, reasoning that of output where it has none', () => {
  const rates = { input: '2', output: '10', cacheRead: '0.5', cacheWrite: '3', reasoning: '20' };
  const tokens = {
    inputTokens: 10,
    cacheReadTokens: 3,
    cacheWriteTokens: 2,
    outputTokens: 7,
    reasoningTokens: 4,
  };
  expect(costOfTokens(tokens, rates)).toBe(5_000n * 2n + 1_500n + 6_000n + 30_000n + 80_000n);
  const { reasoning: _, ...plain } = rates;
  expect(costOfTokens(tokens, plain)).toBe(5_000n * 2n + 1_500n + 6_000n + 70_000n);
});

test('the tokens of one request cost what the price book says of it, below every tier', () => {
  const book = createPriceBook();
  const query = { provider: 'openai', model: 'gpt-4o', at: Date.parse('2026-11-20T00:00:00Z') };
  const found = book.describeRates(query);
  if (found.kind !== 'rates') throw new Error('gpt-4o has no rates');
  const count = fc.integer({ min: 0, max: 60_000 });
  fc.assert(
    fc.property(count, count, count, (uncached, cacheReadTokens, outputTokens) => {
      const usage = { inputTokens: uncached + cacheReadTokens, cacheReadTokens, outputTokens };
      const price = book.price({ ...query, usage });
      const tokens = { ...usage, cacheWriteTokens: 0, reasoningTokens: 0 };
      expect(price).toMatchObject({ costNanoUsd: costOfTokens(tokens, found.usdPerMillionTokens) });
    }),
  );
});
