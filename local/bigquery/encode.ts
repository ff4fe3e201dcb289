import type { DuckDBValue } from '@duckdb/node-api';
import { canonicalJson } from './json-text.ts';
import { restField, type TableField } from './schema.ts';
import type { SqlType } from './sql/types.ts';
import { structNames } from './sql/types.ts';
import { formatDays, formatScaled, formatTimeMicros } from './values.ts';

/** A cell as the REST API writes it: text, null, a list of `{v}`, or a row `{f: [{v}]}`. */
export type Cell = { v: unknown };
/** How TIMESTAMP cells are written: microseconds as text, or seconds as a floating point number (the old default). */
export type TimestampFormat = 'int64' | 'float';

type Decimal = { value: bigint; scale: number };

/** A double as the service writes it: `1.0`, `0.001`, `1.0E7`; shortest digits that read back as the same value. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits, exponent] = value.toExponential().split('e');
  return `${digits!.includes('.') ? digits : `${digits}.0`}E${exponent!.replace('+', '')}`;
}

// Without `useInt64Timestamp` a TIMESTAMP is a double of seconds: `1.76736245E9`.
function timestampText(micros: bigint, format: TimestampFormat): string {
  return format === 'int64' ? String(micros) : doubleText(Number(formatScaled(micros, 6)));
}

function encodeValue(value: DuckDBValue, type: SqlType, format: TimestampFormat): unknown {
  if (type.kind === 'ARRAY') {
    // A NULL array reads as an empty one.
    const items = value === null ? [] : (value as unknown as { items: DuckDBValue[] }).items;
    return items.map((item) => ({ v: encodeValue(item, type.element, format) }));
  }
  if (value === null) return null;
  switch (type.kind) {
    case 'STRUCT': {
      const entries = (value as unknown as { entries: Record<string, DuckDBValue> }).entries;
      return {
        f: structNames(type).map((name, i) => ({
          v: encodeValue(entries[name] ?? null, type.fields[i]!.type, format),
        })),
      };
    }
    case 'NUMERIC': {
      const decimal = value as unknown as Decimal;
      return formatScaled(decimal.value, decimal.scale);
    }
    case 'FLOAT64':
      return doubleText(value as number);
    case 'TIMESTAMP':
      return timestampText((value as unknown as { micros: bigint }).micros, format);
    case 'DATE':
      return formatDays((value as unknown as { days: number }).days);
    case 'TIME':
      return formatTimeMicros((value as unknown as { micros: bigint }).micros);
    case 'BYTES':
      return Buffer.from((value as unknown as { bytes: Uint8Array }).bytes).toString('base64');
    case 'JSON':
      // A part that DuckDB cut out of a document has its numbers written DuckDB's way.
      return canonicalJson(String(value));
    default:
      return String(value);
  }
}

/** Rows of a result in the REST API's form, column types given by the analyser. */
export function encodeRows(
  rows: DuckDBValue[][],
  types: SqlType[],
  format: TimestampFormat,
): { f: Cell[] }[] {
  return rows.map((row) => ({
    f: types.map((type, i) => ({ v: encodeValue(row[i] ?? null, type, format) })),
  }));
}

/** The schema of a result. */
export function resultSchema(columns: { name: string; type: SqlType }[]): { fields: TableField[] } {
  return { fields: columns.map((column) => restField(column.name, column.type)) };
}
