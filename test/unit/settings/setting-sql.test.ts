import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSettingLedger } from './setting-ledger.ts';

const SQL = readFileSync(
  new URL('../../../bigquery/queries/setting_current.sql', import.meta.url),
  'utf8',
);

const row = fc.record({
  kind: fc.constantFrom('api-key', 'price-override'),
  scope: fc.constantFrom('-', 'acme'),
  id: fc.constantFrom('a', 'b'),
  version: fc.integer({ min: 1, max: 3 }),
  body: fc.option(fc.constant('{}')),
  deleted: fc.boolean(),
  changed_by: fc.constant('tester'),
  changed_at: fc.constantFrom('2026-11-20T12:00:00.000001Z', '2026-11-20T12:00:00.000002Z'),
  write_id: fc.constantFrom('v', 'w', 'x'),
});
const rows = fc.uniqueArray(row, {
  maxLength: 20,
  selector: ({ kind, scope, id, version, changed_at, write_id }) =>
    [kind, scope, id, version, changed_at, write_id].join('/'),
});

test('every reader picks the same row of those that claim one version, the stand-in of the tests too', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`CREATE TABLE setting_versions (kind VARCHAR, scope VARCHAR, id VARCHAR,
    version BIGINT, body VARCHAR, deleted BOOLEAN, changed_by VARCHAR, changed_at VARCHAR, write_id VARCHAR)`);
  await fc.assert(
    fc.asyncProperty(rows, async (all) => {
      const ledger = createSettingLedger();
      ledger.rows.push(...all);
      await connection.run('DELETE FROM setting_versions');
      for (const one of all) {
        await connection.run(
          'INSERT INTO setting_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
          Object.values(one),
        );
      }
      const params = { kind: 'api-key', scope: 'acme' };
      const answer = await connection.runAndReadAll(SQL.replaceAll('@', '$'), params);
      const pick = ({ id, version, changed_at, write_id }: Record<string, unknown>) =>
        [id, Number(version), changed_at, write_id].join('/');
      const expected = await ledger.query<Record<string, unknown>>({ sql: SQL, params });
      expect(answer.getRowObjects().map(pick).sort()).toEqual(expected.map(pick).sort());
    }),
    { numRuns: 40 },
  );
  connection.closeSync();
});
