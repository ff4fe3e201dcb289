import type {
  DuckDBAppender,
  DuckDBBlobValue,
  DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import type { Table } from './catalog.ts';
import { fieldType } from './schema.ts';

type Write = (appender: DuckDBAppender, value: DuckDBValue, type: DuckDBType) => void;

const SCALARS: Record<string, Write> = {
  STRING: (a, v) => a.appendVarchar(v as string),
  BIGNUMERIC: (a, v) => a.appendVarchar(v as string),
  JSON: (a, v) => a.appendVarchar(v as string),
  INT64: (a, v) => a.appendBigInt(v as bigint),
  FLOAT64: (a, v) => a.appendDouble(v as number),
  NUMERIC: (a, v) => a.appendDecimal(v as unknown as DuckDBDecimalValue),
  BOOL: (a, v) => a.appendBoolean(v as boolean),
  TIMESTAMP: (a, v) => a.appendTimestamp(v as unknown as DuckDBTimestampValue),
  DATE: (a, v) => a.appendDate(v as unknown as DuckDBDateValue),
  TIME: (a, v) => a.appendTime(v as unknown as DuckDBTimeValue),
  BYTES: (a, v) => a.appendBlob((v as unknown as DuckDBBlobValue).bytes),
};
const nested: Write = (appender, value, type) => appender.appendValue(value, type);

/** Appends rows (values in column order) as one transaction; they are visible to queries when this returns. */
export async function appendRows(
  connection: DuckDBConnection,
  table: Table,
  rows: DuckDBValue[][],
): Promise<void> {
  const appender = await connection.createAppender(table.duckName!);
  try {
    const writers = table.fields.map((field) => SCALARS[fieldType(field).kind] ?? nested);
    const types = table.fields.map((_, i) => appender.columnType(i));
    for (const row of rows) {
      for (let i = 0; i < writers.length; i += 1) {
        const value = row[i] ?? null;
        if (value === null) appender.appendNull();
        else writers[i]!(appender, value, types[i]!);
      }
      appender.endRow();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}
