import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatUsd } from '../../../../src/core/money.ts';
import type { Usage } from '../../../../src/costs/event.ts';
import { costOf } from '../../../../src/costs/pricing/cost.ts';
import { flatRate, type Rates } from '../../../../src/costs/pricing/rates.ts';

const flat: Rates = {
  input: flatRate('2.5'),
  output: flatRate('10'),
  cacheRead: flatRate('1.25'),
  cacheWrite: flatRate('3.125'),
};
const tier = (base: string, above: string) => ({
  base: flatRate(base).base,
  tiers: [{ aboveInputTokens: 200_000, rate: flatRate(above).base }],
});
const tiered: Rates = {
  input: tier('1', '2'),
  output: tier('10', '15'),
  cacheRead: tier('0.1', '0.2'),
  cacheWrite: tier('1', '2'),
};

const usd = (rates: Rates, usage: Usage) => {
  const cost = costOf(rates, usage);
  return cost.kind === 'cost' ? formatUsd(cost.costNanoUsd) : cost.reason;
};

describe('the cost of usage', () => {
  test('input includes cached tokens: each kind is charged once, at its own rate', () => {
    const usage = {
      inputTokens: 1_000_000,
      cacheReadTokens: 400_000,
      cacheWriteTokens: 100_000,
      outputTokens: 10,
    };
    expect(usd(flat, usage)).toBe('2.0626');
    const cost = costOf(flat, usage);
    expect(cost.kind === 'cost' && cost.parts()).toEqual([
      { kind: 'input', tokens: 500_000, usdPerMillionTokens: '2.5', costUsd: '1.25' },
      { kind: 'cacheRead', tokens: 400_000, usdPerMillionTokens: '1.25', costUsd: '0.5' },
      { kind: 'cacheWrite', tokens: 100_000, usdPerMillionTokens: '3.125', costUsd: '0.3125' },
      { kind: 'output', tokens: 10, usdPerMillionTokens: '10', costUsd: '0.0001' },
    ]);
  });

  test('output includes reasoning, which costs apart only where it has a rate', () => {
    const usage = { outputTokens: 1_000_000, reasoningTokens: 400_000 };
    expect(usd(flat, usage)).toBe('10');
    expect(usd({ ...flat, reasoning: flatRate('3') }, usage)).toBe('7.2');
  });

  test.each([
    [199_999, '0.199999'],
    [200_000, '0.2'],
    [200_001, '0.400002'],
  ])('a tier begins above its threshold, not at it: %i tokens cost %s', (inputTokens, cost) => {
    expect(usd(tiered, { inputTokens, outputTokens: 0 })).toBe(cost);
  });

  test('above the threshold the higher rates hold for all tokens, output and cached ones too', () => {
    const above = { inputTokens: 200_001, cacheReadTokens: 200_001, outputTokens: 1_000_000 };
    expect(usd(tiered, above)).toBe('15.0400002');
  });

  test('a request fee is charged per request, one when the event does not say how many', () => {
    const withFee = { ...flat, request: flatRate('12000') };
    expect(usd(withFee, { inputTokens: 0, outputTokens: 0 })).toBe('0.012');
    expect(usd(withFee, { inputTokens: 0, outputTokens: 0, requests: 50 })).toBe('0.6');
    const cost = costOf(withFee, { inputTokens: 0, requests: 50 });
    expect(cost.kind === 'cost' && cost.parts()).toEqual([
      { kind: 'requests', requests: 50, usdPerThousandRequests: '12', costUsd: '0.6' },
    ]);
  });

  test('an event that stands for many requests is priced only where their single sizes do not matter', () => {
    expect(usd(tiered, { inputTokens: 200_000, requests: 40 })).toBe('0.2');
    expect(usd(tiered, { inputTokens: 200_001, requests: 40 })).toBe('unknown-tier');
    expect(usd(flat, { inputTokens: 200_001, requests: 40 })).toBe('0.5000025');
  });

  test.each<Usage>([
    { inputTokens: 10, cacheReadTokens: 6, cacheWriteTokens: 5 },
    { cacheReadTokens: 1, outputTokens: 1 },
    { inputTokens: 1, outputTokens: 1, reasoningTokens: 2 },
    { inputTokens: -1 },
    { inputTokens: 1.5 },
    { inputTokens: 10, cacheReadTokens: -1 },
    { inputTokens: Number.NaN },
    { inputTokens: 2 ** 53 },
  ])('usage that contradicts itself is not priced: %j', (usage) => {
    expect(usd(flat, usage)).toBe('invalid-usage');
  });

  test('no token counts at all is not zero tokens', () => {
    expect(usd(flat, { requests: 3 })).toBe('no-token-usage');
    expect(usd(flat, { seconds: '4.5' })).toBe('no-token-usage');
    expect(usd(flat, { inputTokens: 0, outputTokens: 0 })).toBe('0');
  });

  test('a sub-nano rate is rounded once for the event, half to even', () => {
    const tiny: Rates = { ...flat, input: flatRate('0.0005'), output: flatRate('0.0005') };
    expect(usd(tiny, { inputTokens: 1, outputTokens: 0 })).toBe('0');
    expect(usd(tiny, { inputTokens: 1, outputTokens: 1 })).toBe('0.000000001');
    expect(usd(tiny, { inputTokens: 3, outputTokens: 0 })).toBe('0.000000002');
    expect(usd(tiny, { inputTokens: 2, outputTokens: 3 })).toBe('0.000000002');
  });

  test('n times the tokens cost n times as much, but for the one rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 1000 }),
        (inputTokens, outputTokens, n) => {
          const rates = { ...flat, input: flatRate('0.0333333333333333') };
          const one = costOf(rates, { inputTokens, outputTokens });
          const many = costOf(rates, {
            inputTokens: inputTokens * n,
            outputTokens: outputTokens * n,
          });
          if (one.kind !== 'cost' || many.kind !== 'cost') throw new Error('not priced');
          const difference = 2n * (many.costNanoUsd - BigInt(n) * one.costNanoUsd);
          expect(difference <= BigInt(n) + 1n && -difference <= BigInt(n) + 1n).toBe(true);
        },
      ),
    );
  });
});
