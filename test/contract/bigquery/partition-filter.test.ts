import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Harness, PROJECT, startHarness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  const [dataset] = await harness.client.createDataset('d');
  await dataset.createTable('t', {
    schema: {
      fields: [
        { name: 'event_time', type: 'TIMESTAMP' },
        { name: 'id', type: 'STRING' },
        { name: 'ingested', type: 'TIMESTAMP' },
      ],
    },
    timePartitioning: { type: 'DAY', field: 'event_time' },
    requirePartitionFilter: true,
  });
  const views: Record<string, string> = {
    plain: 'SELECT * FROM d.t',
    renamed: 'SELECT event_time AS seen, id FROM d.t',
    filtered: "SELECT id FROM d.t WHERE event_time > '2026-01-01'",
    deduped:
      'SELECT * FROM d.t QUALIFY ROW_NUMBER() OVER (PARTITION BY id, event_time ORDER BY ingested) = 1',
    dedupedAcross:
      'SELECT * FROM d.t QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY ingested) = 1',
    daily: 'SELECT event_time, COUNT(*) AS n FROM d.t GROUP BY event_time',
    total: 'SELECT COUNT(*) AS n, MAX(event_time) AS event_time FROM d.t',
  };
  for (const [name, query] of Object.entries(views)) {
    await harness.call('POST', '/datasets/d/tables', {
      tableReference: { tableId: name },
      view: { query, useLegacySql: false },
    });
  }
});
afterAll(() => harness.emulator.close());

const SINCE = "TIMESTAMP '2026-11-01 00:00:00+00'";

describe('a query of a table that requires a partition filter passes', () => {
  test.each([
    [`SELECT * FROM d.t WHERE event_time >= ${SINCE}`],
    [`SELECT * FROM d.t WHERE id = 'a' AND ${SINCE} < event_time`],
    [`SELECT * FROM d.t AS x WHERE x.event_time BETWEEN ${SINCE} AND CURRENT_TIMESTAMP()`],
    [`SELECT * FROM d.t WHERE DATE(event_time) = '2026-11-20'`],
    [`SELECT * FROM d.t WHERE TIMESTAMP_TRUNC(event_time, DAY) IN (${SINCE})`],
    [`SELECT * FROM d.t WHERE event_time > ${SINCE} OR event_time < '2020-01-01'`],
    ['SELECT * FROM d.t WHERE event_time IS NOT NULL'],
    [`SELECT * FROM (SELECT * FROM d.t) WHERE event_time > ${SINCE}`],
    [`WITH x AS (SELECT event_time AS e FROM d.t) SELECT * FROM x WHERE e > ${SINCE}`],
    [
      `SELECT a.id FROM d.t AS a JOIN d.t AS b ON a.id = b.id AND b.event_time > ${SINCE} WHERE a.event_time > ${SINCE}`,
    ],
    [`SELECT 1 WHERE EXISTS (SELECT 1 FROM d.t WHERE event_time > ${SINCE})`],
    [`SELECT * FROM (SELECT * FROM d.t UNION ALL SELECT * FROM d.t) WHERE event_time > ${SINCE}`],
    ['SELECT * FROM d.filtered'],
    [`SELECT * FROM d.plain WHERE event_time > ${SINCE}`],
    [`SELECT * FROM d.renamed WHERE seen > ${SINCE}`],
    [`SELECT * FROM d.deduped WHERE event_time > ${SINCE}`],
    [`SELECT * FROM d.daily WHERE event_time > ${SINCE}`],
  ])('%s', async (sql) => {
    expect((await harness.sql(sql)).error).toBeUndefined();
  });
});

describe('and is refused without a filter that could prune partitions', () => {
  test.each([
    ['SELECT * FROM d.t'],
    ["SELECT * FROM d.t WHERE id = 'a'"],
    [`SELECT * FROM d.t WHERE ingested > ${SINCE}`],
    [`SELECT * FROM d.t WHERE event_time > ${SINCE} OR id = 'a'`],
    ['SELECT * FROM d.t WHERE event_time > ingested'],
    [
      'SELECT * FROM d.t WHERE event_time = (SELECT MAX(ingested) FROM d.filtered, UNNEST([CURRENT_TIMESTAMP()]) AS ingested)',
    ],
    ['SELECT * FROM d.plain'],
    [`SELECT * FROM d.dedupedAcross WHERE event_time > ${SINCE}`],
    [`SELECT * FROM d.total WHERE event_time > ${SINCE}`],
    [`SELECT * FROM (SELECT * FROM d.t LIMIT 10) WHERE event_time > ${SINCE}`],
    [`SELECT a.id FROM d.t AS a JOIN d.t AS b ON a.id = b.id WHERE a.event_time > ${SINCE}`],
    [
      `SELECT a.id FROM d.t AS a LEFT JOIN d.filtered AS b ON a.id = b.id AND a.event_time > ${SINCE}`,
    ],
    ['SELECT 1 WHERE EXISTS (SELECT 1 FROM d.t)'],
  ])('%s', async (sql) => {
    expect((await harness.sql(sql)).error).toMatchObject({
      code: 400,
      errors: [{ reason: 'invalidQuery' }],
      message: `Cannot query over table '${PROJECT}.d.t' without a filter over column(s) 'event_time' that can be used for partition elimination`,
    });
  });
});
