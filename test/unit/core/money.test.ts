import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../../src/core/errors.ts';
import {
  divideHalfEven,
  formatDecimal,
  formatDollars,
  formatDollarsRounded,
  formatUsd,
  parseDecimal,
  parseUsd,
} from '../../../src/core/money.ts';

/** Amounts far beyond what a double holds exactly. */
const amounts = fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n });
const scales = fc.integer({ min: 0, max: 20 });

describe('an amount of money', () => {
  test('is read back unchanged from the text it was written as, at any scale', () => {
    fc.assert(
      fc.property(amounts, scales, (amount, scale) => {
        expect(parseDecimal(formatDecimal(amount, scale), scale)).toBe(amount);
      }),
    );
  });

  test('is written in one way only: no exponent, no needless zero, no minus before zero', () => {
    fc.assert(
      fc.property(amounts, scales, (amount, scale) => {
        expect(formatDecimal(amount, scale)).toMatch(
          /^(?:0|-?(?:[1-9]\d*|(?:0|[1-9]\d*)\.\d*[1-9]))$/,
        );
      }),
    );
  });

  test('means the same however many zeros are written around it', () => {
    const zeros = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(amounts, zeros, zeros, (amount, before, after) => {
        const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(formatUsd(amount))!;
        const padded = `${sign}${'0'.repeat(before)}${whole}.${fraction}${'0'.repeat(after + 1)}`;
        expect(parseUsd(padded)).toBe(amount);
      }),
    );
  });

  test.each([
    ['0', 0n],
    ['-0', 0n],
    ['0.000000001', 1n],
    ['-0.000000001', -1n],
    ['0.1', 100_000_000n],
    ['206.11', 206_110_000_000n],
    ['9007199254740993.000000001', 9_007_199_254_740_993_000_000_001n],
    ['1.1230000000', 1_123_000_000n],
  ])('%s USD is %s nano-USD exactly', (text, nano) => {
    expect(parseUsd(text)).toBe(nano);
  });

  test.each([
    '',
    ' ',
    ' 1',
    '1 ',
    '1\n',
    '+1',
    '--1',
    '.5',
    '5.',
    '1e3',
    '1E-9',
    '0x10',
    '1,5',
    '1_000',
    '1.2.3',
    'NaN',
    'Infinity',
    '١',
    '0.0000000001',
    '1.0000000005',
  ])('refuses %j and names it', (text) => {
    const parse = () => parseUsd(text);
    expect(parse).toThrow(AppError);
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid_decimal' }));
    expect(parse).toThrow(JSON.stringify(text));
  });
});

describe('a division rounded half to even', () => {
  const denominators = fc.bigInt({ min: 1n, max: 10n ** 20n });

  test('is the nearest integer, and of two equally near the even one', () => {
    // Few denominators, so that ties are common.
    const small = fc.bigInt({ min: 1n, max: 12n });
    const numerators = fc.oneof(fc.bigInt({ min: -200n, max: 200n }), amounts);
    fc.assert(
      fc.property(numerators, fc.oneof(small, denominators), (numerator, denominator) => {
        const quotient = divideHalfEven(numerator, denominator);
        const distance = 2n * (quotient * denominator - numerator);
        const magnitude = distance < 0n ? -distance : distance;
        expect(magnitude <= denominator).toBe(true);
        if (magnitude === denominator) expect(quotient % 2n === 0n).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('favours neither sign', () => {
    fc.assert(
      fc.property(amounts, denominators, (numerator, denominator) => {
        expect(divideHalfEven(-numerator, denominator)).toBe(
          -divideHalfEven(numerator, denominator),
        );
      }),
    );
  });

  test.each([
    [1n, 2n, 0n],
    [3n, 2n, 2n],
    [5n, 2n, 2n],
    [-1n, 2n, 0n],
    [-3n, 2n, -2n],
    [-5n, 2n, -2n],
    [7n, 4n, 2n],
    [5n, 4n, 1n],
  ])('%s / %s is %s', (numerator, denominator, quotient) => {
    expect(divideHalfEven(numerator, denominator)).toBe(quotient);
  });
});

describe('an amount for people', () => {
  test.each([
    ['0', '$0.00', '$0.00'],
    ['0.000000001', '$0.000000001', '$0.000000001'],
    ['-0.004', '-$0.004', '-$0.004'],
    ['0.01', '$0.01', '$0.01'],
    ['0.025', '$0.025', '$0.02'],
    ['0.035', '$0.035', '$0.04'],
    ['1234567.895', '$1,234,567.895', '$1,234,567.90'],
    ['999.999', '$999.999', '$1,000.00'],
    ['-12.5', '-$12.50', '-$12.50'],
  ])('%s USD is %s, as an estimate %s', (usd, exact, rounded) => {
    expect(formatDollars(parseUsd(usd))).toBe(exact);
    expect(formatDollarsRounded(parseUsd(usd))).toBe(rounded);
  });
});
