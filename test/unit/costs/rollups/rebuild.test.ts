import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedis, type Redis, redisReady } from '../../../../src/cloud/redis.ts';
import { DAY_MS } from '../../../../src/core/time.ts';
import type { Entry } from '../../../../src/costs/entry.ts';
import { createLedger } from '../../../../src/costs/ledger.ts';
import { metaKey, rebuildLockKey } from '../../../../src/costs/rollups/keys.ts';
import { createRebuild } from '../../../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../../../src/costs/rollups/rollups.ts';
import { arbitraryEntries, entryOf } from '../../../support/cost-model.ts';
import { costEvent } from '../../../support/events.ts';
import { createMemoryWarehouse } from '../../../support/memory-warehouse.ts';
import { startRedis } from '../../../support/redis-server.ts';

const NOW = Date.now();
const WINDOW = { dedupeWindowHours: 48, now: () => NOW };

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());

/** Everything Redis holds of sums, with the instant at which each bucket goes. */
async function projection() {
  const keys = (await redis.keys('cost:*')).filter((key) => !key.endsWith(':meta'));
  const buckets = keys.map(async (key) => {
    return [key, { ...(await redis.hgetall(key)) }, await redis.expiretime(key)] as const;
  });
  return (await Promise.all(buckets)).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function seenSets() {
  const keys = await redis.keys('seen:*');
  const sets = keys.map(async (key) => {
    return [key, (await redis.smembers(key)).sort(), await redis.expiretime(key)] as const;
  });
  return (await Promise.all(sets)).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function createWorld() {
  await redis.flushall();
  const warehouse = createMemoryWarehouse();
  const ledger = createLedger({ warehouse, now: WINDOW.now });
  const rebuild = createRebuild({ redis, warehouse, meters: async () => [], ...WINDOW });
  const rollups = createRollups({ redis, rebuild, ...WINDOW });
  const record = async (entries: readonly Entry[]) => {
    await ledger.append(entries);
    return rollups.apply('acme', entries);
  };
  // From an empty ledger, so that what follows is counted entry by entry.
  await rebuild('acme');
  return { warehouse, ledger, rebuild, rollups, record };
}

const entry = (id: string, daysAgo = 0) =>
  entryOf(costEvent({ id, timestamp: new Date(NOW - daysAgo * DAY_MS).toISOString() }), {
    costNanoUsd: 7n,
  });

describe('a rebuilt projection', () => {
  test('is to the last field and expiry what counting every entry had left', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryEntries('acme', NOW), async (entries) => {
        const { record, rebuild } = await createWorld();
        const old = [entry('d8', 8), entry('d95', 95), entry('d399', 399)];
        await record([...entries, ...old]);
        const [sums, seen] = [await projection(), await seenSets()];
        await redis.flushall();
        await rebuild('acme');
        expect(await projection()).toEqual(sums);
        expect(await seenSets()).toEqual(seen);
      }),
      { numRuns: 40 },
    );
  });

  test('recognises every id, in sets laid out as counting would have laid them out', async () => {
    const { record, rollups, rebuild } = await createWorld();
    const entries = Array.from({ length: 1_700 }, (_, i) => entry(`e${i}`));
    for (let start = 0; start < entries.length; start += 100) {
      await record(entries.slice(start, start + 100));
    }
    const seen = await seenSets();
    await redis.flushall();
    await rebuild('acme');
    expect(await seenSets()).toEqual(seen);
    const rival = { ...entry('e5', 1), costNanoUsd: 1n };
    expect(
      await rollups.apply('acme', [rival, ...entries.slice(0, 50).filter((_, i) => i !== 5)]),
    ).toMatchObject({
      repeats: [
        { entry: rival, kind: 'conflict' },
        ...entries
          .slice(0, 50)
          .filter((_, i) => i !== 5)
          .map((known) => ({ entry: known, kind: 'duplicate' })),
      ],
    });
  });

  test('is made by one of many who ask, and counts what was appended meanwhile once', async () => {
    const { warehouse, ledger, record } = await createWorld();
    await record([entry('a'), entry('b')]);
    await redis.flushall();
    warehouse.calls.length = 0;
    const instances = Array.from({ length: 4 }, () =>
      createRedis({ url: `redis://127.0.0.1:${server.port}` }),
    );
    await Promise.all(instances.map((client) => redisReady(client, 30_000)));
    await Promise.all(
      instances.map(async (client, i) => {
        const rebuild = createRebuild({
          redis: client,
          warehouse,
          meters: async () => [],
          ...WINDOW,
        });
        const added = [entry(`new-${i}`), entry('a')];
        await ledger.append(added);
        await createRollups({ redis: client, rebuild, ...WINDOW }).apply('acme', added);
      }),
    );
    for (const client of instances) client.disconnect();
    const total = (await projection()).find(([key]) => key.includes(':m:'))![1].total;
    expect(total).toBe(String(7 * 6));
    const rebuilds = warehouse.calls.filter((call) => call === 'query rebuild_projection');
    expect(rebuilds).toHaveLength(1);
    expect(await redis.exists(rebuildLockKey('acme'))).toBe('0');
  });

  test('that is whole is left alone', async () => {
    const { warehouse, record, rebuild } = await createWorld();
    await record([entry('a')]);
    await redis.hset((await projection())[0]![0], 'total', '8');
    const touched = await projection();
    warehouse.calls.length = 0;
    await rebuild('acme');
    expect(await projection()).toEqual(touched);
    expect(await redis.hget(metaKey('acme'), 'state')).toBe('ready');
    expect(warehouse.calls).toEqual([]);
    expect(await redis.exists(rebuildLockKey('acme'))).toBe('0');
  });

  test('is not declared whole when the ledger fails, and the next attempt makes it whole', async () => {
    const { warehouse, record, rebuild } = await createWorld();
    await record([entry('a')]);
    const sums = await projection();
    await redis.flushall();
    warehouse.beforeQuery = () => Promise.reject(new Error('BigQuery is away'));
    await expect(rebuild('acme')).rejects.toThrow('BigQuery is away');
    expect(await redis.hexists(metaKey('acme'), 'state')).toBe('0');
    expect(await redis.exists(rebuildLockKey('acme'))).toBe('0');
    warehouse.beforeQuery = async () => {};
    await rebuild('acme');
    expect(await projection()).toEqual(sums);
  });
});
