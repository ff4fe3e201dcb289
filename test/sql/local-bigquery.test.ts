import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBigQueryEmulator } from '../../local/bigquery/emulator.ts';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { type Row, readCases, type SqlCase } from './cases.ts';
import { fillIn, readSqlFiles, readTables } from './definitions.ts';
import { expectRows } from './rows.ts';

const PROJECT = 'sql-tests';
/** Streaming inserts take rows of ten years back to one ahead of it. */
const NOW = Date.parse('2026-12-01T00:00:00Z');

describe('in the local BigQuery', () => {
  const emulator = createBigQueryEmulator({ projectId: PROJECT, now: () => NOW });
  let client: BigQuery;
  beforeAll(async () => {
    // Without it the client looks for a metadata server first.
    process.env.METADATA_SERVER_DETECTION = 'none';
    await emulator.start();
    client = new BigQuery({ projectId: PROJECT, apiEndpoint: emulator.url });
  });
  afterAll(() => emulator.close());

  /** A dataset with all our tables and views, and these rows. */
  async function provision(datasetId: string, rows: Record<string, Row[]>) {
    const [dataset] = await client.createDataset(datasetId);
    for (const { name, ...definition } of readTables()) await dataset.createTable(name, definition);
    for (const { name, text } of readSqlFiles().filter(({ kind }) => kind === 'view')) {
      const query = fillIn(text, PROJECT, datasetId);
      await dataset.createTable(name, { view: { query, useLegacySql: false } as never });
    }
    const warehouse = createWarehouse({
      projectId: PROJECT,
      dataset: datasetId,
      apiEndpoint: emulator.url,
    });
    for (const [table, all] of Object.entries(rows)) {
      const inserts = all.map((json, index) => ({ insertId: String(index), json }));
      expect(await warehouse.insert(table, inserts)).toEqual({ kind: 'ok' });
    }
    return warehouse;
  }

  const numbered = readCases().map(
    (one, index) => [one.of.name, one.title, `case_${index}`, one] as const,
  );
  test.each(numbered)('%s: %s', async (_name, _title, datasetId, sqlCase: SqlCase) => {
    const warehouse = await provision(datasetId, sqlCase.tables);
    const parameters = Object.entries(sqlCase.parameters);
    const rows = await warehouse.query<Row>({
      sql: sqlCase.sql,
      params: Object.fromEntries(parameters.map(([name, { value }]) => [name, value])),
      types: Object.fromEntries(parameters.map(([name, { type }]) => [name, clientType(type)])),
    });
    expectRows(rows, sqlCase);
  });
});

/** `ARRAY<STRING>` as the client wants it: `['STRING']`. */
function clientType(type: string): string | string[] {
  const element = /^ARRAY<(.*)>$/.exec(type)?.[1];
  return element === undefined ? type : [element];
}
