import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Harness, PROJECT, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.emulator.close());

const reason = (error: { code: number; errors: { reason: string }[]; message: string }) => ({
  code: error.code,
  reason: error.errors[0]!.reason,
  message: error.message,
});
const failure = (work: Promise<unknown>) => work.then(() => undefined, reason);

test('a dataset is made once, shown, listed, changed and removed; one with tables only when asked to', async () => {
  const { client } = harness;
  const [dataset] = await client.createDataset('life', { description: 'd' } as object);
  expect(await failure(client.createDataset('life'))).toEqual({
    code: 409,
    reason: 'duplicate',
    message: `Already Exists: Dataset ${PROJECT}:life`,
  });
  const [shown] = await dataset.getMetadata();
  expect(shown).toMatchObject({
    kind: 'bigquery#dataset',
    description: 'd',
    datasetReference: { projectId: PROJECT, datasetId: 'life' },
  });
  await dataset.setMetadata({ description: 'changed' });
  expect((await dataset.getMetadata())[0].description).toBe('changed');
  expect((await client.getDatasets())[0].map((d) => d.id)).toContain('life');
  await dataset.createTable('t', { schema: 'a:string' });
  expect(await failure(dataset.delete())).toMatchObject({ code: 400, reason: 'resourceInUse' });
  await dataset.delete({ force: true });
  expect(await failure(dataset.getMetadata())).toEqual({
    code: 404,
    reason: 'notFound',
    message: `Not found: Dataset ${PROJECT}:life`,
  });
  expect(await failure(client.createDataset('no-dashes'))).toMatchObject({ code: 400 });
});

const DEFINITION = {
  description: 'Rows of everything.',
  schema: {
    fields: [
      { name: 'at', type: 'TIMESTAMP', mode: 'REQUIRED', description: 'When (UTC).' },
      { name: 'cost', type: 'NUMERIC', description: 'USD.' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED' },
      {
        name: 'detail',
        type: 'RECORD',
        mode: 'NULLABLE',
        fields: [{ name: 'n', type: 'INT64', mode: 'NULLABLE', description: 'Inner.' }],
      },
    ],
  },
  timePartitioning: { type: 'DAY', field: 'at' },
  requirePartitionFilter: true,
  clustering: { fields: ['cost'] },
};

test('a table keeps its definition as it was given', async () => {
  const [dataset] = await harness.client.createDataset('tables');
  const [table] = await dataset.createTable('t', DEFINITION);
  const [shown] = await table.getMetadata();
  expect(shown).toMatchObject({ ...DEFINITION, type: 'TABLE', numRows: '0' });
  expect(shown.schema).toEqual(DEFINITION.schema);
  expect(await failure(dataset.createTable('t', DEFINITION))).toEqual({
    code: 409,
    reason: 'duplicate',
    message: `Already Exists: Table ${PROJECT}:tables.t`,
  });
  expect(await failure(dataset.table('nope').getMetadata())).toEqual({
    code: 404,
    reason: 'notFound',
    message: `Not found: Table ${PROJECT}:tables.nope`,
  });
  expect((await dataset.getTables())[0].map((t) => t.id)).toEqual(['t']);
});

test('columns may be added and relaxed, not dropped, retyped or added as required', async () => {
  const dataset = harness.client.dataset('tables');
  const [table] = await dataset.createTable('grow', {
    schema: { fields: [{ name: 'a', type: 'STRING', mode: 'REQUIRED' }] },
  });
  await table.insert({ a: 'x' });
  const a = { name: 'a', type: 'STRING', mode: 'NULLABLE' };
  const b = { name: 'b', type: 'INT64', mode: 'NULLABLE' };
  await table.setMetadata({ schema: { fields: [a, b] } });
  await table.insert({ b: 1 });
  expect((await harness.sql('SELECT a, b FROM tables.grow ORDER BY b')).rows).toEqual([
    ['x', null],
    [null, '1'],
  ]);
  const change = (fields: object[]) => failure(table.setMetadata({ schema: { fields } } as object));
  expect((await change([b]))?.message).toContain('Field a is missing in new schema');
  expect((await change([a, { ...b, type: 'STRING' }]))?.message).toContain(
    'has changed type from INT64 to STRING',
  );
  expect((await change([a, b, { name: 'c', type: 'BOOL', mode: 'REQUIRED' }]))?.message).toContain(
    'Cannot add required fields',
  );
});

test.each([
  [
    'a field twice',
    {
      schema: {
        fields: [
          { name: 'a', type: 'STRING' },
          { name: 'A', type: 'STRING' },
        ],
      },
    },
  ],
  ['an unknown type', { schema: { fields: [{ name: 'a', type: 'MONEY' }] } }],
  [
    'partitioning by a missing field',
    {
      schema: { fields: [{ name: 'a', type: 'DATE' }] },
      timePartitioning: { type: 'DAY', field: 'b' },
    },
  ],
  [
    'five clustering fields',
    {
      schema: { fields: [{ name: 'a', type: 'DATE' }] },
      clustering: { fields: ['a', 'a', 'a', 'a', 'a'] },
    },
  ],
])('refuses a table with %s', async (_what, definition) => {
  const dataset = harness.client.dataset('tables');
  expect(await failure(dataset.createTable('bad', definition))).toMatchObject({
    code: 400,
    reason: 'invalid',
  });
  expect(await failure(dataset.table('bad').getMetadata())).toMatchObject({ code: 404 });
});

test('a view answers its query, shows its schema, and is refused when the query is wrong', async () => {
  const dataset = harness.client.dataset('tables');
  const query = `SELECT a, COUNT(*) AS n FROM \`${PROJECT}.tables.grow\` GROUP BY a`;
  const [view] = await dataset.createTable('v', { view: { query, useLegacySql: false } } as object);
  const [shown] = await view.getMetadata();
  expect(shown).toMatchObject({ type: 'VIEW', view: { query } });
  expect(shown.schema.fields.map((f: { name: string; type: string }) => [f.name, f.type])).toEqual([
    ['a', 'STRING'],
    ['n', 'INTEGER'],
  ]);
  expect((await harness.sql('SELECT SUM(n) FROM tables.v')).rows).toEqual([['2']]);
  const wrong = { view: { query: 'SELECT nope FROM tables.grow', useLegacySql: false } };
  expect((await failure(dataset.createTable('w', wrong as object)))?.message).toContain(
    'Unrecognized name: nope',
  );
  expect((await failure(dataset.table('v').insert({ a: 'x' })))?.code).toBe(400);
});

test('other projects are not found', async () => {
  const other = new BigQuery({ projectId: 'another', apiEndpoint: harness.emulator.url });
  expect(await failure(other.createDataset('d'))).toMatchObject({
    code: 404,
    message: 'Not found: Project another',
  });
});

test('paths without /bigquery/v2 are served too, as BIGQUERY_EMULATOR_HOST makes the client send them', async () => {
  process.env.BIGQUERY_EMULATOR_HOST = harness.emulator.url;
  try {
    const client = new BigQuery({ projectId: PROJECT });
    expect((await client.getDatasets())[0].length).toBeGreaterThan(0);
    expect((await client.query('SELECT 1 AS one'))[0]).toEqual([{ one: 1 }]);
  } finally {
    delete process.env.BIGQUERY_EMULATOR_HOST;
  }
});

test('what is not served is named', async () => {
  expect(await harness.call('GET', '/datasets/tables/models')).toMatchObject({ status: 404 });
  expect(await harness.call('POST', '/jobs', '{"nonsense')).toMatchObject({
    status: 400,
    body: { error: { errors: [{ reason: 'parseError' }] } },
  });
  const load = await harness.call('POST', '/jobs', { configuration: { load: {} } });
  expect(load.body.error.message).toContain('not supported by the local BigQuery endpoint');
});

test('people get a page, probes get /healthz', async () => {
  expect(await (await fetch(harness.emulator.url)).text()).toContain('tables.grow');
  expect(await (await fetch(`${harness.emulator.url}/healthz`)).json()).toMatchObject({
    status: 'ok',
  });
});

test('INFORMATION_SCHEMA shows tables, columns, descriptions and partitions', async () => {
  await harness.client
    .dataset('tables')
    .table('t')
    .insert([
      { at: '2026-11-19T10:00:00Z', cost: '1' },
      { at: '2026-11-20T10:00:00Z' },
      { at: '2026-11-20T11:00:00Z' },
    ]);
  const query = async (sql: string) => (await harness.sql(sql)).rows;
  expect(
    await query(
      'SELECT table_name, table_type FROM tables.INFORMATION_SCHEMA.TABLES ORDER BY table_name',
    ),
  ).toEqual([
    ['grow', 'BASE TABLE'],
    ['t', 'BASE TABLE'],
    ['v', 'VIEW'],
  ]);
  expect(
    await query(
      `SELECT column_name, data_type, is_nullable, is_partitioning_column, clustering_ordinal_position
       FROM \`${PROJECT}\`.tables.INFORMATION_SCHEMA.COLUMNS WHERE table_name = 't' ORDER BY ordinal_position`,
    ),
  ).toEqual([
    ['at', 'TIMESTAMP', 'NO', 'YES', null],
    ['cost', 'NUMERIC', 'YES', 'NO', '1'],
    ['tags', 'ARRAY<STRING>', 'YES', 'NO', null],
    ['detail', 'STRUCT<n INT64>', 'YES', 'NO', null],
  ]);
  expect(
    await query(
      "SELECT field_path, description FROM tables.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS WHERE table_name = 't' AND description IS NOT NULL ORDER BY 1",
    ),
  ).toEqual([
    ['at', 'When (UTC).'],
    ['cost', 'USD.'],
    ['detail.n', 'Inner.'],
  ]);
  expect(
    await query(
      "SELECT partition_id, total_rows FROM tables.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = 't' ORDER BY 1",
    ),
  ).toEqual([
    ['20261119', '1'],
    ['20261120', '2'],
  ]);
});
