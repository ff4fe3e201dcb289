import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BigQuery } from '@google-cloud/bigquery';
import { expect, test } from '@jest/globals';

const MAIN = fileURLToPath(new URL('../../../local/bigquery/main.ts', import.meta.url));

async function startProcess(...args: string[]): Promise<{ child: ChildProcess; client: BigQuery }> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--project', 'own', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout! }), 'line');
  const ready = JSON.parse(line) as { ready: boolean; url: string };
  expect(ready).toMatchObject({ ready: true, project: 'own' });
  process.env.METADATA_SERVER_DETECTION = 'none';
  return { child, client: new BigQuery({ projectId: 'own', apiEndpoint: ready.url }) };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit');
  child.kill(signal);
  const [code] = await exit;
  return code as number | null;
}

const read = async (client: BigQuery) => {
  const [rows] = await client.query(
    'SELECT id, CAST(SUM(cost) AS STRING) AS cost FROM d.v GROUP BY id',
  );
  return rows;
};

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 0],
  ['SIGKILL', null],
] as const)(
  'with --data-file datasets, tables, views and rows are there again after %s',
  async (signal, code) => {
    const dir = mkdtempSync(join(tmpdir(), 'bigquery-'));
    try {
      const first = await startProcess('--data-file', join(dir, 'data.duckdb'));
      const [dataset] = await first.client.createDataset('d');
      const schema = {
        fields: [
          { name: 'id', type: 'STRING' },
          { name: 'cost', type: 'NUMERIC' },
        ],
      };
      const [table] = await dataset.createTable('t', { schema });
      await dataset.createTable('v', {
        view: { query: 'SELECT * FROM d.t', useLegacySql: false },
      } as object);
      await table.insert([
        { id: 'a', cost: '0.1' },
        { id: 'a', cost: '0.000000001' },
      ]);
      expect(await read(first.client)).toEqual([{ id: 'a', cost: '0.100000001' }]);
      expect(await stop(first.child, signal)).toBe(code);

      const second = await startProcess('--data-file', join(dir, 'data.duckdb'));
      expect(await read(second.client)).toEqual([{ id: 'a', cost: '0.100000001' }]);
      const [shown] = await second.client.dataset('d').table('t').getMetadata();
      expect(shown.schema).toEqual(schema);
      expect(await stop(second.child, 'SIGTERM')).toBe(0);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test('a long query does not hold up SIGTERM: it is stopped, and its reader told so', async () => {
  const { child, client } = await startProcess();
  const query =
    'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 100000)) b WHERE MOD(a * b, 7) = 1';
  const [job] = await client.createQueryJob({ query, jobId: 'long' });
  const results = job.getQueryResults().catch((error) => error);
  const [state] = await job.getMetadata();
  expect(state.status.state).toBe('RUNNING');
  expect(await stop(child, 'SIGTERM')).toBe(0);
  expect(await results).toMatchObject({ message: expect.stringContaining('cancelled') });
});
