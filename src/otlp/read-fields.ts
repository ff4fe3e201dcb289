/** The fields of a message, from protobuf or JSON alike. */
export type Fields = Record<string, unknown>;

/** A request that is not an OTLP request; the text says where and why. */
export class OtlpReadError extends Error {
  readonly reason: 'malformed' | 'too-large';

  constructor(message: string, reason: OtlpReadError['reason'] = 'malformed') {
    super(message);
    this.name = 'OtlpReadError';
    this.reason = reason;
  }
}

/** The value as a message; throws `OtlpReadError` where it is none. */
export function fieldsOf(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new OtlpReadError(`${path} must be an object`);
}

/** A field's own value; null, which JSON may write for what is absent, is absent. Never one that is inherited. */
export function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
}

/** A message within a message; an absent one is empty. */
export function childOf(fields: Fields, name: string, path: string): Fields {
  const value = fieldOf(fields, name);
  return value === undefined ? {} : fieldsOf(value, `${path}.${name}`);
}

/** A repeated field as messages, each with its path; absent it is empty. */
export function* entriesOf(
  fields: Fields,
  name: string,
  path: string,
): Generator<[fields: Fields, path: string]> {
  const list = listOf(fields, name, path);
  for (let i = 0; i < list.length; i++) {
    const entry = `${path}${path === '' ? '' : '.'}${name}[${i}]`;
    yield [fieldsOf(list[i], entry), entry];
  }
}

/** A repeated field's values. */
export function listOf(fields: Fields, name: string, path: string): readonly unknown[] {
  const value = fieldOf(fields, name) ?? [];
  if (!Array.isArray(value)) {
    throw new OtlpReadError(`${path}${path === '' ? '' : '.'}${name} must be an array`);
  }
  return value;
}

/** A text; '' where it is absent. */
export function textOf(fields: Fields, name: string, path: string): string {
  const value = fieldOf(fields, name) ?? '';
  if (typeof value !== 'string') throw new OtlpReadError(`${path}.${name} must be a string`);
  return value;
}

/** A small whole number such as an enum's; 0 where it is absent. */
export function enumOf(fields: Fields, name: string, path: string): number {
  const value = fieldOf(fields, name) ?? 0;
  if (!Number.isSafeInteger(value)) throw new OtlpReadError(`${path}.${name} must be an integer`);
  return value as number;
}

const DECIMAL_INT64 = /^-?\d{1,19}$/;
const DECIMAL_UINT64 = /^\d{1,20}$/;
const LARGEST_UINT64 = 2n ** 64n - 1n;

/** A 64-bit instant in nanoseconds; 0 where it is absent. */
export function nanosecondsOf(fields: Fields, name: string, path: string): bigint {
  const value = fieldOf(fields, name) ?? 0;
  const nanoseconds = bigintOf(value, DECIMAL_UINT64);
  if (nanoseconds === undefined || nanoseconds < 0n || nanoseconds > LARGEST_UINT64) {
    throw new OtlpReadError(`${path}.${name} must be nanoseconds since the epoch`);
  }
  return nanoseconds;
}

/** A 64-bit integer as protobuf (Long) or JSON (decimal text, number) write it: a number where it is exact as one. */
export function int64Of(value: unknown): number | bigint | undefined {
  const integer = bigintOf(value, DECIMAL_INT64);
  if (integer === undefined || BigInt.asIntN(64, integer) !== integer) return undefined;
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

function bigintOf(value: unknown, decimal: RegExp): bigint | undefined {
  if (typeof value === 'string') return decimal.test(value) ? BigInt(value) : undefined;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (isLong(value)) {
    const high = BigInt(value.unsigned ? value.high >>> 0 : value.high);
    return (high << 32n) | BigInt(value.low >>> 0);
  }
  return undefined;
}

type Long = { low: number; high: number; unsigned: boolean };

/** What protobufjs makes of a 64-bit integer. */
function isLong(value: unknown): value is Long {
  if (typeof value !== 'object' || value === null) return false;
  const { low, high, unsigned } = value as Partial<Long>;
  return typeof low === 'number' && typeof high === 'number' && typeof unsigned === 'boolean';
}
