import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBigQueryEmulator } from '../../../local/bigquery/emulator.ts';
import { createWarehouse, type InsertRow, type Warehouse } from '../../../src/cloud/bigquery.ts';
import type { Redis } from '../../../src/cloud/redis.ts';
import { DAY_MS } from '../../../src/core/time.ts';
import { createAwaitedEvents } from '../../../src/costs/awaited-events.ts';
import type { CostEvent } from '../../../src/costs/event.ts';
import { createIngest } from '../../../src/costs/ingest.ts';
import { createLedger } from '../../../src/costs/ledger.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import type { CutDimension } from '../../../src/costs/reports/report.ts';
import { createReports } from '../../../src/costs/reports/reports.ts';
import { createReprice } from '../../../src/costs/reprice.ts';
import { createRebuild } from '../../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../../src/costs/rollups/rollups.ts';
import { fillIn, readSqlFiles, readTables } from '../../sql/definitions.ts';
import { arbitraryEvent, costEvent } from '../../support/events.ts';
import { createMemoryWarehouse } from '../../support/memory-warehouse.ts';
import { startRedis } from '../../support/redis-server.ts';

const PROJECT = 'contract-tests';
const clock = { now: Date.parse('2026-11-20T12:34:56.789Z') };
const now = () => clock.now;
const emulator = createBigQueryEmulator({ projectId: PROJECT, now });

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let client: BigQuery;
beforeAll(async () => {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  await emulator.start();
  client = new BigQuery({ projectId: PROJECT, apiEndpoint: emulator.url });
  server = await startRedis();
  redis = server.redis;
});
afterAll(async () => {
  await server.stop();
  await emulator.close();
});

let datasets = 0;
/** Our dataset, empty, in the local BigQuery, through the real client. */
async function provision(): Promise<Warehouse> {
  const datasetId = `costs_${++datasets}`;
  const [dataset] = await client.createDataset(datasetId);
  for (const { name, ...definition } of readTables()) await dataset.createTable(name, definition);
  for (const { name, text } of readSqlFiles().filter(({ kind }) => kind === 'view')) {
    const query = fillIn(text, PROJECT, datasetId);
    await dataset.createTable(name, { view: { query, useLegacySql: false } as never });
  }
  return createWarehouse({ projectId: PROJECT, dataset: datasetId, apiEndpoint: emulator.url });
}

const noRedis = { pipeline: () => ({ hmget() {}, hgetall() {}, exec: () => Promise.reject() }) };

/** The spine over real Redis and the real client, and a copy in memory of every row the ledger took. */
async function createWorld() {
  await redis.flushall();
  const real = await provision();
  const memory = createMemoryWarehouse();
  const warehouse: Warehouse = {
    ...real,
    async insert(table: string, rows: readonly InsertRow[]) {
      const result = await real.insert(table, rows);
      expect(result).toEqual({ kind: 'ok' });
      await memory.insert(table, rows);
      return result;
    },
  };
  const window = { dedupeWindowHours: 48, now };
  const rebuild = createRebuild({ redis, warehouse, meters: async () => [], ...window });
  const book = createPriceBook();
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now }),
    rollups: createRollups({ redis, rebuild, ...window }),
    warehouse,
    awaited: createAwaitedEvents({ redis, now }),
    prices: async () => book,
    now,
  });
  const reportsFrom = (ledger: Warehouse, from: unknown) =>
    createReports({ redis: from as Redis, warehouse: ledger, now });
  return {
    memory,
    warehouse,
    take: (...events: CostEvent[]) =>
      ingest({ messageId: 'm', data: Buffer.from(JSON.stringify({ events })) }),
    fromRedis: reportsFrom(warehouse, redis),
    fromLedger: reportsFrom(warehouse, noRedis),
    fromMemory: reportsFrom(memory, noRedis),
  };
}

function figures(report: { source: string; freshness: unknown }) {
  const { source: _, freshness: __, ...rest } = report;
  return JSON.parse(JSON.stringify(rest));
}

const CUTS: CutDimension[][] = [[], ['resource', 'provider'], ['day'], ['hour', 'team'], ['model']];
const ago = (days: number) => new Date(now() - days * DAY_MS).toISOString();
const event = (id: string, parts: Partial<CostEvent> = {}) =>
  costEvent({ id, timestamp: ago(0.1), ...parts });

const mixed = [
  event('a', { costUsd: '9007199.254740993', agentId: 'bot', labels: { 'k|:{}': "'; --\n" } }),
  event('b', { costUsd: undefined, usage: { inputTokens: 4_808, outputTokens: 10 } }),
  event('c', { costUsd: undefined, model: 'no-such-model', usage: { inputTokens: 5 } }),
  event('d', { timestamp: ago(3), provider: '{{projectId}}', model: undefined, teamId: 't' }),
  event('e', { timestamp: ago(30), resourceType: 'compute', usage: { seconds: '1.5' } }),
  event('f', { timestamp: ago(200), outcome: { status: 'ok', latencyMs: 0.1, cacheHit: true } }),
  event('g', { workspaceId: 'globex' }),
].map((one) => JSON.parse(JSON.stringify(one)) as CostEvent);

describe('the ledger through the real client', () => {
  test('gives the figures that Redis and a ledger in memory give, for every cut and period', async () => {
    const world = await createWorld();
    await world.take(...mixed);
    await world.take(...mixed.slice(0, 3), event('a', { costUsd: '5' }));
    for (const from of [undefined, now() - 40 * DAY_MS, now() - 399 * DAY_MS, now() - 12_345]) {
      for (const by of CUTS) {
        const query = { workspaceId: 'acme', from, by };
        const expected = figures(await world.fromMemory.costs(query));
        expect(figures(await world.fromLedger.costs(query))).toEqual(expected);
        expect(figures(await world.fromRedis.costs(query))).toEqual(expected);
      }
    }
    expect(await world.fromLedger.costs({ workspaceId: 'acme', by: ['provider'] })).toMatchObject({
      totalUsd: '9007199.270360993',
      groups: [
        { key: 'openai', costUsd: '9007199.266860993', events: 3, unpricedEvents: 1 },
        { key: '{{projectId}}', costUsd: '0.0035' },
      ],
    });
  });

  test('makes a lost projection whole, and knows what Redis has forgotten', async () => {
    const world = await createWorld();
    await world.take(...mixed);
    await redis.flushall();
    const startedAt = now();
    clock.now += 5 * DAY_MS;
    try {
      await world.take(...mixed, event('new', { costUsd: '1' }));
      expect(await world.fromRedis.costs({ workspaceId: 'acme' })).toMatchObject({
        source: 'redis',
        totalUsd: '9007200.270360993',
        events: 5,
      });
    } finally {
      clock.now = startedAt;
    }
  });

  test('finds what has no price yet, and takes its correction', async () => {
    const world = await createWorld();
    await world.take(...mixed);
    const published: Buffer[] = [];
    const house = {
      id: 'o',
      version: 1,
      scope: '-',
      provider: 'openai',
      model: 'no-such-model',
      validFrom: 0,
      usdPerMillionTokens: { input: '1000000', output: '0' },
    };
    const reprice = createReprice({
      warehouse: world.warehouse,
      publisher: { publish: async (data) => String(published.push(data)) },
      prices: async () => createPriceBook().withOverrides([house]),
      now,
    });
    const request = { workspaceId: 'acme', dryRun: false };
    expect(await reprice(request)).toMatchObject({ scanned: 1, repriced: 1, deltaUsd: '5' });
    const { corrections } = JSON.parse(published[0]!.toString());
    expect(corrections).toMatchObject([{ event: { id: 'c', timestamp: ago(0.1), costUsd: '5' } }]);
  });

  test('takes every valid event, whatever it holds', async () => {
    const world = await createWorld();
    const batches = fc.array(arbitraryEvent(now()), { minLength: 10, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(batches, (events) => world.take(...events)),
      { numRuns: 8 },
    );
    expect(world.memory.tables.cost_events!.length).toBeGreaterThan(50);
    const quarantined = world.memory.tables.cost_events_quarantine!;
    expect(quarantined.filter((row) => row.reason !== 'conflict')).toEqual([]);
  });
});
