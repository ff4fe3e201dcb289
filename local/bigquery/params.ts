import { type DuckDBValue, listValue } from '@duckdb/node-api';
import { invalid, unsupported } from './errors.ts';
import { canonicalJson, formatJson } from './json-text.ts';
import { sqlString, type Typed } from './sql/typed.ts';
import { arrayOf, duckType, type SqlType, scalarType, structNames } from './sql/types.ts';
import {
  formatTimestampMicros,
  parseDateDays,
  parseDecimalText,
  parseTimeMicros,
  parseTimestampMicros,
} from './values.ts';

type ParameterType = {
  type?: string;
  arrayType?: ParameterType;
  structTypes?: { name?: string; type: ParameterType }[];
};
type ParameterValue = {
  value?: unknown;
  arrayValues?: ParameterValue[];
  structValues?: Record<string, ParameterValue>;
};
/** A query parameter as the REST API writes it. */
export type QueryParameter = {
  name?: string;
  parameterType?: ParameterType;
  parameterValue?: ParameterValue;
};

/** The parameters of one request: values for the analyser, and what has to be bound for those it used. */
export type Parameters = {
  typed(name: string, ordinal: number): Typed | undefined;
  bindings(): Record<string, DuckDBValue>;
};

/** Reads the parameters. Throws 400 for a missing type, a type this endpoint lacks, or a value that is not of its type. */
export function readParameters(list: QueryParameter[]): Parameters {
  const bound: Record<string, DuckDBValue> = {};
  const byName = new Map<string, () => Typed>();
  list.forEach((parameter, index) => {
    const label = parameter.name || `at position ${index + 1}`;
    const type = toType(parameter.parameterType, label);
    const name = `p${index}`;
    byName.set(parameter.name?.toLowerCase() || `#${index}`, () => ({
      sql: write(parameter.parameterValue ?? {}, type, name, label, bound),
      type,
    }));
  });
  return {
    typed: (name, ordinal) => byName.get(name === '' ? `#${ordinal}` : name.toLowerCase())?.(),
    bindings: () => bound,
  };
}

function toType(type: ParameterType | undefined, label: string): SqlType {
  if (type?.type === undefined) throw invalid(`Query parameter ${label} has no type`);
  const kind = type.type.toUpperCase();
  if (kind === 'ARRAY') return arrayOf(toType(type.arrayType, label));
  if (kind !== 'STRUCT' && kind !== 'RECORD') return scalarType(kind);
  return {
    kind: 'STRUCT',
    fields: (type.structTypes ?? []).map((field) => ({
      name: field.name ?? '',
      type: toType(field.type, label),
    })),
  };
}

function write(
  value: ParameterValue,
  type: SqlType,
  name: string,
  label: string,
  bound: Record<string, DuckDBValue>,
): string {
  if (type.kind === 'ARRAY') {
    const items = value.arrayValues ?? [];
    if (items.length === 0) return `CAST([] AS ${duckType(type)})`;
    if (type.element.kind === 'STRUCT' || type.element.kind === 'BYTES') {
      return `[${items.map((item, i) => write(item, type.element, `${name}_${i}`, label, bound)).join(', ')}]`;
    }
    // One bound list however long it is: the SQL stays the same size.
    const texts = items.map((item) => toText(item.value, type.element, label));
    if (texts.includes(null)) throw invalid(`Query parameter ${label} holds a NULL element`);
    bound[name] = listValue(texts as string[]);
    return `CAST($${name} AS ${duckType(type)})`;
  }
  if (type.kind === 'STRUCT') {
    const names = structNames(type);
    const fields = type.fields.map(
      (field, i) =>
        `${sqlString(names[i]!)}: ${write(value.structValues?.[field.name] ?? {}, field.type, `${name}_${i}`, label, bound)}`,
    );
    return `{${fields.join(', ')}}`;
  }
  const text = toText(value.value, type, label);
  if (text === null) return `CAST(NULL AS ${duckType(type)})`;
  bound[name] = text;
  return type.kind === 'BYTES'
    ? `from_base64(CAST($${name} AS VARCHAR))`
    : `CAST($${name} AS ${duckType(type)})`;
}

/** Text that DuckDB casts to exactly the value meant, or null. */
function toText(value: unknown, type: SqlType, label: string): string | null {
  if (value === null || value === undefined) return null;
  const text = typeof value === 'string' ? value : formatJson(value);
  const bad = () =>
    invalid(`Invalid value for query parameter ${label} of type ${type.kind}: ${text}`);
  const needed = (parsed: string | undefined): string => {
    if (parsed === undefined) throw bad();
    return parsed;
  };
  switch (type.kind) {
    case 'INT64':
      return needed(/^[+-]?\d{1,19}$/.test(text) ? text : undefined);
    case 'FLOAT64':
      return needed(
        /^[+-]?(inf(inity)?|nan)$/i.test(text) || Number.isFinite(Number(text || 'x'))
          ? text
          : undefined,
      );
    case 'NUMERIC':
    case 'BIGNUMERIC': {
      const parsed = parseDecimalText(type.kind, text);
      return needed(parsed.kind === 'ok' ? parsed.text : undefined);
    }
    case 'BOOL':
      return needed(/^(true|false)$/i.test(text) ? text : undefined);
    case 'TIMESTAMP': {
      const micros = parseTimestampMicros(text);
      return needed(micros === undefined ? undefined : formatTimestampMicros(micros));
    }
    case 'DATE':
      return needed(parseDateDays(text) === undefined ? undefined : text.trim());
    case 'TIME':
      return needed(parseTimeMicros(text) === undefined ? undefined : text.trim());
    case 'JSON':
      try {
        return canonicalJson(text);
      } catch {
        throw bad();
      }
    case 'STRING':
    case 'BYTES':
      return text;
    default:
      throw unsupported(`A query parameter of type ${type.kind}`);
  }
}
