import { invalidQuery, unsupported } from '../errors.ts';
import { coerce, literalOf } from './coerce.ts';
import type { Typed } from './typed.ts';
import { duckType, type SqlType, sameType, typeName } from './types.ts';

type Fail = (message: string) => string;

/** Text of a scalar as GoogleSQL's CAST AS STRING prints it. */
function castToString(value: Typed): string {
  const { sql } = value;
  switch (value.type.kind) {
    case 'STRING':
    case 'BIGNUMERIC':
      return sql;
    case 'INT64':
    case 'BOOL':
    case 'DATE':
      return `CAST(${sql} AS VARCHAR)`;
    case 'NUMERIC':
      return `bq_numeric_text(${sql})`;
    case 'FLOAT64':
      return `bq_double_text(${sql})`;
    case 'TIMESTAMP':
      return `bq_timestamp_text(${sql})`;
    case 'BYTES':
      return `decode(${sql})`;
    default:
      throw unsupported(`CAST of ${typeName(value.type)} AS STRING`);
  }
}

function fromString(sql: string, type: SqlType, fail: Fail): string {
  const guarded = (pattern: string, cast: string, what: string) =>
    `CASE WHEN ${sql} IS NULL THEN NULL WHEN regexp_full_match(trim(${sql}), '${pattern}') THEN ${cast} ELSE ${fail(`'Bad ${what} value: ' || ${sql}`)} END`;
  const number = '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?';
  switch (type.kind) {
    case 'INT64':
      return guarded('[+-]?\\d+', `CAST(trim(${sql}) AS BIGINT)`, 'int64');
    case 'FLOAT64':
      return guarded(
        `${number}|(?i)[+-]?(inf|infinity|nan)`,
        `CAST(trim(${sql}) AS DOUBLE)`,
        'double',
      );
    case 'NUMERIC':
      return guarded(number, `CAST(trim(${sql}) AS DECIMAL(38,9))`, 'NUMERIC');
    case 'BOOL':
      return guarded('(?i)true|false', `CAST(trim(${sql}) AS BOOLEAN)`, 'bool');
    case 'DATE':
      return guarded('\\d{4}-\\d{1,2}-\\d{1,2}', `CAST(trim(${sql}) AS DATE)`, 'DATE');
    case 'TIMESTAMP':
      return guarded(
        '\\d{4}-\\d{1,2}-\\d{1,2}([Tt ]\\d{1,2}:\\d{1,2}:\\d{1,2}(\\.\\d{1,6})?)? ?(Z|z|UTC|[+-]\\d{1,2}(:?\\d{2})?)?',
        `bq_parse_timestamp(trim(${sql}))`,
        'TIMESTAMP',
      );
    case 'BYTES':
      return `encode(${sql})`;
    default:
      throw unsupported(`CAST of STRING AS ${typeName(type)}`);
  }
}

function fromNumber(value: Typed, type: SqlType): string | undefined {
  const { sql } = value;
  const from = value.type.kind;
  if (type.kind === 'INT64') {
    // GoogleSQL rounds halves away from zero; DuckDB's own cast of a DOUBLE rounds them to even.
    if (from === 'FLOAT64' || from === 'NUMERIC') return `CAST(round(${sql}, 0) AS BIGINT)`;
    if (from === 'BOOL') return `CAST(${sql} AS BIGINT)`;
  }
  // Through 30 printed decimals: DuckDB's own cast multiplies in floating point and misses the last digits.
  if (type.kind === 'NUMERIC' && from === 'FLOAT64')
    return `CAST(format('{:.30f}', ${sql}) AS DECIMAL(38,9))`;
  if (type.kind === 'FLOAT64' && from === 'NUMERIC') return `CAST(${sql} AS DOUBLE)`;
  if (type.kind === 'BOOL' && from === 'INT64') return `(${sql} <> 0)`;
  return undefined;
}

function fromTime(value: Typed, type: SqlType): string | undefined {
  if (value.type.kind === 'TIMESTAMP' && type.kind === 'DATE') return `CAST(${value.sql} AS DATE)`;
  if (value.type.kind === 'TIMESTAMP' && type.kind === 'TIME') return `CAST(${value.sql} AS TIME)`;
  if (value.type.kind === 'DATE' && type.kind === 'TIMESTAMP')
    return `CAST(${value.sql} AS TIMESTAMP)`;
  return undefined;
}

/** `CAST(value AS type)`, or `SAFE_CAST`, which gives NULL where CAST fails on the text of a value. */
export function castTo(value: Typed, type: SqlType, safe: boolean): Typed {
  const fail: Fail = safe ? () => 'NULL' : (message) => `error(${message})`;
  if (type.kind === 'BIGNUMERIC' || (value.type.kind === 'BIGNUMERIC' && type.kind !== 'STRING')) {
    if (sameType(value.type, type)) return value;
    if (value.literal?.kind === 'string' && !safe)
      return { sql: literalOf(type, value.literal.text), type };
    throw unsupported('Conversion of BIGNUMERIC');
  }
  if (type.kind === 'STRING' && value.type.kind !== 'UNKNOWN')
    return { sql: castToString(value), type };
  if (value.literal?.kind === 'float' && type.kind === 'NUMERIC') return coerce(value, type)!;
  if (value.type.kind === 'STRING') {
    const sql = fromString(value.sql, type, fail);
    return { sql: safe ? `TRY(${sql})` : `(${sql})`, type };
  }
  const implicit = coerce(value, type);
  if (implicit !== undefined) return { sql: implicit.sql, type };
  const sql = fromNumber(value, type) ?? fromTime(value, type);
  if (sql !== undefined) return { sql: safe ? `TRY(${sql})` : sql, type };
  if (value.type.kind === 'ARRAY' && type.kind === 'ARRAY') {
    throw unsupported(`CAST of ${typeName(value.type)} AS ${typeName(type)}`);
  }
  throw invalidQuery(`Invalid cast from ${typeName(value.type)} to ${typeName(type)}`);
}

/** A literal of a type written with its name, e.g. `NUMERIC '1.5'`. */
export function typedLiteral(type: SqlType, text: string): Typed {
  return { sql: literalOf(type, text), type };
}

/** A NULL of a type. */
export function nullOf(type: SqlType): Typed {
  return { sql: `CAST(NULL AS ${duckType(type)})`, type };
}
