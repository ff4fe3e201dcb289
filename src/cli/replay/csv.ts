import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { invalidInput } from '../exit.ts';

const MAX_RECORD_BYTES = 65_536;

export type CsvRecord<Column extends string> = { line: number; fields: Record<Column, string> };

/**
 * Reads CSV with a header line as a stream of records. Columns that are not asked for are kept; a header
 * without one that is required, and a line that is no CSV, throw `invalid_input` saying which.
 */
export async function* readCsv<Column extends string>(
  content: AsyncIterable<Buffer> | Iterable<Buffer>,
  required: readonly Column[],
): AsyncGenerator<CsvRecord<Column>> {
  let hasHeader = false;
  const parser = parse({
    bom: true,
    info: true,
    trim: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    columns(header: string[]) {
      hasHeader = true;
      const missing = required.filter((column) => !header.includes(column));
      if (missing.length === 0) return header;
      throw invalidInput(
        `The header has no column ${missing.join(' and no column ')}; it says ${header.join(', ')}. Columns are parted by commas.`,
      );
    },
  });
  const source = Readable.from(content);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const { record, info } of parser) yield { line: info.lines, fields: record };
  } catch (error) {
    if (error instanceof CsvError) throw invalidInput(`Not readable as CSV: ${error.message}`);
    throw error;
  } finally {
    source.destroy();
  }
  if (!hasHeader) throw invalidInput('The file is empty.');
}
