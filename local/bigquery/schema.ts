import { invalid } from './errors.ts';
import {
  arrayOf,
  duckType,
  quote,
  type SqlType,
  type StructField,
  scalarType,
} from './sql/types.ts';

/** A field as the REST API writes it; kept and returned as it was given. */
export type TableField = {
  name: string;
  type: string;
  mode?: string;
  description?: string;
  fields?: TableField[];
  [other: string]: unknown;
};

const RECORDS = ['RECORD', 'STRUCT'];
const MODES = ['NULLABLE', 'REQUIRED', 'REPEATED'];
const FIELD_NAME = /^[\p{L}_][\p{L}\p{N}\p{M}_ -]{0,299}$/u;

/** The mode in force; the API's default is NULLABLE. */
export function modeOf(field: TableField): string {
  return (field.mode ?? 'NULLABLE').toUpperCase();
}

/** The GoogleSQL type of one value of the field, without REPEATED. */
export function valueType(field: TableField): SqlType {
  if (!RECORDS.includes(field.type.toUpperCase())) return scalarType(field.type);
  return {
    kind: 'STRUCT',
    fields: (field.fields ?? []).map((inner) => ({ name: inner.name, type: fieldType(inner) })),
  };
}

/** The GoogleSQL type of the column. */
export function fieldType(field: TableField): SqlType {
  return modeOf(field) === 'REPEATED' ? arrayOf(valueType(field)) : valueType(field);
}

/** Checks the fields of a new schema: names, types, modes, no name twice. Throws 400 `invalid`. */
export function checkFields(fields: TableField[], path = ''): void {
  const seen = new Set<string>();
  for (const field of fields) {
    const name = `${path}${field.name}`;
    if (typeof field.name !== 'string' || !FIELD_NAME.test(field.name)) {
      throw invalid(
        `Invalid field name "${field.name}". Fields must contain only letters, numbers, and underscores, start with a letter or underscore, and be at most 300 characters long.`,
      );
    }
    if (seen.has(field.name.toLowerCase())) throw invalid(`Field ${name} already exists in schema`);
    seen.add(field.name.toLowerCase());
    if (typeof field.type !== 'string') throw invalid(`Field ${name} is missing a type`);
    if (!MODES.includes(modeOf(field)))
      throw invalid(`Invalid value for mode: ${field.mode} is not a valid value`);
    if (RECORDS.includes(field.type.toUpperCase())) {
      if (!field.fields?.length) throw invalid(`Field ${name} is type RECORD but has no schema`);
      checkFields(field.fields, `${name}.`);
    } else {
      try {
        scalarType(field.type);
      } catch {
        throw invalid(
          `Invalid value for type: ${field.type} is not a valid value (field ${name}) or is not supported by the local BigQuery endpoint`,
        );
      }
    }
  }
}

/** One column of a DuckDB CREATE TABLE. */
export function columnSql(field: TableField): string {
  return `${quote(field.name)} ${duckType(fieldType(field))}${modeOf(field) === 'REQUIRED' ? ' NOT NULL' : ''}`;
}

const REST_NAMES: Record<string, string> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
  UNKNOWN: 'INTEGER',
};

/** A field of a result's schema (or of a CREATE TABLE AS) from its GoogleSQL type. */
export function restField(name: string, type: SqlType): TableField {
  const mode = type.kind === 'ARRAY' ? 'REPEATED' : 'NULLABLE';
  const value = type.kind === 'ARRAY' ? type.element : type;
  if (value.kind === 'STRUCT') {
    const fields = value.fields.map((f: StructField, i: number) =>
      restField(f.name === '' ? `_field_${i + 1}` : f.name, f.type),
    );
    return { name, type: 'RECORD', mode, fields };
  }
  return { name, type: REST_NAMES[value.kind] ?? value.kind, mode };
}
