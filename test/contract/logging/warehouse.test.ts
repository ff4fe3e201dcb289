import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createBigQueryEmulator } from '../../../local/bigquery/emulator.ts';
import type { LogEntry } from '../../../local/logging/entry.ts';
import { createLogWarehouse } from '../../../local/logging/warehouse.ts';
import { createWarehouse } from '../../../src/cloud/bigquery.ts';
import { at, LOG, NOON, PROJECT, startHarness } from './harness.ts';

const DATASET = 'observability';
const TABLE = new URL('../../../bigquery/tables/logs.json', import.meta.url);

let bigquery: ReturnType<typeof createBigQueryEmulator>;
beforeEach(async () => {
  process.env.METADATA_SERVER_DETECTION = 'none';
  bigquery = createBigQueryEmulator({ projectId: PROJECT, now: () => NOON });
  await bigquery.start();
});
afterEach(() => bigquery.close());

const options = () => ({ projectId: PROJECT, dataset: DATASET, apiEndpoint: bigquery.url });
const query = (sql: string) => createWarehouse(options()).query<Record<string, unknown>>({ sql });

/** Makes the table as it is made for the local cloud. */
async function provision(): Promise<void> {
  const call = (path: string, body: object) =>
    fetch(`${bigquery.url}/bigquery/v2/projects/${PROJECT}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
  await call('datasets', { datasetReference: { datasetId: DATASET } });
  const definition = JSON.parse(readFileSync(TABLE, 'utf8')) as object;
  const answer = await call(`datasets/${DATASET}/tables`, {
    ...definition,
    tableReference: { tableId: 'logs' },
  });
  expect(answer.status).toBe(200);
}

const entry = (n: number): LogEntry => ({
  logName: LOG,
  resource: { type: 'global', labels: {} },
  timestamp: '2026-11-20T12:00:00.000000000Z',
  receiveTimestamp: '2026-11-20T12:00:00.000000000Z',
  severity: 'INFO',
  insertId: String(n),
  labels: {},
  textPayload: `line ${n}`,
});

test('all that an entry says can be asked for, by the names of _AllLogs', async () => {
  await provision();
  const sink = createLogWarehouse(options());
  const logging = await startHarness({ sink });
  await logging.write([
    {
      logName: `projects/${PROJECT}/logs/run.googleapis.com%2Fstdout`,
      resource: { type: 'cloud_run_revision', labels: { service_name: 'api' } },
      insertId: 'one',
      severity: 'ERROR',
      timestamp: at(NOON - 1_000, 123_456_789),
      jsonPayload: { fields: { message: { stringValue: 'no' }, n: { numberValue: 1.5 } } },
      labels: { tenant: 'acme' },
      trace: `projects/${PROJECT}/traces/0af7651916cd43dd8448eb211c80319c`,
      spanId: '00f067aa0ba902b7',
      traceSampled: true,
      httpRequest: {
        requestMethod: 'GET',
        requestUrl: '/v1/costs',
        status: 503,
        responseSize: 12,
        latency: { seconds: 1, nanos: 250_000_000 },
        cacheHit: true,
      },
      operation: { id: 'op', first: true },
      sourceLocation: { file: 'a.ts', line: 7, function: 'f' },
      split: { uid: 'u', index: 1, totalSplits: 2 },
    },
    { insertId: 'two', textPayload: 'plain' },
  ]);
  await sink.close();
  expect(sink.stats()).toMatchObject({ inserted: 2, dropped: 0, waiting: 0 });
  expect(
    await query(`
      SELECT log_id, severity, severity_number, timestamp, CAST(timestamp_unix_nanos AS STRING) AS nanos, insert_id, trace, span_id,
        trace_sampled, resource.type AS resource_type, JSON_VALUE(resource.labels, '$.service_name') AS service,
        JSON_VALUE(json_payload, '$.message') AS message, text_payload, JSON_VALUE(labels, '$.tenant') AS tenant,
        http_request.status AS status, http_request.latency.seconds AS latency_seconds,
        http_request.latency.nanos AS latency_nanos, http_request.response_size AS response_size,
        http_request.cache_hit AS cache_hit, operation.id AS operation_id, operation.first AS first,
        source_location.line AS line, source_location.function AS function, split.total_splits AS splits
      FROM logs ORDER BY timestamp`),
  ).toEqual([
    {
      log_id: 'run.googleapis.com/stdout',
      severity: 'ERROR',
      severity_number: 500,
      timestamp: '2026-11-20T11:59:59.123456000Z',
      nanos: '1795175999123456789',
      insert_id: 'one',
      trace: `projects/${PROJECT}/traces/0af7651916cd43dd8448eb211c80319c`,
      span_id: '00f067aa0ba902b7',
      trace_sampled: true,
      resource_type: 'cloud_run_revision',
      service: 'api',
      message: 'no',
      text_payload: null,
      tenant: 'acme',
      status: 503,
      latency_seconds: 1,
      latency_nanos: 250_000_000,
      response_size: 12,
      cache_hit: true,
      operation_id: 'op',
      first: true,
      line: 7,
      function: 'f',
      splits: 2,
    },
    expect.objectContaining({
      insert_id: 'two',
      text_payload: 'plain',
      status: null,
      splits: null,
    }),
  ]);
  await logging.close();
});

test('thousands of entries are inserted in batches, once each', async () => {
  await provision();
  const sink = createLogWarehouse(options());
  for (let n = 0; n < 2_600; n += 1) sink.add(entry(n));
  await sink.flush();
  await sink.close();
  expect(sink.stats()).toEqual({ inserted: 2_600, dropped: 0, waiting: 0, lastError: undefined });
  const [row] = await query('SELECT COUNT(DISTINCT insert_id) AS ids, COUNT(*) AS n FROM logs');
  expect(row).toEqual({ ids: 2_600, n: 2_600 });
});

test('what cannot be inserted waits, bounded, until it can be', async () => {
  const sink = createLogWarehouse(options());
  for (let n = 0; n < 10_500; n += 1) sink.add(entry(n));
  expect(sink.stats()).toMatchObject({ waiting: 10_000, dropped: 500 });
  await provision();
  await sink.flush();
  expect(sink.stats()).toMatchObject({ inserted: 10_000, dropped: 500, waiting: 0 });
  await sink.close();
});

test('a row that the table does not take keeps no other waiting', async () => {
  await provision();
  const sink = createLogWarehouse(options());
  sink.add({ ...entry(1), spanId: ['not', 'a', 'text'] as never });
  sink.add(entry(2));
  await sink.close();
  expect(sink.stats()).toMatchObject({ inserted: 1, dropped: 1, waiting: 0 });
  expect(await query('SELECT insert_id FROM logs')).toEqual([{ insert_id: '2' }]);
});
