import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../../../src/core/errors.ts';
import { formatUsd } from '../../../../src/core/money.ts';
import type { PriceOverride } from '../../../../src/costs/pricing/overrides.ts';
import { createPriceBook, type PriceQuery } from '../../../../src/costs/pricing/price-book.ts';

const base: PriceOverride = {
  id: 'deal',
  version: 3,
  scope: 'acme',
  provider: 'openai',
  model: 'gpt-4o',
  validFrom: 1000,
  usdPerMillionTokens: { input: '1', output: '4' },
};
const query: PriceQuery = { provider: 'openai', model: 'gpt-4o', at: 5000, workspaceId: 'acme' };
const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };

const outcome = (overrides: PriceOverride[], changes: Partial<PriceQuery> = {}) => {
  const price = createPriceBook({ overrides }).price({ ...query, ...changes, usage });
  return price.kind === 'priced' ? formatUsd(price.costNanoUsd) : price.reason;
};

describe('price overrides', () => {
  test('replace the book for their workspace and say so in the price version', () => {
    const price = createPriceBook({ overrides: [base] }).price({ ...query, usage });
    expect(price).toMatchObject({
      kind: 'priced',
      costNanoUsd: 5_000_000_000n,
      source: 'override',
      priceVersion: 'override:acme:deal@3',
    });
  });

  test("never touch another workspace's prices", () => {
    expect(outcome([base], { workspaceId: 'globex' })).toBe('12.5');
    expect(outcome([base], { workspaceId: undefined })).toBe('12.5');
  });

  test("a workspace's beats a global one, a global one beats the book", () => {
    const global = {
      ...base,
      id: 'all',
      scope: '-',
      validFrom: 4000,
      usdPerMillionTokens: { input: '2', output: '2' },
    };
    expect(outcome([base, global])).toBe('5');
    expect(outcome([global, base])).toBe('5');
    expect(outcome([base, global], { workspaceId: 'globex' })).toBe('4');
    expect(outcome([base, global], { workspaceId: undefined })).toBe('4');
  });

  test.each([
    [999, '12.5'],
    [1000, '5'],
    [1999, '5'],
    [2000, '12.5'],
  ])('hold from validFrom until just before validTo: at %i it costs %s', (at, cost) => {
    expect(outcome([{ ...base, validTo: 2000 }], { at })).toBe(cost);
  });

  test('the one that began last holds, and the one before holds again when it ends', () => {
    const later = {
      ...base,
      id: 'spring',
      validFrom: 2000,
      validTo: 3000,
      usdPerMillionTokens: { input: '0.5', output: '0.5' },
    };
    expect(outcome([base, later], { at: 2500 })).toBe('1');
    expect(outcome([later, base], { at: 2500 })).toBe('1');
    expect(outcome([base, later], { at: 3500 })).toBe('5');
  });

  test('the order in which they are given never matters', () => {
    const override = fc.record({
      ...Object.fromEntries(Object.entries(base).map(([key, value]) => [key, fc.constant(value)])),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      scope: fc.constantFrom('acme', '-'),
      provider: fc.constantFrom('gemini', 'google'),
      model: fc.constantFrom('gemini-x', 'gemini/Gemini-X'),
      validFrom: fc.integer({ min: 0, max: 3 }),
      validTo: fc.integer({ min: 3, max: 6 }),
      usdPerMillionTokens: fc
        .integer({ min: 1, max: 9 })
        .map((n) => ({ input: `${n}`, output: '0' })),
    }) as fc.Arbitrary<PriceOverride>;
    const several = fc.uniqueArray(override, { maxLength: 5, selector: (one) => one.id });
    fc.assert(
      fc.property(several, fc.integer({ min: 0, max: 7 }), (overrides, at) => {
        const changes = { provider: 'gemini', model: 'gemini-x', at };
        const reversed = outcome([...overrides].reverse(), changes);
        expect(outcome(overrides, changes)).toBe(reversed);
      }),
    );
  });

  test('price what the book does not know, also at zero', () => {
    const house = { ...base, provider: 'acme-llm', model: 'house-1' };
    expect(outcome([house], { provider: 'acme-llm', model: 'house-1' })).toBe('5');
    const free = { ...house, usdPerMillionTokens: { input: '0', output: '0' } };
    expect(outcome([free], { provider: 'acme-llm', model: 'HOUSE-1' })).toBe('0');
    expect(outcome([free], { provider: 'acme-llm', model: 'house-2' })).toBe('unknown-provider');
  });

  test("hold for one spelling of a provider, or by the book's id for all of them", () => {
    const gemini = { provider: 'gcp.vertex_ai', model: 'gemini-2.5-pro' };
    const vertex = { ...base, ...gemini };
    expect(outcome([vertex], gemini)).toBe('5');
    expect(outcome([vertex], { ...gemini, provider: 'gcp_vertex_ai' })).toBe('5');
    expect(outcome([vertex], { ...gemini, provider: 'gemini' })).not.toBe('5');
    const all = { ...vertex, provider: 'google' };
    for (const provider of ['google', 'gemini', 'gcp.vertex_ai', 'vertex_ai']) {
      expect(outcome([all], { ...gemini, provider })).toBe('5');
    }
    expect(outcome([all], { provider: 'gemini', model: 'gemini/gemini-2.5-pro' })).toBe('5');
  });

  test('name one model, not its family', () => {
    expect(outcome([base], { model: 'gpt-4o-2024-08-06' })).toBe('12.5');
  });

  test('charge cached tokens the input rate unless they name one', () => {
    const cached = { inputTokens: 1_000_000, cacheReadTokens: 600_000, cacheWriteTokens: 400_000 };
    const cost = (override: PriceOverride) => {
      const price = createPriceBook({ overrides: [override] }).price({ ...query, usage: cached });
      return price.kind === 'priced' && formatUsd(price.costNanoUsd);
    };
    expect(cost(base)).toBe('1');
    const rates = { input: '1', output: '4', cacheRead: '0.1', cacheWrite: '2' };
    expect(cost({ ...base, usdPerMillionTokens: rates })).toBe('0.86');
  });

  test('can be exchanged for others without another book being touched', () => {
    const plain = createPriceBook();
    const dealt = plain.withOverrides([base]);
    const dealtRates = dealt.describeRates(query);
    expect(dealtRates).toMatchObject({ source: 'override', usdPerMillionTokens: { input: '1' } });
    expect(plain.describeRates(query)).toMatchObject({ source: 'price_book' });
    expect(dealt.withOverrides([]).describeRates(query)).toMatchObject({ source: 'price_book' });
  });

  test('with a rate that is no decimal are refused when the book is made', () => {
    const bad = { ...base, usdPerMillionTokens: { input: 'cheap', output: '1' } };
    expect(() => createPriceBook({ overrides: [bad] })).toThrow(AppError);
  });
});
