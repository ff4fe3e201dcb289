import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Harness, type PlainCell, startHarness } from './harness.ts';

type Case = { sql: string; types: string[]; rows: PlainCell[][] };

/** Statements with the types and rows that Google's own evaluator (ZetaSQL) gives; one JSON document per line. */
const CASES = readFileSync(new URL('google-sql.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.emulator.close());

describe('answers as Google SQL does, types included', () => {
  test.each(CASES.map((one) => [one.sql, one] as const))('%s', async (sql, { types, rows }) => {
    expect(await harness.sql(sql)).toMatchObject({ types, rows });
  });
});

const REFUSED: [string, string][] = [
  ['SELECT FARM_FINGERPRINT("a")', 'Function FARM_FINGERPRINT'],
  ['SELECT SAFE.SUBSTR("a", 0, -1)', 'Function SAFE.SUBSTR'],
  ['SELECT MAX_BY(x, x) FROM UNNEST([1]) x', 'Function MAX_BY'],
  ['SELECT MEDIAN(x) FROM UNNEST([1]) x', 'Function MEDIAN'],
  ['SELECT list_sum([1])', 'Function LIST_SUM'],
  ['SELECT FORMAT("%d", 1)', 'Function FORMAT'],
  ['SELECT SQRT(NUMERIC "2")', 'SQRT over NUMERIC'],
  [
    'SELECT PERCENTILE_CONT(x, 0.5) OVER () FROM UNNEST([NUMERIC "1"]) x',
    'PERCENTILE_CONT over NUMERIC',
  ],
  [
    'SELECT TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY, "Europe/Berlin")',
    "Time zone 'Europe/Berlin'",
  ],
  ['SELECT FORMAT_TIMESTAMP("%c", CURRENT_TIMESTAMP())', 'Format element %c of FORMAT_TIMESTAMP'],
  ['SELECT CAST("2026-01-01" AS DATETIME)', 'Type DATETIME'],
  ['SELECT DATE "2026-01-01" + INTERVAL 1 DAY', 'DATE + INTERVAL'],
  ['SELECT EXTRACT(WEEK FROM DATE "2026-01-01")', 'EXTRACT of WEEK'],
  ['SELECT BIGNUMERIC "1" + 1', 'Arithmetic'],
  ['SELECT 1 << 2', 'Operator <<'],
  ['SELECT UPPER("straße")', 'UPPER of straße'],
  ['SELECT JSON_VALUE(\'{"a":1.50}\', "$.a")', 'A JSON number written as in'],
  ['SELECT x FROM UNNEST([1]) x GROUP BY ALL', 'GROUP BY ALL'],
  ['SELECT * FROM (SELECT 1 AS a) PIVOT(SUM(a) FOR a IN (1))', 'PIVOT'],
  ['FROM x |> SELECT 1', 'Pipe syntax'],
  ['DECLARE x INT64', 'Statement DECLARE'],
  ['SELECT 1; SELECT 2', 'A script of several statements'],
  ['WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t', 'WITH RECURSIVE'],
];

test.each(REFUSED)('refuses by name what it does not have: %s', async (sql, name) => {
  const { error } = await harness.sql(sql);
  expect(error).toMatchObject({ code: 400, errors: [{ reason: 'invalidQuery' }] });
  expect(error.message).toContain(name);
  expect(error.message).toContain('is not supported by the local BigQuery endpoint');
});

const WRONG: [string, string][] = [
  ['SELECT nope', 'Unrecognized name: nope at [1:8]'],
  ['SELECT t.b FROM (SELECT 1 AS a) AS t', 'Name b not found inside t at [1:8]'],
  ['SELECT\n  1 +', 'Syntax error: Unexpected end of script at [2:6]'],
  ['SELECT 1 FROM', 'Syntax error: Expected identifier but got end of script at [1:14]'],
  ['SELECT a FROM (SELECT 1 AS a), (SELECT 2 AS a)', 'Column name a is ambiguous at [1:8]'],
  [
    'SELECT 1 AS a, 2 AS A',
    'Duplicate column names in the result are not supported. Found duplicate(s): a',
  ],
  [
    'SELECT "a" + 1',
    'No matching signature for operator + for argument types: STRING, INT64 at [1:12]',
  ],
  [
    'SELECT LOWER(1)',
    'No matching signature for function LOWER for argument types: INT64 at [1:8]',
  ],
  ['SELECT 1 WHERE 1', 'WHERE clause should return type BOOL, but returns INT64'],
  ['SELECT NUMERIC "1.0000000001"', 'Invalid NUMERIC literal: "1.0000000001"'],
  ['SELECT 9223372036854775808', 'Invalid integer literal: 9223372036854775808'],
  ['SELECT @missing', "Query parameter 'missing' not found at [1:8]"],
  ['SELECT * FROM bare', 'Table "bare" must be qualified with a dataset (e.g. dataset.table).'],
  [
    'SELECT ROW_NUMBER()',
    'Window function ROW_NUMBER cannot be called without an OVER clause at [1:8]',
  ],
  [
    'SELECT x FROM UNNEST([1]) x UNION SELECT 2',
    'Syntax error: Expected keyword ALL or keyword DISTINCT but got keyword SELECT at [1:35]',
  ],
  ['SELECT 1 / 0', 'division by zero: 1 / 0'],
  ['SELECT NUMERIC "1.5" / 0', 'division by zero: 1.5 / 0'],
  ['SELECT CAST("x" AS INT64)', 'Bad int64 value: x'],
  ['SELECT [1][OFFSET(1)]', 'Array index 1 is out of bounds'],
];

test.each(WRONG)('says what is wrong, and where: %s', async (sql, message) => {
  const { error } = await harness.sql(sql);
  expect(error).toMatchObject({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message,
    errors: [{ domain: 'global', reason: 'invalidQuery', location: 'query', message }],
  });
});

test.each([
  ['SELECT 9223372036854775807 + 1'],
  ['SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x'],
  ['SELECT NUMERIC "99999999999999999999999999999.999999999" + 1'],
  ['SELECT NUMERIC "99999999999999" * NUMERIC "99999999999999999"'],
  ['SELECT (SELECT x FROM UNNEST([1, 2]) AS x)'],
])('never answers beyond a type or a single value: %s', async (sql) => {
  expect((await harness.sql(sql)).error).toMatchObject({ code: 400 });
});

test('CURRENT_TIMESTAMP is the injected time', async () => {
  const { rows } = await harness.sql('SELECT CURRENT_TIMESTAMP(), CURRENT_DATE()');
  expect(rows).toEqual([[String(harness.clock.now * 1000), '2026-11-20']]);
});

test('columns without a name are f0_, f1_, … beside named ones', async () => {
  expect((await harness.sql('SELECT 1, 2 AS a, COUNT(*)')).names).toEqual(['f0_', 'a', 'f1_']);
});
