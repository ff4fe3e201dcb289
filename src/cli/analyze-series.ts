import { AppError, type FieldError } from '../core/errors.ts';
import { parseInstant } from '../core/time.ts';
import { invalidInput } from './exit.ts';
import { refusedValues } from './refused-values.ts';
import { openContent, unreadable } from './replay/content.ts';
import { readCsv } from './replay/csv.ts';

/** A row of a file of series: epoch ms, and a finite number. */
export type SeriesRow = { series: string; atMs: number; value: number };

const NO_ZONE =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?)?([Zz]|[+-]\d{2}:\d{2})?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Reads measurements from CSV (`timestamp,value`, and `series_id` where there are several series; `''` without), gzipped
 * or not. Times without a zone are UTC. Rows with an empty value are left out. Throws `invalid_input`, naming file, line
 * and column.
 */
export async function readSeriesFile(file: string): Promise<SeriesRow[]> {
  const rows: SeriesRow[] = [];
  const errors: FieldError[] = [];
  try {
    for await (const { line, fields } of readCsv(await openContent(file), ['timestamp', 'value'])) {
      const wrong = (column: string, text: string, reason: string) =>
        errors.push({
          field: `line ${line}, ${column}`,
          reason: `${JSON.stringify(text)} ${reason}`,
        });
      if (fields.value === '') continue;
      const atMs = parseTime(fields.timestamp);
      if (atMs === undefined)
        wrong('timestamp', fields.timestamp, 'is not a time such as 2026-11-20T12:00:00Z');
      const value = NUMBER.test(fields.value) ? Number(fields.value) : Number.NaN;
      if (!Number.isFinite(value)) wrong('value', fields.value, 'is not a number');
      const series = (fields as { series_id?: string }).series_id ?? '';
      if (atMs !== undefined) rows.push({ series, atMs, value });
    }
  } catch (error) {
    throw error instanceof AppError ? inFile(file, error) : unreadable(file, error);
  }
  if (errors.length > 0) throw refusedValues(file, errors, 'nothing was judged');
  if (rows.length === 0) throw invalidInput(`${file} holds no values.`);
  return rows;
}

function parseTime(text: string): number | undefined {
  const [, date, minute, second, zone] = NO_ZONE.exec(text) ?? [];
  if (date === undefined) return undefined;
  return parseInstant(`${date}T${minute ?? '00:00'}${second ?? ':00'}${zone ?? 'Z'}`);
}

function inFile(file: string, error: AppError): AppError {
  return error.message.includes(file) ? error : invalidInput(`${file}: ${error.message}`);
}
