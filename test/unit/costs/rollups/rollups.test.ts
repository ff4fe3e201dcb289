import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedis, type Redis, redisReady } from '../../../../src/cloud/redis.ts';
import { HOUR_MS } from '../../../../src/core/time.ts';
import type { Entry } from '../../../../src/costs/entry.ts';
import { metaKey } from '../../../../src/costs/rollups/keys.ts';
import { createRollups } from '../../../../src/costs/rollups/rollups.ts';
import { arbitraryEntries, entryOf, expectedHashes } from '../../../support/cost-model.ts';
import { type RedisServer, startRedisServer } from '../../../support/redis-server.ts';

const NOW = Date.now();
const WINDOW_HOURS = 48;
const clock = { now: NOW };

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedisServer();
  redis = createRedis({ url: server.url });
  await redisReady(redis, 30_000);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const rollups = () =>
  createRollups({
    redis,
    // An empty ledger: the projection is whole as soon as it is declared so.
    rebuild: async (workspaceId) => {
      await redis.hset(metaKey(workspaceId), 'state', 'ready');
    },
    dedupeWindowHours: WINDOW_HOURS,
    now: () => clock.now,
  });

/** Counts, and gives what was not counted. */
const apply = async (workspaceId: string, entries: readonly Entry[]) =>
  (await rollups().apply(workspaceId, entries)).repeats;

const event = (id: string, timeMs = NOW) =>
  entryOf(
    {
      id,
      workspaceId: 'acme',
      timestamp: new Date(timeMs).toISOString(),
      resourceType: 'llm_api',
      resourceId: 'chat',
      provider: 'openai',
      currency: 'USD',
    },
    { costNanoUsd: 7n },
  );

async function hashes(): Promise<Map<string, Record<string, string>>> {
  const keys = (await redis.keys('cost:*')).filter((key) => !key.endsWith(':meta'));
  const values = await Promise.all(
    keys.map(async (key) => [key, await redis.hgetall(key)] as const),
  );
  return new Map(values.map(([key, hash]) => [key, { ...hash }]));
}

const total = async () => {
  const months = [...(await hashes())].filter(([key]) => key.includes(':m:'));
  return months.reduce((sum, [, hash]) => sum + BigInt(hash.total ?? '0'), 0n);
};

describe('rollups', () => {
  beforeEach(async () => {
    clock.now = NOW;
    await redis.flushall();
  });

  test('apply(shuffle(duplicate(entries))) = apply(entries) = the sums of a bigint model', async () => {
    const scenario = arbitraryEntries('acme', NOW).chain((entries) =>
      fc.record({
        entries: fc.constant(entries),
        repeats: fc.array(fc.nat({ max: entries.length - 1 }), { maxLength: 30 }),
        order: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
        batch: fc.integer({ min: 1, max: 12 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(scenario, async ({ entries, repeats, order, batch }) => {
        await redis.flushall();
        const all = [...entries, ...repeats.map((i) => entries[i]!)]
          .map((entry, i) => ({ entry, rank: order[i % order.length]! + i / 1000 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ entry }) => entry);
        for (let start = 0; start < all.length; start += batch) {
          const distinct = [...new Set(all.slice(start, start + batch))];
          await apply('acme', distinct);
        }
        expect(await hashes()).toEqual(expectedHashes(entries));
      }),
      { numRuns: 150 },
    );
  });

  test('the same id with other content never counts and is named a conflict', async () => {
    const first = event('a');
    const other = { ...event('a', NOW - HOUR_MS), costNanoUsd: 999n };
    expect(await apply('acme', [first])).toEqual([]);
    expect(await apply('acme', [other, event('b')])).toEqual([{ entry: other, kind: 'conflict' }]);
    expect(await apply('acme', [first])).toEqual([{ entry: first, kind: 'duplicate' }]);
    expect(await total()).toBe(14n);
  });

  test('entries of one call that share an id count once, the first of them', async () => {
    const first = event('a');
    const rival = { ...event('a', NOW - HOUR_MS), costNanoUsd: 999n };
    expect(await apply('acme', [first, event('b'), rival, first])).toEqual([
      { entry: rival, kind: 'conflict' },
      { entry: first, kind: 'duplicate' },
    ]);
    expect(await total()).toBe(14n);
  });

  test('an id is remembered for the whole window, and across the turn of an epoch', async () => {
    const epochMs = WINDOW_HOURS * HOUR_MS;
    const endOfEpoch = (Math.floor(NOW / epochMs) + 1) * epochMs;
    clock.now = endOfEpoch - 1;
    await apply('acme', [event('a')]);
    clock.now = endOfEpoch + epochMs - 1;
    expect(await apply('acme', [event('a'), event('b')])).toHaveLength(1);
  });

  test('a clock that lags behind an epoch others have entered finds what they counted', async () => {
    const epochMs = WINDOW_HOURS * HOUR_MS;
    const turn = (Math.floor(NOW / epochMs) + 1) * epochMs;
    clock.now = turn + 1;
    await apply('acme', [event('a')]);
    clock.now = turn - 1;
    expect(await apply('acme', [event('a')])).toHaveLength(1);
  });

  test('many ids stay exact and in sets of integers, at no more than 16 bytes each', async () => {
    const count = 100_000;
    const perCall = 1_000;
    const applied = rollups();
    for (let start = 0; start < count; start += perCall) {
      const entries = Array.from({ length: perCall }, (_, i) => event(`id-${start + i}`));
      expect((await applied.apply('acme', entries)).repeats).toEqual([]);
    }
    const again: Entry[] = [0, 1, 12_345, 99_999].map((i) => event(`id-${i}`));
    expect((await applied.apply('acme', again)).repeats).toHaveLength(again.length);
    expect(await total()).toBe(7n * BigInt(count));
    const keys = await redis.keys('seen:*');
    let bytes = 0;
    for (const key of keys) {
      expect(await redis.object('ENCODING', key)).toBe('intset');
      expect(Number(await redis.ttl(key))).toBeGreaterThan(0);
      bytes += Number(await redis.memory('USAGE', key));
    }
    expect(bytes / count).toBeLessThanOrEqual(16);
  });

  test('a sum that would pass 2^63 counts nothing and leaves the projection marked unusable', async () => {
    const huge = (id: string) => ({ ...event(id), costNanoUsd: 9n * 10n ** 18n });
    await apply('acme', [huge('a')]);
    const before = await hashes();
    expect(await apply('acme', [huge('b')])).toEqual([]);
    expect(await hashes()).toEqual(before);
    expect(await redis.hget(metaKey('acme'), 'state')).toBe('overflow');
  });

  test('an event whose hour and day have expired counts in its month only', async () => {
    await apply('acme', [event('old', NOW - 100 * 24 * HOUR_MS)]);
    expect([...(await hashes()).keys()].filter((key) => !key.includes(':m:'))).toEqual([]);
    expect(await total()).toBe(7n);
  });

  test('buckets expire at a fixed time after their end, not after their last event', async () => {
    await apply('acme', [event('a')]);
    const [hourKey] = [...(await hashes()).keys()].filter((key) => key.includes(':h:'));
    const end = (Math.floor(NOW / HOUR_MS) + 1) * HOUR_MS;
    expect(await redis.expiretime(hourKey!)).toBe(String((end + 7 * 24 * HOUR_MS) / 1000));
  });
});
