import type { Table } from '@google-cloud/bigquery';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Harness, startHarness } from './harness.ts';

const FIELDS = [
  { name: 'id', type: 'STRING', mode: 'REQUIRED' },
  { name: 'n', type: 'INT64' },
  { name: 'f', type: 'FLOAT64' },
  { name: 'cost', type: 'NUMERIC' },
  { name: 'big', type: 'BIGNUMERIC' },
  { name: 'ok', type: 'BOOL' },
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'day', type: 'DATE' },
  { name: 'clock', type: 'TIME' },
  { name: 'raw', type: 'BYTES' },
  { name: 'doc', type: 'JSON' },
  { name: 'tags', type: 'STRING', mode: 'REPEATED' },
  {
    name: 'detail',
    type: 'RECORD',
    fields: [
      { name: 'x', type: 'NUMERIC' },
      { name: 'y', type: 'INT64', mode: 'REPEATED' },
    ],
  },
  {
    name: 'parts',
    type: 'RECORD',
    mode: 'REPEATED',
    fields: [
      { name: 'k', type: 'STRING' },
      { name: 'v', type: 'NUMERIC' },
    ],
  },
];

let harness: Harness;
let table: Table;
let count = 0;
beforeAll(async () => {
  harness = await startHarness();
  await harness.client.createDataset('d');
});
afterAll(() => harness.emulator.close());
beforeEach(async () => {
  count += 1;
  const timePartitioning = { type: 'DAY', field: 'at' };
  [table] = await harness.client
    .dataset('d')
    .createTable(`t${count}`, { schema: { fields: FIELDS }, timePartitioning });
});

type InsertError = { index: number; errors: { reason: string }[] };
type Row = { insertId?: string; json: Record<string, unknown> };
const insert = (rows: Row[], more: object = {}) =>
  harness.call('POST', `/datasets/d/tables/${table.id}/insertAll`, { rows, ...more });
const stored = async (columns = 'id') =>
  (await harness.sql(`SELECT ${columns} FROM d.${table.id} ORDER BY id`)).rows;

test('rows of every type come back as they went in, at once', async () => {
  await table.insert({
    id: 'a',
    n: '9007199254740993',
    f: 0.5,
    cost: '12345678901234567890.123456789',
    big: '0.00000000000000000000000000000000000001',
    ok: true,
    at: '2026-11-20T12:00:00.123456+02:00',
    day: '2026-11-20',
    clock: '12:34:56.5',
    raw: Buffer.from('hé').toString('base64'),
    doc: '{"b": [1, 2.50]}',
    tags: ['x', 'y'],
    detail: { x: '0.1', y: [1, 2] },
    parts: [{ k: 'a', v: '0.000000001' }, { k: 'b' }],
  });
  const { rows } = await harness.sql(`SELECT * FROM d.${table.id}`);
  expect(rows).toEqual([
    [
      'a',
      '9007199254740993',
      '0.5',
      '12345678901234567890.123456789',
      '0.00000000000000000000000000000000000001',
      'true',
      String(Date.parse('2026-11-20T10:00:00Z') * 1000 + 123456),
      '2026-11-20',
      '12:34:56.5',
      Buffer.from('hé').toString('base64'),
      '{"b":[1,2.5]}',
      ['x', 'y'],
      ['0.1', ['1', '2']],
      [
        ['a', '0.000000001'],
        ['b', null],
      ],
    ],
  ]);
});

test('integers beyond 2^53 written as JSON numbers keep every digit', async () => {
  const text = '{"rows":[{"json":{"id":"a","n":9223372036854775807,"cost":12345678901234567}}]}';
  await harness.call('POST', `/datasets/d/tables/${table.id}/insertAll`, text);
  expect(await stored('n, cost')).toEqual([['9223372036854775807', '12345678901234567']]);
});

describe('a bad row', () => {
  const BAD: [string, Record<string, unknown>, string, string][] = [
    ['has a field the table lacks', { id: 'x', nope: 1 }, 'nope', 'no such field: nope.'],
    [
      'has a nested field the table lacks',
      { id: 'x', detail: { z: 1 } },
      'detail.z',
      'no such field: detail.z.',
    ],
    ['lacks a required field', { n: 1 }, 'id', 'Missing required field: id.'],
    ['has null for a required field', { id: null }, 'id', 'Missing required field: id.'],
    [
      'has text for a number',
      { id: 'x', n: 'abc' },
      'n',
      'Cannot convert value to integer (bad value): abc',
    ],
    [
      'has a fraction for an integer',
      { id: 'x', n: 1.5 },
      'n',
      'Cannot convert value to integer (bad value): 1.5',
    ],
    [
      'has an integer out of range',
      { id: 'x', n: '9223372036854775808' },
      'n',
      'Cannot convert value to integer (bad value): 9223372036854775808',
    ],
    [
      'has text for a double',
      { id: 'x', f: 'abc' },
      'f',
      'Cannot convert value to floating point (bad value): abc',
    ],
    [
      'has text for a boolean',
      { id: 'x', ok: 'maybe' },
      'ok',
      'Cannot convert value to boolean (bad value): maybe',
    ],
    [
      'has a tenth decimal',
      { id: 'x', cost: '0.0000000001' },
      'cost',
      'Invalid NUMERIC value: 0.0000000001',
    ],
    [
      'has a sum in binary floating point',
      { id: 'x', cost: 0.1 + 0.2 },
      'cost',
      'Invalid NUMERIC value: 0.30000000000000004',
    ],
    [
      'has a NUMERIC out of range',
      { id: 'x', cost: '100000000000000000000000000000' },
      'cost',
      'Invalid NUMERIC value',
    ],
    [
      'has a time that is none',
      { id: 'x', at: 'yesterday' },
      'at',
      "Could not parse 'yesterday' as a timestamp",
    ],
    [
      'has a day that does not exist',
      { id: 'x', day: '2026-02-30' },
      'day',
      "Could not parse '2026-02-30' as DATE",
    ],
    [
      'has a list where one value belongs',
      { id: 'x', n: [1] },
      'n',
      'Array specified for non-repeated field: n.',
    ],
    [
      'has one value where a list belongs',
      { id: 'x', tags: 'a' },
      'tags',
      'Repeated field must be imported as a JSON array.',
    ],
    [
      'has text where a record belongs',
      { id: 'x', detail: 'a' },
      'detail',
      'This field: detail is not a record.',
    ],
    ['has JSON that is none', { id: 'x', doc: '{' }, 'doc', 'Invalid JSON value'],
    [
      'is more than ten years old',
      { id: 'x', at: '2016-11-01T00:00:00Z' },
      'at',
      'is outside the allowed bounds',
    ],
    [
      'is more than a year ahead',
      { id: 'x', at: '2027-12-01T00:00:00Z' },
      'at',
      'is outside the allowed bounds',
    ],
  ];
  test.each(BAD)(
    'that %s is refused with field and reason',
    async (_what, json, location, message) => {
      const { status, body } = await insert([{ json }]);
      expect(status).toBe(200);
      expect(body.insertErrors).toMatchObject([
        { index: 0, errors: [{ reason: 'invalid', location }] },
      ]);
      expect(body.insertErrors[0].errors[0].message).toContain(message);
      expect(await stored()).toEqual([]);
    },
  );

  const rows = [
    { json: { id: 'a' } },
    { json: { id: 'b', n: 'x', ok: 'y' } },
    { json: { id: 'c' } },
  ];

  test('stops the good ones, and nothing is stored', async () => {
    const { body } = await insert(rows);
    expect(
      body.insertErrors.map((e: InsertError) => [e.index, e.errors.map((x) => x.reason)]),
    ).toEqual([
      [0, ['stopped']],
      [1, ['invalid', 'invalid']],
      [2, ['stopped']],
    ]);
    expect(await stored()).toEqual([]);
  });

  test('is left out with skipInvalidRows, and the good ones are stored', async () => {
    const { body } = await insert(rows, { skipInvalidRows: true });
    expect(body.insertErrors.map((e: InsertError) => e.index)).toEqual([1]);
    expect(await stored()).toEqual([['a'], ['c']]);
  });

  test('reaches the real client as a PartialFailureError', async () => {
    const error = await table.insert([{ id: 'a' }, { nope: 1 }]).then(
      () => undefined,
      (e) => e,
    );
    expect(error).toMatchObject({ name: 'PartialFailureError' });
    expect(error.errors).toHaveLength(2);
  });

  test('with unknown fields is taken without them on ignoreUnknownValues', async () => {
    const { body } = await insert([{ json: { id: 'a', nope: 1 } }], { ignoreUnknownValues: true });
    expect(body).toEqual({ kind: 'bigquery#tableDataInsertAllResponse' });
    expect(await stored()).toEqual([['a']]);
  });
});

describe('insert ids', () => {
  const one = (insertId?: string) =>
    insert([{ json: { id: 'a' }, ...(insertId === undefined ? {} : { insertId }) }]);

  test('store a row once within a minute, again after it', async () => {
    await one('i1');
    harness.clock.now += 59_000;
    await one('i1');
    expect(await stored()).toHaveLength(1);
    harness.clock.now += 2_000;
    await one('i1');
    expect(await stored()).toHaveLength(2);
  });

  test('are one per table, and rows without one are never held for repeats', async () => {
    await one();
    await one();
    expect(await stored()).toHaveLength(2);
  });

  test('of refused rows are not remembered', async () => {
    await insert([{ insertId: 'i', json: { nope: 1 } }]);
    await insert([{ insertId: 'i', json: { id: 'a' } }]);
    expect(await stored()).toEqual([['a']]);
  });

  test('have at most 128 characters', async () => {
    expect(await one('x'.repeat(129))).toMatchObject({
      status: 400,
      body: { error: { errors: [{ reason: 'invalid' }] } },
    });
    expect((await one('x'.repeat(128))).status).toBe(200);
  });
});

test('no rows, too many rows and too many bytes are refused', async () => {
  expect((await insert([])).body.error.message).toBe('No rows present in the request.');
  const many = Array.from({ length: 50_001 }, () => ({ json: { id: 'a' } }));
  expect((await insert(many)).body.error.message).toBe(
    'too many rows present in the request, limit: 50000 row count: 50001.',
  );
  const big = await insert([{ json: { id: 'x'.repeat(10 * 1024 * 1024) } }]);
  expect(big).toMatchObject({
    status: 413,
    body: { error: { errors: [{ reason: 'requestTooLarge' }] } },
  });
  expect(await insert([{ json: { id: 'a' } }])).toMatchObject({ status: 200 });
});

test('tabledata.list pages through a table', async () => {
  await insert(Array.from({ length: 5 }, (_, i) => ({ json: { id: `r${i}`, tags: [`t${i}`] } })));
  const ids: string[] = [];
  for (let next: object | null = { maxResults: 2, autoPaginate: false }; next !== null; ) {
    const [rows, following] = (await table.getRows(next)) as unknown as [
      Record<string, string>[],
      object | null,
    ];
    ids.push(...rows.map((row) => `${row.id} ${row.tags}`));
    next = following;
  }
  expect(ids).toEqual(['r0 t0', 'r1 t1', 'r2 t2', 'r3 t3', 'r4 t4']);
  const { body } = await harness.call(
    'GET',
    `/datasets/d/tables/${table.id}/data?maxResults=2&startIndex=1&selectedFields=id`,
  );
  expect(body).toMatchObject({
    totalRows: '5',
    pageToken: '3',
    rows: [{ f: [{ v: 'r1' }] }, { f: [{ v: 'r2' }] }],
  });
});

test('concurrent inserts and queries see whole requests only', async () => {
  const batch = (b: number) =>
    Array.from({ length: 100 }, (_, i) => ({
      insertId: `${b}-${i}`,
      json: { id: `${b}`, cost: '0.000000001' },
    }));
  const counts: number[] = [];
  const look = async () => {
    const { rows } = await harness.sql(`SELECT COUNT(*) FROM d.${table.id}`);
    counts.push(Number(rows![0]![0]));
  };
  await Promise.all(Array.from({ length: 20 }, (_, b) => [insert(batch(b)), look()]).flat());
  expect(counts.every((n) => n % 100 === 0)).toBe(true);
  expect(await stored('COUNT(*) AS n, SUM(cost) AS id')).toEqual([['2000', '0.000002']]);
});
