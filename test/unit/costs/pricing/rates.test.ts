import { describe, expect, test } from '@jest/globals';
import type { ConditionalPrice, ModelInfo } from '@pydantic/genai-prices';
import fc from 'fast-check';
import { AppError } from '../../../../src/core/errors.ts';
import { formatDecimal } from '../../../../src/core/money.ts';
import {
  datedRatesOf,
  exactRate,
  RATE_SCALE,
  rateFor,
  ratesAt,
} from '../../../../src/costs/pricing/rates.ts';

const model = (prices: ModelInfo['prices'], id = 'm'): ModelInfo => ({
  id,
  match: { equals: id },
  prices,
});
const inputAt = (prices: ConditionalPrice[], time: string) => {
  const rates = ratesAt(datedRatesOf(model(prices)), Date.parse(time));
  return rates && formatDecimal(rateFor(rates.input, 0), RATE_SCALE);
};

describe('a number of the data as an exact rate', () => {
  test.each([
    [0.0028, '0.0028'],
    [0.08333333333333334, '0.08333333333333334'],
    [0.18000000000000002, '0.18000000000000002'],
    [1e-7, '0.0000001'],
    [1.5e-7, '0.00000015'],
    [2.5e21, '2500000000000000000000'],
    [0, '0'],
  ])('%p is %s', (value, text) => {
    expect(formatDecimal(exactRate(value), RATE_SCALE)).toBe(text);
  });

  test('is the same number again when read back', () => {
    const prices = fc
      .double({ min: 1e-6, max: 1e6, noNaN: true })
      .map((n) => Number(n.toFixed(12)));
    fc.assert(fc.property(prices, (n) => Number(formatDecimal(exactRate(n), RATE_SCALE)) === n));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1.2345678901234e-9])(
    '%p is refused, not rounded',
    (value) => {
      expect(() => exactRate(value)).toThrow(AppError);
    },
  );
});

describe('which price list holds', () => {
  const base = { prices: { input_mtok: 1, output_mtok: 1 } };
  const from = (start_date: string, input_mtok: number): ConditionalPrice => ({
    constraint: { type: 'start_date', start_date },
    prices: { input_mtok, output_mtok: 1 },
  });
  const during = (start_time: string, end_time: string, input_mtok: number): ConditionalPrice => ({
    constraint: { type: 'time_of_date', start_time, end_time },
    prices: { input_mtok, output_mtok: 1 },
  });

  test.each([
    ['2026-08-16T23:59:59.999Z', '1'],
    ['2026-08-17T00:00:00Z', '2'],
    ['2026-08-17T01:59:59+02:00', '1'],
    ['2027-01-01T00:00:00Z', '3'],
  ])('from its start date at midnight UTC: %s costs %s', (time, input) => {
    expect(inputAt([base, from('2026-08-17', 2), from('2027-01-01', 3)], time)).toBe(input);
  });

  test.each([
    ['2026-07-01T00:29:59.999Z', '1'],
    ['2026-07-01T00:30:00Z', '2'],
    ['2026-07-01T16:29:59.999Z', '2'],
    ['2026-07-01T16:30:00Z', '1'],
    ['1969-12-31T12:00:00Z', '2'],
  ])('in its hours of the day, the end excluded: %s costs %s', (time, input) => {
    expect(inputAt([base, during('00:30:00Z', '16:30:00Z', 2)], time)).toBe(input);
  });

  test.each([
    ['2026-07-01T22:00:00Z', '2'],
    ['2026-07-01T05:59:59Z', '2'],
    ['2026-07-01T06:00:00Z', '1'],
    ['2026-07-01T21:59:59Z', '1'],
  ])('in hours across midnight, given in another zone: %s costs %s', (time, input) => {
    expect(inputAt([base, during('06:00:00+08:00', '14:00:00+08:00', 2)], time)).toBe(input);
  });

  test('of several that hold, the last one counts', () => {
    const lists = [base, from('2026-08-17', 2), during('01:00:00Z', '04:00:00Z', 3)];
    expect(inputAt(lists, '2026-11-20T02:00:00Z')).toBe('3');
    expect(inputAt(lists, '2026-11-20T05:00:00Z')).toBe('2');
  });

  test('none, where the first list begins later: the price before is not known', () => {
    expect(inputAt([from('2026-08-17', 2)], '2026-08-01T00:00:00Z')).toBeUndefined();
  });
});

describe('what a list without a price for a kind charges', () => {
  const ratesOf = (prices: ModelInfo['prices'], id?: string) =>
    ratesAt(datedRatesOf(model(prices, id)), 0);

  test('cached tokens cost what other input costs, tiers included', () => {
    const rates = ratesOf({ input_mtok: { base: 1, tiers: [{ start: 10, price: 2 }] } })!;
    expect(rateFor(rates.cacheRead, 11)).toBe(exactRate(2));
    expect(rateFor(rates.cacheWrite, 10)).toBe(exactRate(1));
  });

  test('a model priced for input alone bills input alone', () => {
    expect(rateFor(ratesOf({ input_mtok: 0.02 })!.output, 0)).toBe(0n);
  });

  test('a model with no price for tokens has no rates, unless its own id says it is free', () => {
    expect(ratesOf({})).toBeUndefined();
    expect(ratesOf({ audio_hours: 0.36 })).toBeUndefined();
    expect(rateFor(ratesOf({}, 'llama-4-scout:free')!.input, 0)).toBe(0n);
  });
});
