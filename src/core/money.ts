import { AppError } from './errors.ts';

/** An amount of money in nano-USD (1e-9 USD), the grain of BigQuery's NUMERIC. Never a `number`. */
export type NanoUsd = bigint;

const USD_SCALE = 9;
const NANO_USD_PER_CENT = 10_000_000n;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * A decimal text as an integer of 10^-scale units, exactly.
 * Refuses exponents, blanks, a leading `+`, and digits beyond `scale` that are not zero.
 */
export function parseDecimal(text: string, scale: number): bigint {
  const match = DECIMAL.exec(text);
  if (match === null) throw notDecimal(text, 'is not a decimal number');
  const [, sign, whole, fraction = ''] = match;
  if (/[^0]/.test(fraction.slice(scale))) throw notDecimal(text, `has more than ${scale} decimals`);
  const units = BigInt(whole + fraction.slice(0, scale).padEnd(scale, '0'));
  return sign === '-' ? -units : units;
}

/** The shortest decimal text of an integer of 10^-scale units: no exponent, no trailing zeros, `0` for zero. */
export function formatDecimal(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A decimal USD text (at most nine decimals) as nano-USD; throws `invalid_decimal`. */
export function parseUsd(text: string): NanoUsd {
  return parseDecimal(text, USD_SCALE);
}

/** Nano-USD as a decimal USD text, the form of JSON, CLI and BigQuery alike; `parseUsd` reads it back unchanged. */
export function formatUsd(amount: NanoUsd): string {
  return formatDecimal(amount, USD_SCALE);
}

/** An amount for people, all its digits: `$1,234.50`, at least two decimals. */
export function formatDollars(amount: NanoUsd): string {
  const [whole = '', fraction = ''] = formatUsd(amount < 0n ? -amount : amount).split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${amount < 0n ? '-' : ''}$${grouped}.${fraction.padEnd(2, '0')}`;
}

/** An estimate for people: cents rounded half to even; what is less than a cent keeps all its digits. */
export function formatDollarsRounded(amount: NanoUsd): string {
  const isTiny = -NANO_USD_PER_CENT < amount && amount < NANO_USD_PER_CENT;
  const cents = divideHalfEven(amount, NANO_USD_PER_CENT);
  return formatDollars(isTiny ? amount : cents * NANO_USD_PER_CENT);
}

/** The quotient rounded to the nearest integer, a tie to the even one (IEEE 754 roundTiesToEven). `denominator` > 0. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  const twice = 2n * (remainder < 0n ? -remainder : remainder);
  if (twice < denominator || (twice === denominator && quotient % 2n === 0n)) return quotient;
  return numerator < 0n ? quotient - 1n : quotient + 1n;
}

function notDecimal(text: string, reason: string): AppError {
  return new AppError({ code: 'invalid_decimal', message: `${JSON.stringify(text)} ${reason}` });
}
