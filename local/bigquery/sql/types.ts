import { unsupported } from '../errors.ts';

/** Scalar types of GoogleSQL that this endpoint knows. UNKNOWN is the type of a bare NULL and of `[]`. */
export type ScalarKind =
  | 'INT64'
  | 'FLOAT64'
  | 'NUMERIC'
  | 'BIGNUMERIC'
  | 'BOOL'
  | 'STRING'
  | 'BYTES'
  | 'DATE'
  | 'TIME'
  | 'TIMESTAMP'
  | 'JSON'
  | 'UNKNOWN';

export type StructField = { name: string; type: SqlType };
export type SqlType =
  | { kind: ScalarKind }
  | { kind: 'ARRAY'; element: SqlType }
  | { kind: 'STRUCT'; fields: StructField[] };

/** The scalar types, and ARRAY of one. */
export const INT64: SqlType = { kind: 'INT64' };
export const FLOAT64: SqlType = { kind: 'FLOAT64' };
export const NUMERIC: SqlType = { kind: 'NUMERIC' };
export const BOOL: SqlType = { kind: 'BOOL' };
export const STRING: SqlType = { kind: 'STRING' };
export const BYTES: SqlType = { kind: 'BYTES' };
export const DATE: SqlType = { kind: 'DATE' };
export const TIME: SqlType = { kind: 'TIME' };
export const TIMESTAMP: SqlType = { kind: 'TIMESTAMP' };
export const JSON_TYPE: SqlType = { kind: 'JSON' };
export const UNKNOWN: SqlType = { kind: 'UNKNOWN' };

export const arrayOf = (element: SqlType): SqlType => ({ kind: 'ARRAY', element });

const NAMES: Record<string, ScalarKind> = {
  INT64: 'INT64',
  INTEGER: 'INT64',
  INT: 'INT64',
  SMALLINT: 'INT64',
  BIGINT: 'INT64',
  TINYINT: 'INT64',
  BYTEINT: 'INT64',
  FLOAT64: 'FLOAT64',
  FLOAT: 'FLOAT64',
  NUMERIC: 'NUMERIC',
  DECIMAL: 'NUMERIC',
  BIGNUMERIC: 'BIGNUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
  BOOL: 'BOOL',
  BOOLEAN: 'BOOL',
  STRING: 'STRING',
  BYTES: 'BYTES',
  DATE: 'DATE',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  JSON: 'JSON',
};

/**
 * The scalar type a GoogleSQL or REST type name stands for. Throws `invalidQuery` for types this endpoint lacks
 * (DATETIME, GEOGRAPHY, INTERVAL, RANGE) and for names that are no type.
 */
export function scalarType(name: string): SqlType {
  const kind = NAMES[name.toUpperCase()];
  if (kind === undefined) throw unsupported(`Type ${name.toUpperCase()}`);
  return { kind };
}

// BIGNUMERIC has 76 digits, twice what DuckDB has: it is kept as canonical text, and no arithmetic is offered on it.
const DUCK: Record<ScalarKind, string> = {
  INT64: 'BIGINT',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  BIGNUMERIC: 'VARCHAR',
  BOOL: 'BOOLEAN',
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  DATE: 'DATE',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  JSON: 'JSON',
  UNKNOWN: 'BIGINT',
};

/** A DuckDB identifier, always quoted. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The DuckDB type that holds values of the given type; TIMESTAMP is DuckDB's zoneless one, always UTC here. */
export function duckType(type: SqlType): string {
  if (type.kind === 'ARRAY') return `${duckType(type.element)}[]`;
  if (type.kind !== 'STRUCT') return DUCK[type.kind];
  return `STRUCT(${structNames(type)
    .map((name, i) => `${quote(name)} ${duckType(type.fields[i]!.type)}`)
    .join(', ')})`;
}

/** Names of a struct's fields inside DuckDB, which knows no nameless fields. */
export function structNames(type: { fields: StructField[] }): string[] {
  return type.fields.map((field, i) => (field.name === '' ? `_field_${i + 1}` : field.name));
}

/** The type as GoogleSQL's messages write it, e.g. `ARRAY<STRUCT<a INT64>>`. */
export function typeName(type: SqlType): string {
  if (type.kind === 'ARRAY') return `ARRAY<${typeName(type.element)}>`;
  if (type.kind === 'STRUCT') {
    return `STRUCT<${type.fields.map((f) => `${f.name === '' ? '' : `${f.name} `}${typeName(f.type)}`).join(', ')}>`;
  }
  return type.kind === 'UNKNOWN' ? 'NULL' : type.kind;
}

/** Whether two types are the same; field names count. */
export function sameType(a: SqlType, b: SqlType): boolean {
  return typeName(a) === typeName(b);
}

/** Whether `<`, ORDER BY, MIN and MAX are defined on the type here. */
export function isOrderable(type: SqlType): boolean {
  return !['ARRAY', 'STRUCT', 'JSON', 'BIGNUMERIC'].includes(type.kind);
}
