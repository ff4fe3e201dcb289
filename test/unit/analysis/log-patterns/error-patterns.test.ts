import { readFileSync } from 'node:fs';
import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBigQueryEmulator } from '../../../../local/bigquery/emulator.ts';
import { findErrorPatterns } from '../../../../src/analysis/log-patterns/error-patterns.ts';
import { createWarehouse, type Warehouse } from '../../../../src/cloud/bigquery.ts';
import { HOUR_MS } from '../../../../src/core/time.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const PERIOD = { fromMs: NOW - 168 * HOUR_MS, sinceMs: NOW - 24 * HOUR_MS, toMs: NOW };

const emulator = createBigQueryEmulator({ projectId: 'p', now: () => NOW });
let warehouse: Warehouse;
beforeAll(async () => {
  process.env.METADATA_SERVER_DETECTION = 'none';
  await emulator.start();
  const client = new BigQuery({ projectId: 'p', apiEndpoint: emulator.url });
  const [dataset] = await client.createDataset('d');
  const logs = new URL('../../../../bigquery/tables/logs.json', import.meta.url);
  await dataset.createTable('logs', JSON.parse(readFileSync(logs, 'utf8')));
  warehouse = createWarehouse({ projectId: 'p', dataset: 'd', apiEndpoint: emulator.url });
});
afterAll(() => emulator.close());

function entry(id: number, hoursAgo: number, message: string, workspaceId: string) {
  const json = {
    log_name: 'projects/p/logs/run',
    insert_id: String(id),
    timestamp: new Date(NOW - hoursAgo * HOUR_MS).toISOString(),
    severity: 'ERROR',
    severity_number: 500,
    labels: JSON.stringify({ service: 'api', version: '1.4.0' }),
    json_payload: JSON.stringify({ message, workspaceId }),
    trace: `projects/p/traces/${id}`,
  };
  return { insertId: String(id), json };
}

test('errors are found by template, of the platform and of each workspace, with what is known of them', async () => {
  const rows = [
    entry(1, 2, 'connect ECONNREFUSED 10.0.0.7:6379', 'acme'),
    entry(2, 1, 'connect ECONNREFUSED 10.0.0.8:6379', 'acme'),
    entry(3, 30, 'no such agent: bot-7', 'globex'),
    entry(4, 3, 'no such agent: bot-9', 'globex'),
  ];
  expect(await warehouse.insert('logs', rows)).toEqual({ kind: 'ok' });
  const found = await findErrorPatterns(warehouse, PERIOD);
  expect(found.map(({ workspaceId, template }) => [workspaceId, template])).toEqual([
    ['', 'connect ECONNREFUSED <*>'],
    ['', 'no such agent: <*>'],
    ['acme', 'connect ECONNREFUSED <*>'],
    ['globex', 'no such agent: <*>'],
  ]);
  expect(found[2]).toEqual({
    workspaceId: 'acme',
    id: '7deec90ff9040dba',
    template: 'connect ECONNREFUSED <*>',
    severity: 'ERROR',
    count: 2,
    countBefore: 0,
    expected: 0,
    trend: 'new',
    firstSeenMs: NOW - 2 * HOUR_MS,
    lastSeenMs: NOW - HOUR_MS,
    services: ['api'],
    versions: ['1.4.0'],
    workspaces: ['acme'],
    workspaceCount: 1,
    sample: 'connect ECONNREFUSED 10.0.0.8:6379',
    sampleTrace: 'projects/p/traces/2',
    suggestion: expect.objectContaining({ causeId: 'connection_refused' }),
  });
  expect(found[3]).toMatchObject({ count: 1, countBefore: 1, trend: 'steady' });
  expect(found[3]!.suggestion).toBeUndefined();
});

test('where nothing was logged there is no pattern', async () => {
  const empty = { ...PERIOD, sinceMs: NOW - HOUR_MS / 2 };
  expect(await findErrorPatterns(warehouse, empty)).toEqual([]);
});
