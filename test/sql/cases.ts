import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readSqlFiles, readTables, type SqlFile, type TableDefinition } from './definitions.ts';
import { parseHeader } from './headers.ts';

export type Row = Record<string, unknown>;

/**
 * A case of a query or view: the folder `test/sql/<query or view>/<case>/` with
 * - `<table>.jsonl`: the rows of a table, only the columns that matter; REQUIRED ones are filled in,
 * - `params.json`: the query's parameters, where it has any,
 * - `expected.jsonl` or, where the order matters, `expected-in-order.jsonl`: every row of the result; a column left
 *   out is expected to be as in `test/sql/<query or view>/expected-defaults.json`, and NULL if it is not there either.
 * A view's folder also holds `read.sql`, the query its cases read the view with.
 */
export type SqlCase = {
  /** What is tested, and what for. */
  of: SqlFile;
  title: string;
  /** The query to run. */
  sql: string;
  tables: Record<string, Row[]>;
  /** Each parameter of the query with its type, as its header names it. */
  parameters: Record<string, { type: string; value: unknown }>;
  expected: Row[];
  inOrder: boolean;
};

const HERE = new URL('./', import.meta.url);

/** The folders of test/sql, which all are named after a query or view. */
export function caseFolders(): string[] {
  return foldersIn(HERE);
}

/** Every case of every query and view. Throws, naming the case, where one is not complete. */
export function readCases(): SqlCase[] {
  const tables = readTables();
  return readSqlFiles().flatMap((file) => {
    const folder = new URL(`${file.name}/`, HERE);
    if (!existsSync(folder)) return [];
    const sql = file.kind === 'view' ? readText(new URL('read.sql', folder)) : file.text;
    const defaults = readJson(new URL('expected-defaults.json', folder));
    return foldersIn(folder).map((title) => {
      try {
        const { expected, ...rest } = readCase(new URL(`${title}/`, folder), file, tables);
        const whole = expected.map((row) => ({ ...defaults, ...row }));
        return { of: file, title, sql, expected: whole, ...rest };
      } catch (error) {
        throw new Error(`test/sql/${file.name}/${title}: ${(error as Error).message}`);
      }
    });
  });
}

function readCase(folder: URL, file: SqlFile, definitions: TableDefinition[]) {
  const names = readdirSync(folder);
  const inOrder = names.includes('expected-in-order.jsonl');
  const expectedName = inOrder ? 'expected-in-order.jsonl' : 'expected.jsonl';
  const tables: Record<string, Row[]> = {};
  for (const name of names) {
    if (name === 'params.json' || name === expectedName) continue;
    const definition = definitions.find((table) => `${table.name}.jsonl` === name);
    if (definition === undefined) throw new Error(`there is no table for ${name}`);
    tables[definition.name] = readRows(new URL(name, folder)).map((row) =>
      complete(row, definition),
    );
  }
  const { parameters: types } = parseHeader(file.text);
  const params = readJson(new URL('params.json', folder));
  const wrong = symmetricDifference(Object.keys(params), Object.keys(types));
  if (wrong.length > 0) throw new Error(`params.json and the header differ in ${wrong}`);
  return {
    tables,
    parameters: Object.fromEntries(
      Object.entries(types).map(([name, type]) => [name, { type, value: params[name] }]),
    ),
    expected: readRows(new URL(expectedName, folder)),
    inOrder,
  };
}

/** The row with every REQUIRED column, those left out with a value that says nothing. */
function complete(row: Row, { name, schema }: TableDefinition): Row {
  const known = schema.fields.map((field) => field.name);
  for (const column of Object.keys(row)) {
    if (!known.includes(column)) throw new Error(`${name} has no column ${column}`);
  }
  const filled = schema.fields
    .filter((field) => field.mode === 'REQUIRED')
    .map((field) => [field.name, NEUTRAL[field.type]]);
  return { ...Object.fromEntries(filled), ...row };
}

const NEUTRAL: Record<string, unknown> = {
  STRING: 'any',
  INT64: 0,
  FLOAT64: 0,
  NUMERIC: '0',
  BOOL: false,
  TIMESTAMP: '2026-11-20T12:00:00Z',
  DATE: '2026-11-20',
  JSON: '{}',
};

function symmetricDifference(a: string[], b: string[]): string[] {
  return [...a.filter((one) => !b.includes(one)), ...b.filter((one) => !a.includes(one))];
}

function foldersIn(folder: URL): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function readRows(file: URL): Row[] {
  return readText(file)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** The object in a file; an empty one where there is no such file. */
function readJson(file: URL): Row {
  return existsSync(file) ? JSON.parse(readText(file)) : {};
}

const readText = (file: URL): string => readFileSync(file, 'utf8');
