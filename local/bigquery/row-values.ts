import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
  listValue,
  structValue,
} from '@duckdb/node-api';
import { canonicalJson, formatJson } from './json-text.ts';
import { modeOf, type TableField } from './schema.ts';
import { scalarType } from './sql/types.ts';
import {
  parseDateDays,
  parseDecimalText,
  parseTimeMicros,
  parseTimestampMicros,
} from './values.ts';

/** What is wrong with one field of a row. */
export type RowError = { reason: string; location: string; debugInfo: string; message: string };
export type RowResult =
  | { kind: 'valid'; values: DuckDBValue[] }
  | { kind: 'invalid'; errors: RowError[] };

const MAX_INT64 = 9223372036854775807n;
const NUMERIC_UNITS = 1_000_000_000n;

class BadValue extends Error {}

const bad = (message: string) => new BadValue(message);

function rowError(location: string, message: string): RowError {
  return { reason: 'invalid', location, debugInfo: '', message };
}

function toInt64(value: unknown): bigint {
  const text =
    typeof value === 'bigint'
      ? String(value)
      : typeof value === 'number' && Number.isInteger(value)
        ? String(value)
        : value;
  if (typeof text !== 'string' || !/^[+-]?\d+$/.test(text))
    throw bad(`Cannot convert value to integer (bad value): ${show(value)}`);
  const int = BigInt(text);
  if (int > MAX_INT64 || int < -MAX_INT64 - 1n)
    throw bad(`Cannot convert value to integer (bad value): ${show(value)}`);
  return int;
}

function toDouble(value: unknown): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const number =
    typeof value === 'string' && value.trim() !== ''
      ? Number(value.replace(/^([+-]?)inf$/i, '$1Infinity'))
      : Number.NaN;
  if (Number.isNaN(number) && String(value).toLowerCase() !== 'nan')
    throw bad(`Cannot convert value to floating point (bad value): ${show(value)}`);
  return number;
}

function decimalUnits(text: string): bigint {
  const [whole, fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(9, '0')}`);
}

function toNumeric(value: unknown, field: string): DuckDBDecimalValue {
  const isDecimal =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  const parsed = isDecimal
    ? parseDecimalText('NUMERIC', String(value))
    : { kind: 'not-a-number' as const };
  if (parsed.kind !== 'ok')
    throw bad(`Invalid NUMERIC value: ${show(value)} Field: ${field}; Value: ${show(value)}`);
  return new DuckDBDecimalValue(decimalUnits(parsed.text), 38, 9);
}

function toTimestamp(value: unknown): bigint {
  const isSeconds =
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    (typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value.trim()));
  if (isSeconds) {
    const seconds = parseDecimalText('NUMERIC', String(value));
    if (seconds.kind === 'ok') return decimalUnits(seconds.text) / (NUMERIC_UNITS / 1_000_000n);
  }
  const micros = typeof value === 'string' ? parseTimestampMicros(value) : undefined;
  if (micros === undefined) {
    throw bad(
      `Could not parse '${show(value)}' as a timestamp. Required format is YYYY-MM-DD HH:MM[:SS[.SSSSSS]] or YYYY/MM/DD HH:MM[:SS[.SSSSSS]]`,
    );
  }
  return micros;
}

function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && /^(true|false)$/i.test(value))
    return value.toLowerCase() === 'true';
  throw bad(`Cannot convert value to boolean (bad value): ${show(value)}`);
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (['number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  throw bad('Cannot convert a record or list to STRING.');
}

function toJson(value: unknown): string {
  try {
    return canonicalJson(typeof value === 'string' ? value : formatJson(value));
  } catch {
    throw bad(`Invalid JSON value: ${show(value)}`);
  }
}

function toBytes(value: unknown): DuckDBBlobValue {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value))
    throw bad(`Could not decode base64 string to bytes. Value: ${show(value)}`);
  return new DuckDBBlobValue(Buffer.from(value, 'base64'));
}

function scalar(value: unknown, field: TableField, path: string): DuckDBValue {
  switch (scalarType(field.type).kind) {
    case 'STRING':
      return toText(value);
    case 'INT64':
      return toInt64(value);
    case 'FLOAT64':
      return toDouble(value);
    case 'NUMERIC':
      return toNumeric(value, path);
    case 'BIGNUMERIC': {
      const parsed = parseDecimalText('BIGNUMERIC', String(value));
      if (parsed.kind !== 'ok')
        throw bad(`Invalid BIGNUMERIC value: ${show(value)} Field: ${path}; Value: ${show(value)}`);
      return parsed.text;
    }
    case 'BOOL':
      return toBool(value);
    case 'TIMESTAMP':
      return new DuckDBTimestampValue(toTimestamp(value));
    case 'DATE': {
      const days = typeof value === 'string' ? parseDateDays(value) : undefined;
      if (days === undefined)
        throw bad(
          `Could not parse '${show(value)}' as DATE for field ${path} (with value '${show(value)}')`,
        );
      return new DuckDBDateValue(days);
    }
    case 'TIME': {
      const micros = typeof value === 'string' ? parseTimeMicros(value) : undefined;
      if (micros === undefined)
        throw bad(
          `Could not parse '${show(value)}' as TIME for field ${path} (with value '${show(value)}')`,
        );
      return new DuckDBTimeValue(micros);
    }
    case 'BYTES':
      return toBytes(value);
    default:
      return toJson(value);
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : formatJson(value);
}

/** Reads rows of one table; made once per request, because it indexes the fields. */
export function createRowReader(fields: TableField[], options: { ignoreUnknownValues: boolean }) {
  const names = (list: TableField[]) =>
    new Map(list.map((field) => [field.name.toLowerCase(), field]));
  const topLevel = names(fields);

  function record(
    row: Record<string, unknown>,
    list: TableField[],
    index: Map<string, TableField>,
    path: string,
    errors: RowError[],
  ): DuckDBValue[] {
    const given = new Map<string, unknown>();
    for (const key of Object.keys(row)) {
      const name = key.toLowerCase();
      if (index.has(name)) given.set(name, row[key]);
      else if (!options.ignoreUnknownValues)
        errors.push(rowError(`${path}${key}`, `no such field: ${path}${key}.`));
    }
    return list.map((field) =>
      one(given.get(field.name.toLowerCase()), field, `${path}${field.name}`, errors),
    );
  }

  function one(value: unknown, field: TableField, path: string, errors: RowError[]): DuckDBValue {
    const mode = modeOf(field);
    if (value === null || value === undefined) {
      if (mode === 'REQUIRED') errors.push(rowError(path, `Missing required field: ${path}.`));
      return mode === 'REPEATED' ? listValue([]) : null;
    }
    try {
      if (mode !== 'REPEATED') {
        if (Array.isArray(value) && scalarOrRecord(field) !== 'JSON')
          throw bad(`Array specified for non-repeated field: ${path}.`);
        return single(value, field, path, errors);
      }
      if (!Array.isArray(value)) throw bad('Repeated field must be imported as a JSON array.');
      return listValue(
        value.map((item) => {
          if (item === null) throw bad('Only optional fields can be set to NULL.');
          return single(item, field, path, errors);
        }),
      );
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      errors.push(rowError(path, error.message));
      return null;
    }
  }

  function single(
    value: unknown,
    field: TableField,
    path: string,
    errors: RowError[],
  ): DuckDBValue {
    if (scalarOrRecord(field) !== 'RECORD') return scalar(value, field, path);
    if (typeof value !== 'object' || value === null)
      throw bad(`This field: ${path} is not a record.`);
    const inner = field.fields ?? [];
    const values = record(
      value as Record<string, unknown>,
      inner,
      names(inner),
      `${path}.`,
      errors,
    );
    return structValue(Object.fromEntries(inner.map((f, i) => [f.name, values[i]!])));
  }

  return {
    /** Values in the order of the columns, or everything that is wrong with the row. */
    read(row: Record<string, unknown>): RowResult {
      const errors: RowError[] = [];
      const values = record(row, fields, topLevel, '', errors);
      return errors.length === 0 ? { kind: 'valid', values } : { kind: 'invalid', errors };
    },
  };
}

function scalarOrRecord(field: TableField): 'RECORD' | 'JSON' | 'OTHER' {
  const type = field.type.toUpperCase();
  return type === 'RECORD' || type === 'STRUCT' ? 'RECORD' : type === 'JSON' ? 'JSON' : 'OTHER';
}
