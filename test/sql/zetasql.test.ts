import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Row, readCases, type SqlCase } from './cases.ts';
import {
  createTableStatement,
  fillIn,
  readSqlFiles,
  readTables,
  typeOfField,
} from './definitions.ts';
import { parseHeader } from './headers.ts';
import { expectRows } from './rows.ts';
import { startZetaSql, type ZetaSql, type ZetaTable, zetaSqlMissing } from './zetasql.ts';
import { decodeValue, encodeValue, typeOf } from './zetasql-values.ts';

const PROJECT = 'sql-tests';
const DATASET = 'ledger';
const missing = zetaSqlMissing();

(missing === undefined ? describe : describe.skip)(
  missing === undefined ? 'in ZetaSQL' : `in ZetaSQL, skipped: ${missing}`,
  () => {
    let zetasql: ZetaSql;
    beforeAll(async () => {
      zetasql = await startZetaSql();
    });
    afterAll(() => zetasql?.close());

    const fullName = (name: string) => `${PROJECT}.${DATASET}.${name}`;

    /** Base tables and the results of the views, by the names that queries and views use. */
    async function build(rows: Record<string, Row[]>): Promise<ZetaTable[]> {
      const tables = readTables().map(({ name, schema }): ZetaTable => {
        const columns = schema.fields.map((field) => ({
          name: field.name,
          type: typeOf(typeOfField(field)),
        }));
        const encode = (row: Row) => columns.map(({ name, type }) => encodeValue(row[name], type));
        return { name, columns, rows: (rows[name] ?? []).map(encode) };
      });
      for (const view of readSqlFiles().filter(({ kind }) => kind === 'view')) {
        const sql = fillIn(view.text, PROJECT, DATASET);
        const read = tables.map((table) => ({ ...table, name: fullName(table.name) }));
        tables.push(await zetasql.evaluate({ sql, tables: read, parameters: {} }, view.name));
      }
      return tables;
    }

    test.each(readTables())('the table $name can be made', async (table) => {
      const sql = createTableStatement(table, fullName(table.name));
      await zetasql.analyze({ sql, tables: [], parameters: {} });
    });

    const queries = readSqlFiles().filter(({ kind }) => kind === 'query');
    test.each(queries)('the query $name is right in every name and type', async ({ text }) => {
      const types = Object.entries(parseHeader(text).parameters);
      const parameters = Object.fromEntries(types.map(([name, type]) => [name, { type }]));
      await zetasql.analyze({ sql: text, tables: await build({}), parameters });
    });

    test('a column that does not exist is found out', async () => {
      const sql = 'SELECT cost_eur FROM costs';
      const analysed = zetasql.analyze({ sql, tables: await build({}), parameters: {} });
      await expect(analysed).rejects.toThrow('Unrecognized name: cost_eur');
    });

    const named = (all: SqlCase[]) => all.map((one) => [one.of.name, one.title, one] as const);
    test.each(named(readCases()))('%s: %s', async (_name, _title, sqlCase) => {
      const { sql, parameters } = sqlCase;
      const tables = await build(sqlCase.tables);
      const { columns, rows } = await zetasql.evaluate({ sql, tables, parameters }, 'result');
      const plain = rows.map((row) =>
        Object.fromEntries(
          columns.map(({ name, type }, index) => [name, decodeValue(row[index]!, type)]),
        ),
      );
      expectRows(plain, sqlCase);
    });
  },
);
