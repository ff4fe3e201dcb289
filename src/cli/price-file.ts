import { AppError, type FieldError } from '../core/errors.ts';
import { parseDecimal } from '../core/money.ts';
import type { ApiClient } from './api.ts';
import type { Quote, QuoteAnswer, QuoteCase } from './contract.ts';
import { invalidInput } from './exit.ts';
import { openContent, unreadable } from './replay/content.ts';
import { type CsvRecord, readCsv } from './replay/csv.ts';
import { dollars, table } from './tables.ts';

const TOKEN_COLUMNS = {
  input_tokens: 'inputTokens',
  cache_read_tokens: 'cacheReadTokens',
  cache_write_tokens: 'cacheWriteTokens',
  output_tokens: 'outputTokens',
} as const;

const COLUMNS = ['model', 'provider', ...(Object.keys(TOKEN_COLUMNS) as TokenColumn[])] as const;

type TokenColumn = keyof typeof TOKEN_COLUMNS;
type Column = (typeof COLUMNS)[number];
type PriceRow = CsvRecord<Column> & { fields: { expected_usd?: string } };

/** A row of the file as it was, with its quote; `matches` where the row says what it expects. */
export type PricedRow = PriceRow['fields'] & Quote & { matches?: boolean };

const QUOTES_PER_REQUEST = 1_000;
const MAX_ERRORS_SHOWN = 20;

/** Decimals at which expected amounts are compared. */
const SCALE = 18;
const ABSOLUTE_TOLERANCE = 10n ** 9n;
const RELATIVE_TOLERANCE = 1_000_000n;

/**
 * Prices every row of a CSV file (gzip is recognised), in order. All rows are checked before any is priced.
 * Throws `invalid_input` naming line and column.
 */
export async function priceFile(
  api: ApiClient,
  file: string,
  options: { at?: string; workspaceId?: string },
): Promise<PricedRow[]> {
  const rows = await readRows(file);
  const cases = toCases(file, rows, options);
  const priced: PricedRow[] = [];
  for (let start = 0; start < cases.length; start += QUOTES_PER_REQUEST) {
    const body = { cases: cases.slice(start, start + QUOTES_PER_REQUEST) };
    const answer = await api.call<QuoteAnswer>('POST', '/v1/prices/quote', { body });
    answer.cases.forEach((quote, index) => {
      const { fields } = rows[start + index]!;
      const { expected_usd: expected } = fields;
      const matches = expected ? { matches: isClose(quote.costUsd, expected) } : {};
      priced.push({ ...fields, ...quote, ...matches });
    });
  }
  return priced;
}

/** The priced rows as a table; where amounts were expected, how many of them match, and which do not. */
export function describeCases(cases: readonly PricedRow[]): string {
  const compared = cases.filter(({ matches }) => matches !== undefined);
  const rows = cases.map((one) => [
    one.provider,
    one.model,
    ...(Object.keys(TOKEN_COLUMNS) as TokenColumn[]).map((column) => one[column]),
    one.costUsd === null ? `no price (${one.reason ?? 'unknown'})` : dollars(one.costUsd),
    one.matches === false ? `expected ${one.expected_usd}` : '',
  ]);
  const head = ['provider', 'model', 'input', 'read', 'written', 'output', 'cost', ''];
  const unpriced = cases.filter(({ priced }) => !priced).length;
  const lines = [
    table(head, rows, { right: [2, 3, 4, 5, 6] }),
    '',
    `${cases.length} cases, ${unpriced} without a price`,
  ];
  if (compared.length > 0) {
    const matching = compared.filter(({ matches }) => matches === true).length;
    lines.push(
      `${matching} of ${compared.length} match what was expected (to 1e-9 USD + 1e-6 relative)`,
    );
    if (matching < compared.length) lines.push('Prices change: --at gives the time to price at.');
  }
  return lines.join('\n');
}

async function readRows(file: string): Promise<PriceRow[]> {
  const content = await openContent(file);
  const rows: PriceRow[] = [];
  try {
    for await (const row of readCsv(content, COLUMNS)) rows.push(row);
  } catch (error) {
    if (error instanceof AppError) throw invalidInput(`${file}: ${error.message}`);
    throw unreadable(file, error);
  } finally {
    content.destroy();
  }
  if (rows.length === 0) throw invalidInput(`${file} has no rows.`);
  return rows;
}

function toCases(
  file: string,
  rows: readonly PriceRow[],
  options: { at?: string; workspaceId?: string },
): QuoteCase[] {
  const errors: FieldError[] = [];
  const wrong = (line: number, column: string, value: string, reason: string) => {
    errors.push({ field: `line ${line}, ${column}`, reason: `${JSON.stringify(value)} ${reason}` });
  };
  const cases = rows.map(({ line, fields }) => {
    const { provider, model, expected_usd: expected } = fields;
    if (provider === '') wrong(line, 'provider', provider, 'must not be empty');
    if (model === '') wrong(line, 'model', model, 'must not be empty');
    if (expected && parseExpected(expected) === undefined) {
      wrong(line, 'expected_usd', expected, 'is not a number');
    }
    const usage: Record<string, number> = {};
    for (const [column, field] of Object.entries(TOKEN_COLUMNS)) {
      const value = fields[column as TokenColumn];
      if (!/^\d{1,15}$/.test(value)) wrong(line, column, value, 'is not a whole number');
      usage[field] = Number(value);
    }
    return { provider, model, usage, ...options };
  });
  if (errors.length === 0) return cases;
  const more = errors.length > MAX_ERRORS_SHOWN ? ` (the first ${MAX_ERRORS_SHOWN} are shown)` : '';
  throw invalidInput(
    `${file}: ${errors.length} values cannot be used${more}; nothing was priced.`,
    errors.slice(0, MAX_ERRORS_SHOWN),
  );
}

function isClose(costUsd: string | null, expectedUsd: string): boolean {
  if (costUsd === null) return false;
  const expected = parseExpected(expectedUsd) ?? 0n;
  const difference = parseDecimal(costUsd, SCALE) - expected;
  const size = difference < 0n ? -difference : difference;
  return size <= ABSOLUTE_TOLERANCE + expected / RELATIVE_TOLERANCE;
}

/** An expected amount as other tools print it (`0.0035`, `1.5e-05`), cut to `SCALE` decimals; undefined when it is none. */
function parseExpected(text: string): bigint | undefined {
  const match = /^(\d{1,18})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole, fraction = '', exponent = '0'] = match;
  const shift = SCALE - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  return shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
}
