import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from '../../../../src/cloud/redis.ts';
import { DAY_MS, HOUR_MS } from '../../../../src/core/time.ts';
import { createAwaitedEvents } from '../../../../src/costs/awaited-events.ts';
import type { CostEvent } from '../../../../src/costs/event.ts';
import { createIngest } from '../../../../src/costs/ingest.ts';
import { createLedger } from '../../../../src/costs/ledger.ts';
import { createPriceBook } from '../../../../src/costs/pricing/price-book.ts';
import type { CutDimension } from '../../../../src/costs/reports/report.ts';
import { createReports } from '../../../../src/costs/reports/reports.ts';
import { metaKey } from '../../../../src/costs/rollups/keys.ts';
import { createRebuild } from '../../../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../../../src/costs/rollups/rollups.ts';
import { costEvent } from '../../../support/events.ts';
import { createMemoryWarehouse } from '../../../support/memory-warehouse.ts';
import { startRedis } from '../../../support/redis-server.ts';

const NOW = Date.parse('2026-11-20T12:34:56.789Z');
const clock = () => NOW;
const startOf = (text: string) => Date.parse(text);

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());

/** The real spine over the real Redis and a ledger in memory, both empty, with reports from either. */
async function createWorld() {
  await redis.flushall();
  const warehouse = createMemoryWarehouse();
  const window = { dedupeWindowHours: 48, now: clock };
  const rebuild = createRebuild({ redis, warehouse, meters: async () => [], ...window });
  const book = createPriceBook();
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now: clock }),
    rollups: createRollups({ redis, rebuild, ...window }),
    warehouse,
    awaited: createAwaitedEvents({ redis, now: clock }),
    prices: async () => book,
    now: clock,
  });
  const noRedis = { pipeline: () => ({ hmget() {}, hgetall() {}, exec: () => Promise.reject() }) };
  return {
    warehouse,
    take: (events: CostEvent[]) =>
      ingest({ messageId: 'm', data: Buffer.from(JSON.stringify({ events })) }),
    reports: createReports({ redis, warehouse, now: clock }),
    ledgerReports: createReports({
      redis: noRedis as unknown as Redis,
      warehouse,
      now: clock,
    }),
  };
}

const pick = (...values: string[]) => fc.constantFrom(...values);
const maybe = (...values: string[]) => fc.option(pick(...values), { nil: undefined });
const arbitraryEvents = fc.array(
  fc.record({
    ago: fc.oneof(
      fc.integer({ min: -600_000, max: 3 * DAY_MS }),
      fc.integer({ min: 0, max: 120 * DAY_MS }),
    ),
    costUsd: fc.option(pick('0', '0.000000001', '12.5', '9007199.254740993'), { nil: undefined }),
    resourceType: fc.constantFrom<CostEvent['resourceType']>('llm_api', 'compute'),
    provider: pick('openai', 'anthropic', 'odd|one:total'),
    model: maybe('gpt-4o', 'events:total', '__proto__', 'constructor'),
    projectId: maybe('p1', 'p2'),
    agentId: maybe('a1', 'a2'),
    userId: maybe('u1'),
    teamId: maybe('t1', 't2'),
    inputTokens: fc.integer({ min: 0, max: 1_000_000 }),
    outputTokens: fc.integer({ min: 0, max: 1_000_000 }),
    workspaceId: pick('acme', 'acme', 'globex'),
  }),
  { minLength: 1, maxLength: 40 },
);

function toEvents(parts: typeof arbitraryEvents extends fc.Arbitrary<infer T> ? T : never) {
  return parts.map(({ ago, inputTokens, outputTokens, ...rest }, i) =>
    costEvent({
      id: `e${i}`,
      timestamp: new Date(NOW - ago).toISOString(),
      usage: { inputTokens, outputTokens, reasoningTokens: Math.min(outputTokens, 5) },
      ...rest,
    }),
  );
}

const CUTS: CutDimension[][] = [
  [],
  ['resource'],
  ['provider'],
  ['model'],
  ['project'],
  ['agent'],
  ['user'],
  ['team'],
  ['day'],
  ['hour'],
  ['model', 'day'],
];
const PERIODS: { from?: number; to?: number }[] = [
  {},
  { from: startOf('2026-11-20T00:00:00Z') },
  { from: startOf('2026-11-18T05:00:00Z'), to: startOf('2026-11-20T12:00:00Z') },
  { from: startOf('2026-10-01T00:00:00Z') },
  { from: startOf('2026-07-01T00:00:00Z') },
  { from: startOf('2026-07-01T00:00:00Z'), to: startOf('2026-11-01T00:00:00Z') },
  { from: startOf('2026-11-19T10:30:00Z'), to: startOf('2026-11-20T12:30:00Z') },
  { from: startOf('2026-12-01T00:00:00Z'), to: startOf('2026-12-02T00:00:00Z') },
];

/** The answer as JSON, without what says where it came from. */
function figures(report: { source: string; freshness: unknown }) {
  const { source: _, freshness: __, ...rest } = report;
  return JSON.parse(JSON.stringify(rest));
}

describe('Redis and the ledger', () => {
  test('give the same figures for every cut and period', async () => {
    const sources = new Set<string>();
    await fc.assert(
      fc.asyncProperty(arbitraryEvents, async (parts) => {
        const world = await createWorld();
        await world.take(toEvents(parts));
        for (const period of PERIODS) {
          for (const by of CUTS) {
            const query = { workspaceId: 'acme', ...period, by };
            const fast = await world.reports.costs(query);
            const slow = await world.ledgerReports.costs(query);
            expect(slow.source).toBe('bigquery');
            expect(figures(fast)).toEqual(figures(slow));
            sources.add(`${fast.source} ${by.length}`);
          }
          for (const granularity of ['hour', 'day'] as const) {
            const query = { workspaceId: 'acme', ...period, granularity };
            const fast = await world.reports.trend(query);
            expect(figures(fast)).toEqual(figures(await world.ledgerReports.trend(query)));
          }
        }
      }),
      { numRuns: 15 },
    );
    expect([...sources].sort()).toEqual([
      'bigquery 0',
      'bigquery 1',
      'bigquery 2',
      'redis 0',
      'redis 1',
    ]);
  });

  test('give the same figures after Redis has lost everything and was rebuilt', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryEvents, arbitraryEvents, async (parts, more) => {
        const world = await createWorld();
        await world.take(toEvents(parts));
        await redis.flushall();
        const later = toEvents(more).map((event) => ({ ...event, id: `later-${event.id}` }));
        await world.take([...toEvents(parts), ...later]);
        for (const workspaceId of ['acme', 'globex']) {
          const fast = await world.reports.costs({ workspaceId });
          expect(figures(fast)).toEqual(figures(await world.ledgerReports.costs({ workspaceId })));
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('a report', () => {
  const events = [
    costEvent({ id: 'a', timestamp: '2026-11-20T12:00:00Z', costUsd: '1.5' }),
    costEvent({ id: 'b', timestamp: '2026-11-20T11:00:00Z', costUsd: '2', agentId: 'bot' }),
    costEvent({
      id: 'c',
      timestamp: '2026-11-20T11:30:00Z',
      costUsd: '100',
      workspaceId: 'globex',
    }),
  ];

  test('shows one workspace only', async () => {
    const { reports, ledgerReports, take } = await createWorld();
    await take(events);
    for (const source of [reports, ledgerReports]) {
      expect(await source.costs({ workspaceId: 'acme' })).toMatchObject({ totalUsd: '3.5' });
      expect(await source.costs({ workspaceId: 'globex' })).toMatchObject({ totalUsd: '100' });
      expect(await source.costs({ workspaceId: 'nobody' })).toMatchObject({ totalUsd: '0' });
    }
  });

  test('of whole recent hours comes from Redis, says how fresh it is, and asks the ledger nothing', async () => {
    const { reports, take, warehouse } = await createWorld();
    await take(events.slice(1));
    await take(events.slice(0, 1));
    warehouse.calls.length = 0;
    expect(await reports.costs({ workspaceId: 'acme' })).toMatchObject({
      source: 'redis',
      freshness: { asOf: '2026-11-20T12:34:56.789Z', lastEventAt: '2026-11-20T12:00:00.000Z' },
    });
    expect(warehouse.calls).toEqual([]);
  });

  test('asked for again is the same until something is counted, and then the new one', async () => {
    const { reports, ledgerReports, take } = await createWorld();
    await take(events.slice(1));
    const query = { workspaceId: 'acme', by: ['agent'] as const };
    const first = await reports.costs(query);
    expect(await reports.costs(query)).toEqual(first);
    await take(events);
    expect(figures(await reports.costs(query))).toEqual(figures(await ledgerReports.costs(query)));
    await redis.flushall();
    await take([{ ...events[0]!, id: 'later' }]);
    expect(await reports.costs(query)).toMatchObject({ source: 'redis', totalUsd: '5' });
  });

  test('comes from the ledger while Redis is being rebuilt or a sum has overflowed', async () => {
    const { reports, take } = await createWorld();
    await take(events);
    for (const state of ['overflow', 'anything']) {
      await redis.hset(metaKey('acme'), 'state', state);
      const report = await reports.costs({ workspaceId: 'acme' });
      expect(report).toMatchObject({ source: 'bigquery', totalUsd: '3.5' });
    }
  });

  test('is complete without a cut, and has groups only with one', async () => {
    const { reports, ledgerReports, take } = await createWorld();
    await take(events);
    for (const source of [reports, ledgerReports]) {
      const { groups, breakdown } = await source.costs({ workspaceId: 'acme' });
      expect(groups).toBeUndefined();
      expect(breakdown!.agent).toMatchObject([
        { key: 'bot', costUsd: '2' },
        { key: '', costUsd: '1.5' },
      ]);
      expect(breakdown!.day).toMatchObject([{ key: '2026-11-20', costUsd: '3.5', events: 2 }]);
      const cut = await source.costs({ workspaceId: 'acme', by: ['agent', 'hour'] });
      expect(cut.breakdown).toBeUndefined();
      expect(cut.groups!.map(({ key, costUsd }) => `${key}: ${costUsd}`)).toEqual([
        ' / 2026-11-20T12:00:00Z: 1.5',
        'bot / 2026-11-20T11:00:00Z: 2',
      ]);
    }
  });

  test('of a trend has a point for every hour or day with costs', async () => {
    const { reports, take } = await createWorld();
    await take(events);
    const hourly = await reports.trend({
      workspaceId: 'acme',
      granularity: 'hour',
      from: NOW - (NOW % HOUR_MS) - 3 * HOUR_MS,
    });
    expect(hourly).toMatchObject({
      source: 'redis',
      granularity: 'hour',
      totalUsd: '3.5',
      points: [
        { start: '2026-11-20T11:00:00Z', costUsd: '2', events: 1, unpricedEvents: 0 },
        { start: '2026-11-20T12:00:00Z', costUsd: '1.5', events: 1, unpricedEvents: 0 },
      ],
    });
    const daily = await reports.trend({ workspaceId: 'acme', granularity: 'day' });
    expect(daily.points).toEqual([
      { start: '2026-11-20T00:00:00Z', costUsd: '3.5', events: 2, unpricedEvents: 0 },
    ]);
  });
});
