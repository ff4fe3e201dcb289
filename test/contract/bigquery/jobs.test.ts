import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Harness, PROJECT, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  const [dataset] = await harness.client.createDataset('d');
  await dataset.createTable('t', {
    schema: {
      fields: [
        { name: 'id', type: 'INT64' },
        { name: 'cost', type: 'NUMERIC' },
      ],
    },
  });
  await dataset.table('t').insert(Array.from({ length: 25 }, (_, id) => ({ id, cost: '0.1' })));
});
afterAll(() => harness.emulator.close());

test('named parameters of every type reach the query as they are', async () => {
  const params = {
    s: "it's",
    i: 7,
    n: harness.client && BigQuery.int('9007199254740993'),
    c: '0.000000001',
    f: 0.5,
    b: true,
    t: BigQuery.timestamp('2026-11-20T12:00:00.123Z'),
    d: BigQuery.date('2026-11-20'),
    list: ['a', "b'"],
    none: [],
    nothing: null,
    j: '{"a":1}',
    o: { name: 'x', cost: '1.5' },
  };
  const types = {
    s: 'STRING',
    i: 'INT64',
    n: 'INT64',
    c: 'NUMERIC',
    f: 'FLOAT64',
    b: 'BOOL',
    t: 'TIMESTAMP',
    d: 'DATE',
    list: ['STRING'],
    none: ['INT64'],
    nothing: 'NUMERIC',
    j: 'JSON',
    o: { name: 'STRING', cost: 'NUMERIC' },
  };
  const query =
    'SELECT @s s, @i i, @n n, @c * 2 c, @f f, @b b, @t t, @d d, @list list, 1 IN UNNEST(@none) none, @nothing nothing, JSON_VALUE(@j, "$.a") j, @o.cost o';
  const [rows] = await harness.client.query({
    query,
    params,
    types: types as object,
    wrapIntegers: true,
  } as object);
  const [row] = rows as Record<string, { toFixed(): string }>[];
  expect(row).toMatchObject({
    s: "it's",
    i: { value: '7' },
    n: { value: '9007199254740993' },
    f: 0.5,
    b: true,
    t: { value: '2026-11-20T12:00:00.123Z' },
    d: { value: '2026-11-20' },
    list: ['a', "b'"],
    none: false,
    nothing: null,
    j: '1',
  });
  expect([row!.c!.toFixed(), row!.o!.toFixed()]).toEqual(['0.000000002', '1.5']);
});

test('positional parameters are taken in order', async () => {
  const [rows] = await harness.client.query({ query: 'SELECT ? AS a, ? AS b', params: ['x', 2] });
  expect(rows).toEqual([{ a: 'x', b: 2 }]);
});

test.each([
  ['INT64', 'abc'],
  ['NUMERIC', '0.0000000001'],
  ['TIMESTAMP', 'yesterday'],
  ['DATE', '2026-02-30'],
  ['BOOL', 'maybe'],
])('a %s parameter with the value %s is refused', async (type, value) => {
  const { error } = await harness.sql('SELECT @p', {
    queryParameters: [{ name: 'p', parameterType: { type }, parameterValue: { value } }],
  });
  expect(error).toMatchObject({ code: 400 });
});

test('tables are found by full name, by dataset, and bare with a default dataset', async () => {
  for (const name of [
    `\`${PROJECT}.d.t\``,
    `\`${PROJECT}\`.d.t`,
    `${PROJECT}.d.t`,
    'd.t',
    '`d.t`',
  ]) {
    expect((await harness.sql(`SELECT COUNT(*) FROM ${name}`)).rows).toEqual([['25']]);
  }
  const defaultDataset = { projectId: PROJECT, datasetId: 'd' };
  expect((await harness.sql('SELECT SUM(cost) FROM t', { defaultDataset })).rows).toEqual([
    ['2.5'],
  ]);
  expect((await harness.sql('SELECT 1 FROM d.nope')).error).toMatchObject({
    code: 404,
    message: `Not found: Table ${PROJECT}:d.nope`,
  });
  expect((await harness.sql('SELECT 1 FROM nope.t')).error).toMatchObject({
    code: 404,
    message: `Not found: Dataset ${PROJECT}:nope`,
  });
});

test('a query job is made, asked for and paged through', async () => {
  const [job] = await harness.client.createQueryJob({
    query: 'SELECT id FROM d.t ORDER BY id',
    jobId: 'mine',
  });
  const ids: number[] = [];
  for (let next: object | null = { maxResults: 10, autoPaginate: false }; next !== null; ) {
    const [rows, following] = (await job.getQueryResults(next)) as unknown as [
      { id: number }[],
      object | null,
    ];
    ids.push(...rows.map((row) => row.id));
    next = following ?? null;
  }
  expect(ids).toEqual(Array.from({ length: 25 }, (_, id) => id));
  const [metadata] = await job.getMetadata();
  expect(metadata).toMatchObject({
    status: { state: 'DONE' },
    jobReference: { jobId: 'mine', projectId: PROJECT, location: 'US' },
    statistics: { query: { statementType: 'SELECT', totalBytesProcessed: '0' } },
  });
  const page = await harness.call('GET', '/queries/mine?maxResults=20&startIndex=10');
  expect(page.body).toMatchObject({ totalRows: '25', jobComplete: true });
  expect(page.body.rows).toHaveLength(15);
  expect(page.body.pageToken).toBeUndefined();
  const again = harness.client.createQueryJob({ query: 'SELECT 1', jobId: 'mine' });
  await expect(again).rejects.toMatchObject({
    code: 409,
    message: `Already Exists: Job ${PROJECT}:US.mine`,
  });
  expect((await harness.call('GET', '/jobs/other')).body.error.message).toBe(
    `Not found: Job ${PROJECT}:US.other`,
  );
});

test('a wrong query fails its job, not the request that made it', async () => {
  const [job] = await harness.client.createQueryJob('SELECT nope');
  await expect(job.getQueryResults()).rejects.toMatchObject({
    code: 400,
    message: 'Unrecognized name: nope at [1:8]',
  });
  const [metadata] = await job.getMetadata();
  expect(metadata.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'invalidQuery' } });
});

test('a dry run gives the schema and runs nothing', async () => {
  const [job] = await harness.client.createQueryJob({
    query: 'SELECT id, cost FROM d.t',
    dryRun: true,
  });
  expect(job.metadata.statistics.query.schema.fields).toMatchObject([
    { name: 'id', type: 'INTEGER' },
    { name: 'cost', type: 'NUMERIC' },
  ]);
  const wrong = harness.client.createQueryJob({ query: 'DELETE FROM d.t', dryRun: true });
  await expect(wrong).rejects.toMatchObject({ message: 'DELETE must have a WHERE clause' });
  await harness.client.createQueryJob({ query: 'DELETE FROM d.t WHERE TRUE', dryRun: true });
  expect((await harness.sql('SELECT COUNT(*) FROM d.t')).rows).toEqual([['25']]);
});

test('a request id sent again gives the first answer, so that a repeated INSERT counts once', async () => {
  await harness.sql('CREATE TABLE d.once (a INT64)');
  for (let i = 0; i < 2; i += 1)
    await harness.sql('INSERT INTO d.once VALUES (1)', { requestId: 'same' });
  expect((await harness.sql('SELECT COUNT(*) FROM d.once')).rows).toEqual([['1']]);
});

test('a long query can be cancelled', async () => {
  const query =
    'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 100000)) b WHERE MOD(a * b, 7) = 1';
  const [job] = await harness.client.createQueryJob({ query, jobId: 'long' });
  const early = await harness.call('GET', '/queries/long?timeoutMs=1');
  expect(early.body).toEqual({
    kind: expect.anything(),
    etag: 'results',
    jobReference: expect.anything(),
    jobComplete: false,
  });
  await job.cancel();
  await expect(job.getQueryResults()).rejects.toMatchObject({ errors: [{ reason: 'stopped' }] });
});

test('TIMESTAMP cells are microseconds when asked for, seconds otherwise', async () => {
  const query = "SELECT TIMESTAMP '2026-11-20 12:00:00.5+00'";
  expect((await harness.sql(query)).rows).toEqual([['1795176000500000']]);
  expect((await harness.sql(query, { formatOptions: {} })).rows).toEqual([['1.7951760005E9']]);
});

test('legacy SQL and destination tables are refused by name', async () => {
  expect((await harness.sql('SELECT 1', { useLegacySql: true })).error.message).toContain(
    'Legacy SQL is not supported',
  );
  const destination = harness.client.dataset('d').table('x');
  await expect(
    harness.client.createQueryJob({ query: 'SELECT 1', destination }),
  ).rejects.toMatchObject({
    message: expect.stringContaining('A destination table'),
  });
});
