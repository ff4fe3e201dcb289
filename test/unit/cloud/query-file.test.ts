import { expect, test } from '@jest/globals';
import { readQuery, withIncludes } from '../../../src/cloud/query-file.ts';

test('an include stands for the fragment, without its comments, and leaves the rest as it is', () => {
  const sql = readQuery('series_anomalies');
  expect(sql).toMatch(/^-- Anomalies of hourly series/);
  expect(sql).not.toContain('-- include');
  expect(sql).not.toContain('-- Fragment');
  expect(sql).toContain('judged AS (');
  expect(withIncludes('SELECT 1 -- include: nothing.sql\n')).toBe(
    'SELECT 1 -- include: nothing.sql\n',
  );
});

test('a fragment that does not exist is an error that names it', () => {
  expect(() => withIncludes('-- include: fragments/none.sql')).toThrow('fragments/none.sql');
});
