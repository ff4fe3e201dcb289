import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { amount, sumOf, tokensAt, unitsAt } from '../../../../src/analysis/insights/arithmetic.ts';
import { formatUsd } from '../../../../src/core/money.ts';
import { costOfTokens, partsOfTokens } from '../../../../src/costs/pricing/token-cost.ts';

const nano = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
const count = fc.nat({ max: 1_000_000_000 });
const rate = fc
  .tuple(fc.nat({ max: 999 }), fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }))
  .map(([whole, fraction]) => `${whole}.${String(fraction).padStart(18, '0')}`);

test('a sum of amounts and of things at a price is exact', () => {
  fc.assert(
    fc.property(nano, count, nano, (spent, many, price) => {
      const { nanoUsd, arithmetic } = sumOf([
        amount('spent', spent),
        unitsAt('less', { count: many, priceNanoUsd: price, unit: 'run', sign: -1 }),
      ]);
      expect(nanoUsd).toBe(spent - BigInt(many) * price);
      expect(arithmetic.sumUsd).toBe(formatUsd(nanoUsd));
    }),
  );
});

test('tokens line by line, summed and rounded once, are what the tokens cost', () => {
  const rates = fc.record({ input: rate, output: rate, cacheRead: rate, cacheWrite: rate });
  const tokens = fc
    .tuple(count, count, count, count, count)
    .map(([fresh, cacheReadTokens, cacheWriteTokens, spoken, reasoningTokens]) => ({
      inputTokens: fresh + cacheReadTokens + cacheWriteTokens,
      outputTokens: spoken + reasoningTokens,
      cacheReadTokens,
      cacheWriteTokens,
      reasoningTokens,
    }));
  fc.assert(
    fc.property(tokens, rates, (used, at) => {
      const terms = partsOfTokens(used, at).map((part) =>
        tokensAt(part.kind, {
          tokens: part.tokens,
          usdPerMillion: part.usdPerMillionTokens,
          sign: 1,
        }),
      );
      expect(terms.map(({ usd }) => usd)).toEqual(
        partsOfTokens(used, at).map(({ costUsd }) => costUsd),
      );
      expect(sumOf(terms).nanoUsd).toBe(costOfTokens(used, at));
    }),
  );
});
