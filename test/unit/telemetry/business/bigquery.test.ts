import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBigQueryEmulator } from '../../../../local/bigquery/emulator.ts';
import { createWarehouse, type Warehouse } from '../../../../src/cloud/bigquery.ts';
import { createBusinessMetrics } from '../../../../src/telemetry/business/business-metrics.ts';
import { readTables } from '../../../sql/definitions.ts';

const PROJECT = 'business-tests';
const NOW = Date.parse('2026-11-20T12:00:00Z');
const emulator = createBigQueryEmulator({ projectId: PROJECT, now: () => NOW });
let warehouse: Warehouse;
beforeAll(async () => {
  process.env.METADATA_SERVER_DETECTION = 'none';
  await emulator.start();
  const client = new BigQuery({ projectId: PROJECT, apiEndpoint: emulator.url });
  const [dataset] = await client.createDataset('business');
  const { name, ...table } = readTables().find((one) => one.name === 'business_metrics')!;
  await dataset.createTable(name, table);
  warehouse = createWarehouse({
    projectId: PROJECT,
    dataset: 'business',
    apiEndpoint: emulator.url,
  });
});
afterAll(() => emulator.close());

test('every kind of event is taken by the table as it is, and its money summed exactly', async () => {
  const business = createBusinessMetrics({
    insert: (rows) => warehouse.insert('business_metrics', rows),
    metrics: { incrementCounter: () => {}, recordHistogram: () => {} },
    now: () => NOW,
    onError: (losses) => {
      throw new Error(losses[0]!.message);
    },
    workspaceId: 'acme',
  });
  const about = { projectId: 'p-1', agentId: 'a-1', plan: 'pro', dimensions: { 'a b': '"ü' } };
  business.recordUserEngagement({ userId: 'u-1', action: 'login', sessionSeconds: 0.5, ...about });
  business.recordRevenue({ kind: 'subscription', amountUsd: '99999999999999999999.999999999' });
  business.recordRevenue({ kind: 'refund', amountUsd: '0.000000001', userId: 'u-1' });
  business.recordCost({ category: 'infrastructure', amountUsd: '0', provider: 'gcp', ...about });
  await business.close();
  expect(business.stats()).toMatchObject({ stored: 5, lost: 0, buffered: 0 });

  const rows = await warehouse.query({
    sql: `SELECT metric, category, SUM(value) AS value, ANY_VALUE(unit) AS unit, ANY_VALUE(currency) AS currency,
            ANY_VALUE(JSON_VALUE(dimensions, '$."a b"')) AS dimension
          FROM business_metrics
          WHERE event_time >= @from AND workspace_id = @workspace
          GROUP BY metric, category ORDER BY metric, category`,
    params: { from: '2026-11-20T00:00:00Z', workspace: 'acme' },
    types: { from: 'TIMESTAMP', workspace: 'STRING' },
  });
  const money = { unit: 'USD', currency: 'USD', dimension: null };
  expect(rows).toEqual([
    { metric: 'cost', category: 'infrastructure', value: '0', ...money, dimension: '"ü' },
    { metric: 'revenue', category: 'refund', value: '-0.000000001', ...money },
    {
      metric: 'revenue',
      category: 'subscription',
      value: '99999999999999999999.999999999',
      ...money,
    },
    {
      metric: 'session_duration',
      category: 'login',
      value: '0.5',
      unit: 's',
      currency: null,
      dimension: '"ü',
    },
    {
      metric: 'user_action',
      category: 'login',
      value: '1',
      unit: '1',
      currency: null,
      dimension: '"ü',
    },
  ]);
});

test('the table is not read without a filter on its partitions', async () => {
  const reading = warehouse.query({ sql: 'SELECT COUNT(*) AS n FROM business_metrics' });
  await expect(reading).rejects.toThrow(/partition/);
});
