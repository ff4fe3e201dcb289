import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { calcPrice, type ModelInfo, type Provider, waitForUpdate } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { formatUsd } from '../../../../src/core/money.ts';
import type { Usage } from '../../../../src/costs/event.ts';
import { costOf } from '../../../../src/costs/pricing/cost.ts';
import { BOOK_PRICE_VERSION, createPriceBook } from '../../../../src/costs/pricing/price-book.ts';
import { bookProviderOf, knownBookProviders } from '../../../../src/costs/pricing/providers.ts';
import { datedRatesOf, ratesAt } from '../../../../src/costs/pricing/rates.ts';

const providers: Provider[] = (await waitForUpdate())!;
const models = providers.flatMap((provider) =>
  provider.models.map((model) => ({ provider, model })),
);

const INSTANTS = [
  '2025-01-01T00:00:00Z',
  '2026-07-24T12:00:00Z',
  '2026-08-17T00:00:00Z',
  '2026-11-20T02:30:00Z',
  '2026-11-20T06:00:00Z',
  '2026-11-20T16:30:00.000Z',
  '2026-11-20T23:59:59.999Z',
  '2027-01-01T00:00:00Z',
].map((text) => Date.parse(text));

const USAGES: Usage[] = [
  { inputTokens: 1000, outputTokens: 500 },
  { inputTokens: 50_000, cacheReadTokens: 40_000, outputTokens: 700 },
  { inputTokens: 20_000, cacheReadTokens: 5_000, cacheWriteTokens: 10_000, outputTokens: 300 },
  { inputTokens: 128_001, outputTokens: 7, reasoningTokens: 5 },
  { inputTokens: 200_000, cacheReadTokens: 1, cacheWriteTokens: 1, outputTokens: 1 },
  { inputTokens: 200_001, cacheReadTokens: 100_000, cacheWriteTokens: 7, outputTokens: 65_536 },
  { inputTokens: 1_500_000, cacheReadTokens: 3, outputTokens: 10, reasoningTokens: 10 },
  { inputTokens: 0, outputTokens: 1 },
];

const theirUsage = (usage: Usage) => ({
  input_tokens: usage.inputTokens ?? 0,
  output_tokens: usage.outputTokens ?? 0,
  cache_read_tokens: usage.cacheReadTokens ?? 0,
  cache_write_tokens: usage.cacheWriteTokens ?? 0,
  output_reasoning_tokens: usage.reasoningTokens ?? 0,
});

const agrees = (nano: bigint, theirs: number) =>
  Math.abs(Number(formatUsd(nano)) - theirs) <= 1e-9 + 1e-12 * theirs;

/** Prices a model of the data without any matching, so that entries shadowed by another's rule are tried too. */
function theirPrice({ model, provider }: (typeof models)[number], usage: Usage, at: number) {
  const alone: Provider = { ...provider, models: [{ ...model, match: { equals: 'it' } }] };
  return calcPrice(theirUsage(usage), 'it', { provider: alone, timestamp: new Date(at) })!;
}

describe("the price book against genai-prices' own calculation", () => {
  test('the version written beside each cost is that of the installed data', () => {
    const file = 'node_modules/@pydantic/genai-prices/package.json';
    const { version } = JSON.parse(readFileSync(file, 'utf8'));
    expect(BOOK_PRICE_VERSION).toBe(`genai-prices@${version}`);
  });

  test('the table of providers has every provider of the data, and no other', () => {
    const ids = providers.map((provider) => provider.id);
    expect(knownBookProviders().sort()).toEqual([...ids].sort());
    for (const id of ids) expect(bookProviderOf(id)).toBe(id);
  });

  test('every model costs the same at every instant for every usage, or is said to have no rate', () => {
    const wrong: string[] = [];
    for (const entry of models) {
      const lists = datedRatesOf(entry.model);
      for (const at of INSTANTS) {
        const rates = ratesAt(lists, at);
        for (const usage of USAGES) {
          const theirs = theirPrice(entry, usage, at);
          const cost = rates && costOf(rates, usage);
          const right =
            cost === undefined
              ? theirs.model_price.input_mtok === undefined && theirs.total_price === 0
              : cost.kind === 'cost' && agrees(cost.costNanoUsd, theirs.total_price);
          if (!right) wrong.push(`${entry.provider.id}/${entry.model.id} ${JSON.stringify(usage)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('every model id is found where the data finds it, at the same price', () => {
    const book = createPriceBook();
    const usage = { inputTokens: 300_000, cacheReadTokens: 1_000, outputTokens: 2_000 };
    const at = Date.parse('2026-11-20T02:30:00Z');
    const wrong: string[] = [];
    for (const { provider, model } of models) {
      const theirs = calcPrice(theirUsage(usage), model.id, {
        providerId: provider.id,
        timestamp: new Date(at),
      });
      const ours = book.price({ provider: provider.id, model: model.id, at, usage });
      const right =
        ours.kind === 'priced'
          ? theirs !== null && agrees(ours.costNanoUsd, theirs.total_price)
          : ours.reason === (theirs === null ? 'unknown-model' : 'no-rate-for-tokens');
      if (!right) wrong.push(`${provider.id}/${model.id}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('exactness against a rational model of the data', () => {
  const priced = models.filter(({ model }) => ratesAt(datedRatesOf(model), INSTANTS[1]!));
  const tokens = fc.integer({ min: 0, max: 2_000_000 });
  const usages = fc
    .record({ read: tokens, write: tokens, uncached: tokens, plain: tokens, reasoning: tokens })
    .map(({ read, write, uncached, plain, reasoning }) => ({
      inputTokens: read + write + uncached,
      cacheReadTokens: read,
      cacheWriteTokens: write,
      outputTokens: plain + reasoning,
      reasoningTokens: reasoning,
    }));

  test('the cost is the exact sum rounded once, half to even; the parts add up to it before rounding', () => {
    fc.assert(
      fc.property(fc.constantFrom(...priced), usages, ({ model }, usage) => {
        const at = INSTANTS[1]!;
        const cost = costOf(ratesAt(datedRatesOf(model), at)!, usage);
        if (cost.kind !== 'cost') throw new Error(cost.reason);
        const exact = exactSum(model, usage, at);
        expect(cost.costNanoUsd).toBe(roundedToNano(exact));
        const parts = cost.parts().map((part) => decimal(part.costUsd));
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(exact);
      }),
      { numRuns: 2_000 },
    );
  });

  /** USD as an integer of 1e-30, straight from the data's numbers. */
  function exactSum(
    model: ModelInfo,
    usage: Required<Omit<Usage, 'requests' | 'seconds' | 'bytes'>>,
    at: number,
  ) {
    const list = Array.isArray(model.prices)
      ? model.prices.findLast(({ constraint }) => {
          if (constraint?.type === 'start_date') return at >= Date.parse(constraint.start_date);
          // The instant tried is noon UTC, and the data writes times of day in UTC.
          return !constraint || (constraint.start_time < '12' && '12' < constraint.end_time);
        })!.prices
      : model.prices;
    const rate = (key: string): bigint | undefined => {
      const price = list[key];
      if (price === undefined || typeof price === 'number')
        return price === undefined ? price : decimal(String(price));
      const tier = [...price.tiers]
        .sort((a, b) => b.start - a.start)
        .find(({ start }) => usage.inputTokens > start);
      return decimal(String(tier?.price ?? price.base));
    };
    const input = rate('input_mtok') ?? 0n;
    const output = rate('output_mtok') ?? 0n;
    const uncached = usage.inputTokens - usage.cacheReadTokens - usage.cacheWriteTokens;
    const perMillion =
      BigInt(uncached) * input +
      BigInt(usage.cacheReadTokens) * (rate('cache_read_mtok') ?? input) +
      BigInt(usage.cacheWriteTokens) * (rate('cache_write_mtok') ?? input) +
      BigInt(usage.outputTokens - usage.reasoningTokens) * output +
      BigInt(usage.reasoningTokens) * (rate('output_reasoning_mtok') ?? output);
    return perMillion / 1_000_000n + (rate('requests_kcount') ?? 0n) / 1000n;
  }

  function decimal(text: string): bigint {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(30, '0'));
  }

  function roundedToNano(units: bigint): bigint {
    const grain = 10n ** 21n;
    const down = units - (units % grain);
    const twice = 2n * (units - down);
    const up = twice > grain || (twice === grain && (down / grain) % 2n === 1n);
    return down / grain + (up ? 1n : 0n);
  }
});
