/** Digits before and after the point that a decimal type keeps. */
const DECIMAL_SHAPE = {
  NUMERIC: { integer: 29, scale: 9 },
  BIGNUMERIC: { integer: 38, scale: 38 },
} as const;

const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/;

/** What a text is as a decimal of a type. */
export type DecimalResult =
  | { kind: 'ok'; text: string }
  | { kind: 'not-a-number' }
  | { kind: 'out-of-range' }
  | { kind: 'too-many-decimals'; rounded: string };

/**
 * Reads a decimal number as NUMERIC or BIGNUMERIC. `text` is canonical (no exponent, no trailing zeros, no `-0`).
 * More decimals than the type keeps give `too-many-decimals` with the value rounded half away from zero.
 */
export function parseDecimalText(type: 'NUMERIC' | 'BIGNUMERIC', text: string): DecimalResult {
  const match = DECIMAL.exec(text);
  if (!match || (match[2] === '' && (match[3] ?? '') === '')) return { kind: 'not-a-number' };
  const shape = DECIMAL_SHAPE[type];
  const exponent = Number(match[4] ?? 0);
  const fraction = match[3] ?? '';
  const digits = BigInt(`${match[2]}${fraction}` || '0');
  // value = digits × 10^(shift − scale), so `scaled` counts units of the last decimal kept.
  const shift = shape.scale - fraction.length + exponent;
  if (shift > 100) return digits === 0n ? { kind: 'ok', text: '0' } : { kind: 'out-of-range' };
  const divisor = shift < 0 ? 10n ** BigInt(Math.min(-shift, 4000)) : 1n;
  const scaled = shift >= 0 ? digits * 10n ** BigInt(shift) : (digits + divisor / 2n) / divisor;
  if (scaled >= 10n ** BigInt(shape.integer + shape.scale)) return { kind: 'out-of-range' };
  const canonical = formatScaled(match[1] === '-' ? -scaled : scaled, shape.scale);
  if (shift < 0 && digits % divisor !== 0n)
    return { kind: 'too-many-decimals', rounded: canonical };
  return { kind: 'ok', text: canonical };
}

/** Canonical decimal text of `value × 10^-scale`: no trailing zeros, no exponent, `0` for zero. */
export function formatScaled(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6})(0*))?$/;
const TIMESTAMP =
  /^(\d{4}-\d{1,2}-\d{1,2})(?:[Tt ](\d{1,2}:\d{1,2}(?::\d{1,2})?(?:\.\d{1,9})?))?\s*([Zz]|UTC|[+-]\d{1,2}(?::?\d{2})?)?$/;

/** Days since 1970-01-01 of a `YYYY-MM-DD` text, or nothing when it is no date of the years 1 to 9999. */
export function parseDateDays(text: string): number | undefined {
  const match = DATE.exec(text.trim());
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists && year >= 1 ? date.getTime() / 86_400_000 : undefined;
}

/** Microseconds since midnight of an `HH:MM:SS[.ffffff]` text. */
export function parseTimeMicros(text: string): bigint | undefined {
  const match = TIME.exec(text.trim());
  if (!match) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return (
    BigInt((hour * 60 + minute) * 60 + second) * 1_000_000n +
    BigInt((match[4] ?? '').padEnd(6, '0') || '0')
  );
}

function offsetMinutes(zone: string): number {
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0));
}

/**
 * Microseconds since the epoch of a timestamp in GoogleSQL's canonical text or RFC 3339: the zone is `Z`, `UTC` or an
 * offset, and UTC when absent. Named zones and anything else give nothing; digits beyond microseconds are cut.
 */
export function parseTimestampMicros(text: string): bigint | undefined {
  const match = TIMESTAMP.exec(text.trim());
  if (!match) return undefined;
  const days = parseDateDays(match[1]!);
  const clock = match[2] ?? '00:00:00';
  const withSeconds = /^\d{1,2}:\d{1,2}$/.test(clock) ? `${clock}:00` : clock;
  const time = parseTimeMicros(withSeconds.replace(/(\.\d{6})\d+$/, '$1'));
  if (days === undefined || time === undefined) return undefined;
  return (
    BigInt(days) * 86_400_000_000n + time - BigInt(offsetMinutes(match[3] ?? 'Z')) * 60_000_000n
  );
}

/** `YYYY-MM-DD` of days since the epoch. */
export function formatDays(days: number): string {
  const iso = new Date(days * 86_400_000).toISOString();
  return iso.slice(0, 10);
}

/** `HH:MM:SS[.ffffff]` of microseconds since midnight; trailing zeros of the fraction are left out. */
export function formatTimeMicros(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const part = (n: number) => String(n).padStart(2, '0');
  const fraction = String(micros % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const clock = `${part(Math.floor(seconds / 3600))}:${part(Math.floor(seconds / 60) % 60)}:${part(seconds % 60)}`;
  return fraction === '' ? clock : `${clock}.${fraction}`;
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` in UTC of microseconds since the epoch, for DuckDB. */
export function formatTimestampMicros(micros: bigint): string {
  const dayMicros = 86_400_000_000n;
  const inDay = ((micros % dayMicros) + dayMicros) % dayMicros;
  const days = Number((micros - inDay) / dayMicros);
  return `${formatDays(days)} ${formatTimeMicros(inDay)}`;
}
