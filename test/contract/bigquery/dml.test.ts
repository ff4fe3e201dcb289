import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Harness, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  await harness.client.createDataset('d');
});
afterAll(() => harness.emulator.close());

const run = (sql: string) => harness.sql(sql);
const rows = async (sql: string) => (await run(sql)).rows;
const changed = async (sql: string) => {
  const answer = await run(sql);
  expect(answer.error).toBeUndefined();
  return answer.body?.numDmlAffectedRows;
};

test('CREATE TABLE keeps types, descriptions, partitioning and clustering', async () => {
  const answer = await run(`
    CREATE TABLE d.made (
      seen TIMESTAMP NOT NULL OPTIONS (description = 'When (UTC)'),
      who STRING,
      cost NUMERIC,
      tags ARRAY<STRING>,
      detail STRUCT<a INT64, b ARRAY<STRUCT<c STRING>>>
    ) PARTITION BY DATE(seen) CLUSTER BY who OPTIONS (description = 'Made by SQL', require_partition_filter = TRUE)`);
  expect(answer.body).toMatchObject({
    statementType: 'CREATE_TABLE',
    ddlOperationPerformed: 'CREATE',
  });
  const [shown] = await harness.client.dataset('d').table('made').getMetadata();
  expect(shown).toMatchObject({
    description: 'Made by SQL',
    timePartitioning: { type: 'DAY', field: 'seen' },
    clustering: { fields: ['who'] },
    requirePartitionFilter: true,
  });
  expect(shown.schema.fields[0]).toEqual({
    name: 'seen',
    type: 'TIMESTAMP',
    mode: 'REQUIRED',
    description: 'When (UTC)',
  });
  expect(shown.schema.fields[4].fields[1]).toMatchObject({
    name: 'b',
    type: 'RECORD',
    mode: 'REPEATED',
  });
  expect((await run('CREATE TABLE d.made (a INT64)')).error).toMatchObject({ code: 409 });
  expect((await run('CREATE TABLE IF NOT EXISTS d.made (a INT64)')).body).toMatchObject({
    ddlOperationPerformed: 'SKIP',
  });
});

test('INSERT, UPDATE, DELETE and MERGE change rows and say how many', async () => {
  await run('CREATE TABLE d.t (id INT64, cost NUMERIC, note STRING)');
  expect(
    await changed(
      "INSERT INTO d.t VALUES (1, 0.1, 'a'), (2, 1, NULL), (3, NUMERIC '2.5', DEFAULT)",
    ),
  ).toBe('3');
  expect(
    await changed('INSERT d.t (id, cost) SELECT id + 10, cost * 2 FROM d.t WHERE id < 3'),
  ).toBe('2');
  expect(
    await changed(
      "UPDATE d.t SET cost = cost + 0.000000001, note = CONCAT('n', CAST(id AS STRING)) WHERE id = 1",
    ),
  ).toBe('1');
  expect(
    await changed(
      'UPDATE d.t AS x SET x.cost = y.cost FROM (SELECT 2 AS id, NUMERIC "9" AS cost) AS y WHERE x.id = y.id',
    ),
  ).toBe('1');
  expect(await changed('DELETE FROM d.t WHERE id > 10')).toBe('2');
  expect(
    await changed(`
      MERGE INTO d.t AS t
      USING (SELECT 3 AS id, NUMERIC '7' AS cost UNION ALL SELECT 4, NUMERIC '8') AS s
      ON t.id = s.id
      WHEN MATCHED AND s.cost > 5 THEN UPDATE SET cost = s.cost, note = FORMAT_TIMESTAMP('%F', CURRENT_TIMESTAMP())
      WHEN NOT MATCHED THEN INSERT (id, cost) VALUES (s.id, s.cost)
      WHEN NOT MATCHED BY SOURCE AND t.id = 2 THEN DELETE`),
  ).toBe('3');
  expect(await rows('SELECT * FROM d.t ORDER BY id')).toEqual([
    ['1', '0.100000001', 'n1'],
    ['3', '7', '2026-11-20'],
    ['4', '8', null],
  ]);
});

test('CREATE TABLE AS, CREATE VIEW, TRUNCATE and DROP', async () => {
  await run('CREATE TABLE d.copy AS SELECT id, cost, [id] AS ids FROM d.t');
  await run('CREATE OR REPLACE VIEW d.v AS SELECT SUM(cost) AS total FROM d.copy');
  expect(await rows('SELECT total FROM d.v')).toEqual([['15.100000001']]);
  expect(await changed('TRUNCATE TABLE d.copy')).toBe('3');
  expect(await rows('SELECT total FROM d.v')).toEqual([[null]]);
  await run('DROP VIEW d.v');
  await run('DROP TABLE d.copy');
  expect((await run('SELECT 1 FROM d.copy')).error).toMatchObject({ code: 404 });
  expect((await run('DROP TABLE d.copy')).error).toMatchObject({ code: 404 });
  expect((await run('DROP TABLE IF EXISTS d.copy')).error).toBeUndefined();
  await run('CREATE SCHEMA other');
  await run('DROP SCHEMA other');
  expect((await harness.call('GET', '/datasets/other')).status).toBe(404);
});

test.each([
  ['INSERT INTO d.t (id) VALUES ("x")', 'Value of type STRING cannot be assigned to id'],
  ['INSERT INTO d.t (id, nope) VALUES (1, 2)', 'Column nope is not present in table'],
  ['INSERT INTO d.t VALUES (1)', 'Inserted row has wrong column count; Has 1, expected 3'],
  ['UPDATE d.t SET id = 1', 'UPDATE must have a WHERE clause'],
  ['INSERT INTO d.made (who) VALUES ("x")', 'NOT NULL constraint failed'],
  ['DELETE FROM d.made WHERE TRUE', 'without a filter over column(s)'],
])('%s is refused', async (sql, message) => {
  expect((await run(sql)).error.message).toContain(message);
});
