import { invalidQuery, unsupported } from '../errors.ts';
import { canonicalJson } from '../json-text.ts';
import {
  formatTimestampMicros,
  parseDateDays,
  parseDecimalText,
  parseTimeMicros,
  parseTimestampMicros,
} from '../values.ts';
import { sqlString, type Typed } from './typed.ts';
import {
  arrayOf,
  BOOL,
  duckType,
  FLOAT64,
  NUMERIC,
  type SqlType,
  sameType,
  structNames,
  typeName,
  UNKNOWN,
} from './types.ts';

const RANK: Record<string, number> = { INT64: 0, NUMERIC: 1, BIGNUMERIC: 2, FLOAT64: 3 };
const FROM_STRING_LITERAL = ['DATE', 'TIME', 'TIMESTAMP', 'BYTES'];

/**
 * The implicit conversion of a value to a type, or nothing when GoogleSQL offers none. Numbers widen
 * INT64 → NUMERIC → FLOAT64; a floating point literal also becomes NUMERIC, exactly as it is written.
 */
export function coerce(value: Typed, type: SqlType): Typed | undefined {
  if (sameType(value.type, type)) return value;
  const cast = (sql: string): Typed => ({
    sql,
    type,
    ...(value.name === undefined ? {} : { name: value.name }),
  });
  const from = value.type.kind;
  if (from === 'UNKNOWN') return cast(`CAST(${value.sql} AS ${duckType(type)})`);
  if (value.literal?.kind === 'float' && type.kind === 'NUMERIC')
    return cast(numericLiteral(value.literal.text));
  if (value.literal?.kind === 'string' && FROM_STRING_LITERAL.includes(type.kind)) {
    return cast(literalOf(type, value.literal.text));
  }
  const [fromRank, toRank] = [RANK[from], RANK[type.kind]];
  if (fromRank !== undefined && toRank !== undefined && fromRank < toRank) {
    if (type.kind === 'BIGNUMERIC' || from === 'BIGNUMERIC')
      throw unsupported('Arithmetic or conversion of BIGNUMERIC');
    return cast(`CAST(${value.sql} AS ${duckType(type)})`);
  }
  if (from === 'ARRAY' && type.kind === 'ARRAY') {
    const element = value.type.kind === 'ARRAY' ? value.type.element : UNKNOWN;
    if (
      element.kind === 'UNKNOWN' ||
      coerce({ sql: 'x', type: element }, type.element) !== undefined
    ) {
      return cast(`CAST(${value.sql} AS ${duckType(type)})`);
    }
  }
  if (value.type.kind === 'STRUCT' && type.kind === 'STRUCT') return coerceStruct(value, type);
  return undefined;
}

function coerceStruct(value: Typed, type: SqlType & { kind: 'STRUCT' }): Typed | undefined {
  if (value.type.kind !== 'STRUCT' || value.type.fields.length !== type.fields.length)
    return undefined;
  const source = value.type;
  const names = structNames(source);
  const fields = type.fields.map((field, i) =>
    coerce(
      {
        sql: `struct_extract(${value.sql}, ${sqlString(names[i]!)})`,
        type: source.fields[i]!.type,
      },
      field.type,
    ),
  );
  if (fields.some((field) => field === undefined)) return undefined;
  const target = structNames(type);
  return {
    sql: `{${fields.map((f, i) => `${sqlString(target[i]!)}: ${f!.sql}`).join(', ')}}`,
    type,
  };
}

/** A NUMERIC constant from decimal text, rounded half away from zero at the ninth decimal. */
function numericLiteral(text: string): string {
  const parsed = parseDecimalText('NUMERIC', text);
  const value =
    parsed.kind === 'ok'
      ? parsed.text
      : parsed.kind === 'too-many-decimals'
        ? parsed.rounded
        : undefined;
  if (value === undefined) throw invalidQuery(`Invalid NUMERIC literal: "${text}"`);
  return `CAST('${value}' AS DECIMAL(38,9))`;
}

/** The DuckDB constant of a literal such as `TIMESTAMP '…'`. Throws when the text is not of the type. */
export function literalOf(type: SqlType, text: string): string {
  const bad = () => invalidQuery(`Invalid ${typeName(type)} literal: "${text}"`);
  if (type.kind === 'NUMERIC' || type.kind === 'BIGNUMERIC') {
    const parsed = parseDecimalText(type.kind, text);
    if (parsed.kind !== 'ok') throw bad();
    return `CAST('${parsed.text}' AS ${duckType(type)})`;
  }
  if (type.kind === 'TIMESTAMP') {
    const micros = parseTimestampMicros(text);
    if (micros === undefined && /[A-Za-z]+\/[A-Za-z_]+$/.test(text))
      throw unsupported('A named time zone other than UTC');
    if (micros === undefined) throw bad();
    return `CAST('${formatTimestampMicros(micros)}' AS TIMESTAMP)`;
  }
  if (type.kind === 'DATE') {
    if (parseDateDays(text) === undefined) throw bad();
    return `CAST(${sqlString(text.trim())} AS DATE)`;
  }
  if (type.kind === 'TIME') {
    if (parseTimeMicros(text) === undefined) throw bad();
    return `CAST(${sqlString(text.trim())} AS TIME)`;
  }
  if (type.kind === 'BYTES') return `encode(${sqlString(text)})`;
  if (type.kind === 'JSON') {
    try {
      return `CAST(${sqlString(canonicalJson(text))} AS JSON)`;
    } catch {
      throw bad();
    }
  }
  return sqlString(text);
}

/** The type that all values convert to without a CAST, or nothing. Literals follow the values that have a type. */
export function supertype(values: Typed[]): SqlType | undefined {
  const known = values.filter((v) => v.type.kind !== 'UNKNOWN');
  const typed = known.filter((v) => v.literal === undefined);
  const candidates = (typed.length > 0 ? typed : known).map((v) => v.type);
  if (candidates.length === 0) return UNKNOWN;
  const wider = known.some((v) => v.type.kind === 'FLOAT64')
    ? [...candidates, FLOAT64]
    : [...candidates, NUMERIC];
  return [...candidates, ...wider].find((type) =>
    known.every((v) => coerce(v, type) !== undefined),
  );
}

/** All values converted to their common type. `describe` names the place for the error. */
export function unify(values: Typed[], describe: () => string): { type: SqlType; values: Typed[] } {
  const type = supertype(values);
  if (type === undefined) throw invalidQuery(describe());
  return { type, values: values.map((v) => (type.kind === 'UNKNOWN' ? v : coerce(v, type)!)) };
}

/** A value as a condition. */
export function asBool(value: Typed, place: string): string {
  const bool = coerce(value, BOOL);
  if (bool === undefined)
    throw invalidQuery(`${place} should return type BOOL, but returns ${typeName(value.type)}`);
  return bool.sql;
}

/** The type of `ARRAY<…>` elements; UNKNOWN for an untyped empty array or NULL. */
export function elementType(value: Typed, place: string): SqlType {
  if (value.type.kind === 'UNKNOWN') return UNKNOWN;
  if (value.type.kind !== 'ARRAY') {
    throw invalidQuery(
      `Values referenced in ${place} must be arrays. ${place} contains expression of type ${typeName(value.type)}`,
    );
  }
  return value.type.element;
}

/** An array value even when it was a bare NULL. */
export function asArray(value: Typed, element: SqlType): Typed {
  return value.type.kind === 'ARRAY'
    ? value
    : { sql: `CAST(${value.sql} AS ${duckType(arrayOf(element))})`, type: arrayOf(element) };
}
