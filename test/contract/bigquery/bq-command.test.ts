import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Harness, PROJECT, startHarness } from './harness.ts';

const isInstalled = spawnSync('bq', ['version'], { stdio: 'ignore' }).status === 0;
const ifInstalled = isInstalled ? describe : describe.skip;
const name = isInstalled ? "Google's bq command" : "Google's bq command (not installed here)";

ifInstalled(name, () => {
  let harness: Harness;
  let dir: string;
  beforeAll(async () => {
    harness = await startHarness();
    dir = mkdtempSync(join(tmpdir(), 'bq-'));
  });
  afterAll(async () => {
    await harness.emulator.close();
    rmSync(dir, { recursive: true });
  });

  async function bq(...args: string[]): Promise<string> {
    const settings = [
      '--api',
      harness.emulator.url,
      '--project_id',
      PROJECT,
      '--oauth_access_token=local',
    ];
    // An empty configuration, so that no account of this machine is looked at.
    const env = { ...process.env, CLOUDSDK_CONFIG: dir };
    const run = promisify(execFile)(
      'bq',
      [...settings, '--bigqueryrc', join(dir, 'none'), ...args],
      { env },
    );
    // It reports errors on stdout and by its exit code.
    const { stdout } = await run.catch((error) => error);
    return stdout as string;
  }
  const query = (...args: string[]) =>
    bq('--format=json', 'query', '--use_legacy_sql=false', ...args);

  test('makes, fills, lists, shows and queries tables', async () => {
    await bq('mk', 'd');
    await bq(
      'mk',
      '-t',
      '--time_partitioning_field=seen',
      'd.t',
      'id:STRING,seen:TIMESTAMP,cost:NUMERIC',
    );
    writeFileSync(
      join(dir, 'rows.json'),
      '{"id":"a","seen":"2026-11-20T12:00:00Z","cost":"0.1"}\n{"id":"b","cost":"0.000000001"}\n',
    );
    await bq('insert', 'd.t', join(dir, 'rows.json'));
    expect(JSON.parse(await query('SELECT SUM(cost) AS cost, MAX(seen) AS seen FROM d.t'))).toEqual(
      [{ cost: '0.100000001', seen: '2026-11-20 12:00:00' }],
    );
    const inserted = await query(
      '--parameter=c:NUMERIC:1.5',
      'INSERT INTO d.t (id, cost) VALUES ("c", @c)',
    );
    expect(inserted).toContain('Number of affected rows: 1');
    expect(await bq('ls', 'd')).toMatch(/t\s+TABLE\s+DAY \(field: seen\)/);
    expect(JSON.parse(await bq('--format=json', 'show', 'd.t'))).toMatchObject({
      numRows: '3',
      type: 'TABLE',
    });
    expect(JSON.parse(await bq('--format=json', 'head', '-n', '1', 'd.t'))).toMatchObject([
      { id: 'a', cost: '0.1' },
    ]);
  }, 300_000);

  test('is told what is wrong with a query', async () => {
    expect(await query('SELECT MEDIAN(1)')).toContain('MEDIAN');
    expect(JSON.parse(await query('--dry_run', 'SELECT 1'))).toMatchObject({
      statistics: { query: { schema: { fields: [{ name: 'f0_', type: 'INTEGER' }] } } },
    });
  }, 300_000);
});
