import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedis, type Redis, redisReady } from '../../../../src/cloud/redis.ts';
import { type Calendar, spanAt } from '../../../../src/core/periods.ts';
import { DAY_MS, HOUR_MS, monthOf } from '../../../../src/core/time.ts';
import type { Entry } from '../../../../src/costs/entry.ts';
import type { CostEvent } from '../../../../src/costs/event.ts';
import { createLedger } from '../../../../src/costs/ledger.ts';
import { metaKey, rollupKey } from '../../../../src/costs/rollups/keys.ts';
import { createMeterReader } from '../../../../src/costs/rollups/meter-reader.ts';
import {
  createMeter,
  isInScope,
  type Meter,
  type MeterScope,
} from '../../../../src/costs/rollups/meters.ts';
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
beforeEach(() => redis.flushall());

const MONTH_IN_KATHMANDU: Calendar = { every: 'month', startsOn: 15, timeZone: 'Asia/Kathmandu' };
const DAY_IN_BERLIN: Calendar = { every: 'day', timeZone: 'Europe/Berlin' };
const WEEK: Calendar = { every: 'week', startsOn: 'friday', timeZone: 'UTC' };
const all = createMeter({ dimension: 'workspace' }, MONTH_IN_KATHMANDU);

/** A world in which `wanted` is what settings would say. */
function createWorld(client: Redis = redis) {
  const wanted: Meter[] = [];
  const warehouse = createMemoryWarehouse();
  const ledger = createLedger({ warehouse, now: WINDOW.now });
  const meters = async () => wanted;
  const behind: string[] = [];
  const onBehind = (workspaceId: string) => void behind.push(workspaceId);
  const rebuild = createRebuild({ redis: client, warehouse, meters, ...WINDOW, onBehind });
  const rollups = createRollups({ redis: client, rebuild, ...WINDOW });
  const reader = createMeterReader({ redis: client, rebuild });
  return {
    wanted,
    behind,
    warehouse,
    rebuild,
    rollups,
    reader,
    async record(entries: readonly Entry[]) {
      await ledger.append(entries);
      return rollups.apply('acme', entries);
    },
    async want(...next: Meter[]) {
      wanted.splice(0, wanted.length, ...next);
      await reader.ensure('acme', wanted);
    },
    async sumOf(meter: Meter, atMs = NOW) {
      const [sum] = await reader.read('acme', [{ meter, span: spanAt(meter.calendar, atMs) }]);
      return sum;
    },
  };
}

let serial = 0;
const spend = (costNanoUsd: bigint, parts: Partial<CostEvent> = {}, ago = 0) =>
  entryOf(
    costEvent({
      id: `spend-${serial++}`,
      timestamp: new Date(NOW - ago).toISOString(),
      ...parts,
    }),
    { costNanoUsd },
  );

/** Every hash of the workspace with the instant it goes at. */
async function projection() {
  const keys = (await redis.keys('cost:*')).filter((key) => !key.endsWith(':meta')).sort();
  const hashes = keys.map(async (key) => [
    key,
    { ...(await redis.hgetall(key)) },
    await redis.expiretime(key),
  ]);
  return Promise.all(hashes);
}

const calendars = fc.constantFrom(MONTH_IN_KATHMANDU, DAY_IN_BERLIN, WEEK);
const scopes = fc.constantFrom<MeterScope>(
  { dimension: 'workspace' },
  { dimension: 'provider', value: 'odd|one:total' },
  { dimension: 'model', value: 'events:total' },
  { dimension: 'agent', value: 'a1' },
  { dimension: 'user', value: 'u2' },
);

describe('a meter', () => {
  test('sums exactly the costs of its scope and period, however they come, and moves by what came', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryEntries('acme', NOW),
        fc.uniqueArray(fc.tuple(scopes, calendars), { minLength: 1, maxLength: 4 }),
        async (entries, wanted) => {
          await redis.flushall();
          const world = createWorld();
          await world.want(...wanted.map(([scope, calendar]) => createMeter(scope, calendar)));
          const half = Math.floor(entries.length / 2);
          const moved = [
            ...(await world.record(entries.slice(0, half))).movements,
            ...(await world.record(entries)).movements,
            ...(await world.record(entries)).movements,
          ];
          const counted = [...new Map(entries.map((entry) => [entry.entryId, entry])).values()];
          for (const meter of world.wanted) {
            const span = spanAt(meter.calendar, NOW);
            const sum = counted
              .filter(({ event }) => isInScope(meter.scope, event))
              .filter(({ timeMs }) => span.startMs <= timeMs && timeMs < span.endMs)
              .reduce((total, { costNanoUsd }) => total + costNanoUsd, 0n);
            expect(await world.sumOf(meter)).toBe(sum);
            const movements = moved.filter(
              (one) => one.meter.id === meter.id && one.span.startMs === span.startMs,
            );
            expect(
              movements.reduce((at, { before, after }) => (at === before ? after : -1n), 0n),
            ).toBe(sum);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is rebuilt to the same bytes when Redis is lost, older periods included', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryEntries('acme', NOW), async (entries) => {
        await redis.flushall();
        const world = createWorld();
        await world.want(
          all,
          createMeter({ dimension: 'workspace' }, DAY_IN_BERLIN),
          createMeter({ dimension: 'user', value: 'u1' }, WEEK),
          createMeter({ dimension: 'label', key: 'env', value: 'a"b' }, WEEK),
          createMeter({ dimension: 'label', key: 'x"env', value: '"' }, WEEK),
        );
        const labelled = spend(5n, { labels: { env: 'a"b', other: '"env":"a' } }, 3 * DAY_MS);
        await world.record([
          ...entries,
          labelled,
          spend(3n, {}, 6 * DAY_MS),
          spend(1n, {}, 40 * DAY_MS),
        ]);
        const before = await projection();
        expect(before.length).toBeGreaterThan(4);
        await redis.flushall();
        await world.rebuild('acme');
        expect(await projection()).toEqual(before);
      }),
      { numRuns: 25 },
    );
  });

  test('counts what was spent before it was wanted', async () => {
    const world = createWorld();
    await world.record([
      spend(7n),
      spend(5n, { agentId: 'support' }),
      spend(100n, {}, 40 * DAY_MS),
    ]);
    const support = createMeter({ dimension: 'agent', value: 'support' }, MONTH_IN_KATHMANDU);
    await world.want(all, support);
    expect([await world.sumOf(all), await world.sumOf(support)]).toEqual([12n, 5n]);
    const { movements } = await world.record([spend(1n)]);
    expect(movements).toMatchObject([{ meter: { id: all.id }, before: 12n, after: 13n }]);
  });

  test('that is no longer wanted is dropped without a rebuild, and comes back whole', async () => {
    const world = createWorld();
    const day = createMeter({ dimension: 'workspace' }, DAY_IN_BERLIN);
    await world.want(all, day);
    await world.record([spend(2n)]);
    world.warehouse.calls.length = 0;
    await world.want(day);
    expect(world.warehouse.calls).toEqual([]);
    await world.record([spend(3n)]);
    await expect(world.sumOf(all)).rejects.toMatchObject({ code: 'meter_absent', retryable: true });
    await world.want(day, all);
    expect([await world.sumOf(all), await world.sumOf(day)]).toEqual([5n, 5n]);
  });

  test('wanted twice costs one rebuild', async () => {
    const world = createWorld();
    await world.want(all);
    world.warehouse.calls.length = 0;
    await world.want(createMeter({ dimension: 'workspace' }, { ...MONTH_IN_KATHMANDU }));
    expect(world.warehouse.calls).toEqual([]);
  });

  test('never loses or doubles what comes in while it is made', async () => {
    const world = createWorld();
    await world.rebuild('acme');
    const instances = await Promise.all(
      [0, 1, 2].map(async () => {
        const client = createRedis({ url: `redis://127.0.0.1:${server.port}` });
        await redisReady(client, 30_000);
        return client;
      }),
    );
    const ledger = createLedger({ warehouse: world.warehouse, now: WINDOW.now });
    const meters = async () => world.wanted;
    const writers = instances.map(async (client) => {
      const rebuild = createRebuild({
        redis: client,
        warehouse: world.warehouse,
        meters,
        ...WINDOW,
      });
      const rollups = createRollups({ redis: client, rebuild, ...WINDOW });
      for (let i = 0; i < 40; i++) {
        const entries = [spend(1n), spend(1n)];
        await ledger.append(entries);
        await rollups.apply('acme', entries);
      }
    });
    const wants = (async () => {
      await world.want(all);
      await world.want(all, createMeter({ dimension: 'workspace' }, WEEK));
      await world.want(createMeter({ dimension: 'workspace' }, WEEK));
      await world.want(all, createMeter({ dimension: 'workspace' }, DAY_IN_BERLIN));
    })();
    await Promise.all([...writers, wants]);
    for (const client of instances) client.disconnect();
    for (const meter of world.wanted) expect(await world.sumOf(meter)).toBe(240n);
    expect(await redis.hget(rollupKey('acme', 'month', monthOf(NOW)), 'total')).toBe('240');
  });

  test('is rebuilt only from a ledger that shows everything that was counted', async () => {
    const world = createWorld();
    await world.rebuild('acme');
    await world.record([spend(4n)]);
    await world.record([spend(6n)]);
    const late = world.warehouse.tables.cost_events!.pop()!;
    world.warehouse.calls.length = 0;
    world.warehouse.beforeQuery = async () => {
      // Streamed rows may take a moment to show.
      if (world.warehouse.calls.length === 2) world.warehouse.tables.cost_events!.push(late);
    };
    await world.want(all);
    expect(await world.sumOf(all)).toBe(10n);
    expect(world.behind).toEqual([]);
  });

  test('is made from what the ledger shows when it stays behind, and that is said', async () => {
    const world = createWorld();
    await world.rebuild('acme');
    await world.record([spend(4n), spend(6n)]);
    world.warehouse.tables.cost_events!.pop();
    await world.want(all);
    expect(world.behind).toEqual(['acme']);
    expect(await world.sumOf(all)).toBe(4n);
  });

  test('says so when the sums were rebuilt on the way, since nothing seems to move then', async () => {
    const world = createWorld();
    await world.want(all);
    expect(await world.record([spend(4n)])).toMatchObject({ rebuilt: false });
    await redis.flushall();
    expect(await world.record([spend(6n)])).toMatchObject({ rebuilt: true, movements: [] });
    expect(await world.sumOf(all)).toBe(10n);
  });

  test('keeps its last period for a week and no longer', async () => {
    const world = createWorld();
    const day = createMeter({ dimension: 'workspace' }, DAY_IN_BERLIN);
    await world.want(day);
    const { movements } = await world.record([
      spend(1n, {}, 6 * DAY_MS),
      spend(1n, {}, 9 * DAY_MS),
    ]);
    expect(movements).toHaveLength(1);
    const [key] = await redis.keys('cost:{acme}:w:*');
    const end = spanAt(DAY_IN_BERLIN, NOW - 6 * DAY_MS).endMs;
    expect(await redis.expiretime(key!)).toBe(String((end + 7 * DAY_MS) / 1_000));
  });

  test('has an id of its scope and calendar, whatever the order of their fields', () => {
    const calendar: Calendar = { timeZone: 'UTC', startsOn: 1, every: 'month' };
    const turned: Calendar = { every: 'month', startsOn: 1, timeZone: 'UTC' };
    const scope: MeterScope = { dimension: 'agent', value: 'a' };
    expect(createMeter(scope, calendar).id).toBe(createMeter(scope, turned).id);
    const others = [
      createMeter({ dimension: 'user', value: 'a' }, calendar),
      createMeter({ dimension: 'label', key: 'agent', value: 'a' }, calendar),
      createMeter(scope, { ...turned, timeZone: 'Europe/Berlin' }),
      createMeter(scope, { every: 'day', timeZone: 'UTC' }),
    ].map(({ id }) => id);
    expect(new Set([...others, createMeter(scope, calendar).id]).size).toBe(5);
  });

  test('of a workspace without meters costs nothing but the look', async () => {
    const world = createWorld();
    await world.record([spend(1n, {}, HOUR_MS)]);
    expect(await redis.hmget(metaKey('acme'), 'metersTag', 'meters')).toEqual([null, null]);
  });
});
