import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import { createAwaitedEvents } from '../../../src/costs/awaited-events.ts';
import type { CostEvent } from '../../../src/costs/event.ts';
import { createIngest, type IngestReport } from '../../../src/costs/ingest.ts';
import { createLedger } from '../../../src/costs/ledger.ts';
import { toMessages } from '../../../src/costs/messages.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import { createReprice } from '../../../src/costs/reprice.ts';
import { parseRetraction } from '../../../src/costs/retraction.ts';
import { createRebuild } from '../../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../../src/costs/rollups/rollups.ts';
import { costEvent } from '../../support/events.ts';
import { createMemoryWarehouse } from '../../support/memory-warehouse.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const NOW = Date.now();
const AT = new Date(NOW - 60_000).toISOString();
const MINUTE = 60_000;
const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

const HOUSE_PRICE = {
  id: 'house',
  version: 1,
  scope: 'acme',
  provider: 'house',
  model: 'llm-1',
  validFrom: NOW - 86_400_000,
  usdPerMillionTokens: { input: '1', output: '2' },
};

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
beforeEach(async () => {
  await redis.flushall();
});

const retractionOf = (eventId: string, parts: object = {}) => ({
  retraction: {
    workspaceId: 'acme',
    eventId,
    ...SPAN,
    timestamp: AT,
    requestedAt: new Date(NOW).toISOString(),
    reason: 'contains another model call',
    ...parts,
  },
});
const call = (id: string, parts: Partial<CostEvent> = {}): CostEvent => {
  const { costUsd: _, ...event } = costEvent({
    id,
    timestamp: AT,
    provider: 'openai',
    model: 'gpt-4o',
    agentId: 'writer',
    labels: { emitter: 'test' },
    usage: { inputTokens: 4_808, cacheReadTokens: 100, outputTokens: 10, requests: 1 },
    outcome: { status: 'ok', latencyMs: 812 },
    ...SPAN,
    ...parts,
  });
  return event;
};

/** The whole way of events over a ledger in memory and a real Redis. */
function createWorld() {
  const clock = { now: NOW };
  const now = () => clock.now;
  const warehouse = createMemoryWarehouse();
  const reports: IngestReport[] = [];
  const common = { redis, dedupeWindowHours: 48, now };
  const rebuild = createRebuild({ ...common, warehouse, meters: async () => [] });
  const book = createPriceBook();
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now }),
    rollups: createRollups({ ...common, rebuild }),
    warehouse,
    awaited: createAwaitedEvents({ redis, now }),
    prices: async () => book,
    now,
    onReport: (report) => reports.push(report),
  });
  let messages = 0;
  const deliver = (message: object) =>
    ingest({ messageId: `m${++messages}`, data: Buffer.from(JSON.stringify(message)) });
  const buckets = async () => {
    const keys = (await redis.keys('cost:{acme}:[hdm]:*')).sort();
    return Promise.all(keys.map(async (key) => [key, await redis.hgetall(key)]));
  };
  return { clock, warehouse, reports, rebuild, deliver, buckets, now };
}

/** The sums of every measure over the rows of a ledger. */
function sums(rows: ReturnType<ReturnType<typeof createMemoryWarehouse>['costs']>) {
  const names = [
    'events',
    'unpriced_events',
    'cost_usd',
    'input_tokens',
    'output_tokens',
    'cache_read_tokens',
    'requests',
  ];
  return names.map((name) =>
    rows.reduce((sum, row) => sum + Math.round(Number(row[name] ?? 0) * 1e9), 0),
  );
}

describe('an event that is taken back', () => {
  test('leaves nothing in any sum, of the ledger and of the rollups', async () => {
    const { warehouse, deliver, buckets } = createWorld();
    await deliver({ events: [call('kept')] });
    const before = await buckets();
    await deliver({ events: [call('outer', { agentId: 'planner', model: 'gpt-4o-mini' })] });
    await deliver({ corrections: [retractionOf('outer')] });
    expect(await buckets()).toEqual(before);
    expect(sums(warehouse.costs())).toEqual(
      sums(warehouse.costs().filter((row) => row.event_id === 'kept')),
    );
    const negation = warehouse.costs().find((row) => row.event_id === 'outer~retracted');
    expect(negation).toMatchObject({
      entry: 'correction',
      events: -1,
      unpriced_events: 0,
      cost_source: 'price_book',
      agent_id: 'planner',
      input_tokens: -4_808,
      requests: -1,
      outcome_status: 'ok',
      labels: '{"emitter":"test"}',
      span_id: 'b7ad6b7169203331',
    });
    expect(negation).not.toHaveProperty('latency_ms');
  });

  test('is taken back once, however often that is asked for', async () => {
    const { warehouse, reports, deliver, buckets } = createWorld();
    await deliver({ events: [call('kept'), call('outer')] });
    await Promise.all([
      deliver({ corrections: [retractionOf('outer')] }),
      deliver({ corrections: [retractionOf('outer', { reason: 'again' })] }),
    ]);
    const after = await buckets();
    await deliver({ corrections: [retractionOf('outer')] });
    expect(await buckets()).toEqual(after);
    expect(reports.at(-1)).toMatchObject({ counted: 0, duplicates: 1, quarantined: [] });
    expect(sums(warehouse.costs())[0]).toBe(1e9);
  });

  test('is gone from a rebuilt projection too, to the same bytes', async () => {
    const { deliver, buckets, rebuild } = createWorld();
    await deliver({ events: [call('kept'), call('outer', { agentId: 'planner' })] });
    await deliver({ corrections: [retractionOf('outer')] });
    const counted = await buckets();
    await redis.flushall();
    await rebuild('acme');
    expect(await buckets()).toEqual(counted);
  });

  test('that was priced later takes its correction back with it, and is not priced again', async () => {
    const { warehouse, deliver, buckets, now } = createWorld();
    await deliver({ events: [call('kept')] });
    const before = await buckets();
    await deliver({ events: [call('outer', { provider: 'house', model: 'llm-1' })] });
    const reprice = createReprice({
      warehouse,
      publisher: {
        publish: async (data) => {
          await deliver(JSON.parse(data.toString()));
          return 'id';
        },
      },
      prices: async () => createPriceBook({ overrides: [HOUSE_PRICE] }),
      now,
    });
    const request = { workspaceId: 'acme', dryRun: false };
    expect(await reprice(request)).toMatchObject({ repriced: 1, deltaUsd: '0.004828' });
    await deliver({ corrections: [retractionOf('outer')] });
    expect(await buckets()).toEqual(before);
    expect(warehouse.costs().map((row) => row.event_id)).toEqual([
      'kept',
      'outer',
      'outer~repriced',
      'outer~retracted',
      'outer~repriced~retracted',
    ]);
    expect(await reprice(request)).toMatchObject({ scanned: 0, repriced: 0 });
  });

  test('that nobody has priced is not unpriced any more, nor asked for when prices come', async () => {
    const { warehouse, deliver, now } = createWorld();
    await deliver({ events: [call('outer', { model: 'no-such-model' })] });
    await deliver({ corrections: [retractionOf('outer')] });
    expect(sums(warehouse.costs())).toEqual([0, 0, 0, 0, 0, 0, 0]);
    const reprice = createReprice({
      warehouse,
      publisher: { publish: async () => 'id' },
      prices: async () => createPriceBook(),
      now,
    });
    expect(await reprice({ workspaceId: 'acme', dryRun: true })).toMatchObject({ scanned: 0 });
  });

  test('is found by its id in its own workspace, at a time that is not quite its own', async () => {
    const { warehouse, deliver } = createWorld();
    await deliver({ events: [call('outer'), call('outer', { workspaceId: 'globex' })] });
    const near = new Date(NOW - 10 * MINUTE).toISOString();
    await deliver({ corrections: [retractionOf('outer', { timestamp: near })] });
    const left = warehouse.costs().filter((row) => row.workspace_id === 'globex');
    expect(left).toHaveLength(1);
  });
});

describe('an event that is priced later and taken back at the same time', () => {
  /** An unpriced event, and the correction that a repricing begun now makes of it. */
  async function createRace() {
    const world = createWorld();
    const { warehouse, deliver, buckets, now } = world;
    await deliver({ events: [call('kept')] });
    const before = await buckets();
    await deliver({ events: [call('outer', { provider: 'house', model: 'llm-1' })] });
    const published: object[] = [];
    const reprice = createReprice({
      warehouse,
      publisher: {
        publish: async (data) => String(published.push(JSON.parse(data.toString()))),
      },
      prices: async () => createPriceBook({ overrides: [HOUSE_PRICE] }),
      now,
    });
    await reprice({ workspaceId: 'acme', dryRun: false });
    const repricing = () => deliver(published[0]!);
    const retraction = () => deliver({ corrections: [retractionOf('outer')] });
    const expectNothingLeft = async () => {
      expect(await buckets()).toEqual(before);
      const kept = warehouse.costs().filter((row) => row.event_id === 'kept');
      expect(sums(warehouse.costs())).toEqual(sums(kept));
    };
    return { ...world, repricing, retraction, expectNothingLeft };
  }

  test('leaves nothing when the price comes after the retraction, however often', async () => {
    const { repricing, retraction, expectNothingLeft } = await createRace();
    await retraction();
    await repricing();
    await expectNothingLeft();
    await repricing();
    await retraction();
    await expectNothingLeft();
  });

  test('leaves nothing when the price comes first', async () => {
    const { repricing, retraction, expectNothingLeft } = await createRace();
    await repricing();
    await retraction();
    await expectNothingLeft();
  });

  test('leaves nothing when both are of one commit', async () => {
    const { repricing, retraction, expectNothingLeft } = await createRace();
    await Promise.all([retraction(), repricing()]);
    await expectNothingLeft();
  });

  test('leaves nothing when the price comes between what the retraction reads and what it appends', async () => {
    const { warehouse, repricing, retraction, expectNothingLeft } = await createRace();
    warehouse.beforeInsert = async (_table, rows) => {
      if (!rows.some(({ json }) => json.event_id === 'outer~retracted')) return;
      warehouse.beforeInsert = async () => {};
      await repricing();
    };
    await retraction();
    await expectNothingLeft();
  });

  test('leaves nothing when the retraction comes between the price’s being appended and counted', async () => {
    const { warehouse, repricing, retraction, expectNothingLeft } = await createRace();
    warehouse.beforeQuery = async () => {
      warehouse.beforeQuery = async () => {};
      await retraction();
    };
    await repricing();
    await expectNothingLeft();
  });

  test('comes again when the ledger does not answer whether it was taken back', async () => {
    const { warehouse, repricing, retraction, expectNothingLeft } = await createRace();
    await retraction();
    warehouse.beforeQuery = async () => {
      throw new Error('BigQuery is away');
    };
    await expect(repricing()).rejects.toThrow('away');
    warehouse.beforeQuery = async () => {};
    await repricing();
    await expectNothingLeft();
  });
});

describe('an event that a retraction may not take back', () => {
  test.each<[string, Partial<CostEvent>]>([
    ['is that of another trace', { traceId: '1af7651916cd43dd8448eb211c80319c' }],
    ['is that of another span', { spanId: 'c7ad6b7169203331' }],
    ['is no model call', { resourceType: 'compute' }],
  ])('%s: it stays, and the retraction is set aside', async (_name, parts) => {
    const { warehouse, deliver, buckets } = createWorld();
    await deliver({ events: [call('invoice', parts)] });
    const before = await buckets();
    await deliver({ corrections: [retractionOf('invoice')] });
    expect(await buckets()).toEqual(before);
    expect(warehouse.costs()).toHaveLength(1);
    expect(warehouse.tables.cost_events_quarantine).toMatchObject([
      {
        reason: 'refused_retraction',
        detail: expect.stringContaining('trace and span'),
        workspace_id: 'acme',
        event_id: 'invoice',
      },
    ]);
  });

  test('is one without a span: whoever knows its id alone cannot erase it', async () => {
    const { warehouse, deliver } = createWorld();
    const { traceId: _, spanId: __, ...plain } = call('plain');
    await deliver({ events: [plain] });
    await deliver({ corrections: [retractionOf('plain')] });
    expect(warehouse.costs().map((row) => row.event_id)).toEqual(['plain']);
  });
});

describe('a retraction whose event is not in the ledger', () => {
  test('is delivered again, and then takes it back; its neighbours do not wait', async () => {
    const { warehouse, deliver } = createWorld();
    const message = { corrections: [retractionOf('late')], events: [call('neighbour')] };
    await expect(deliver(message)).rejects.toMatchObject({
      code: 'event_not_in_ledger',
      retryable: true,
    });
    expect(warehouse.costs().map((row) => row.event_id)).toEqual(['neighbour']);
    await deliver({ events: [call('late')] });
    await deliver(message);
    expect(sums(warehouse.costs())[0]).toBe(1e9);
    expect(warehouse.tables.cost_events_quarantine).toEqual([]);
  });

  test('fails its own delivery only, also when they are committed together', async () => {
    const { deliver } = createWorld();
    const [retraction, neighbour] = await Promise.allSettled([
      deliver({ corrections: [retractionOf('late')] }),
      deliver({ events: [call('neighbour')] }),
    ]);
    expect([retraction.status, neighbour.status]).toEqual(['rejected', 'fulfilled']);
  });

  test('an hour after it was first looked for is set aside with the reason, and acknowledged', async () => {
    const { clock, warehouse, deliver } = createWorld();
    const retraction = { corrections: [retractionOf('never')] };
    await expect(deliver(retraction)).rejects.toThrow('never');
    clock.now += 60 * MINUTE - 1;
    await expect(deliver(retraction)).rejects.toThrow('never');
    clock.now += 1;
    await deliver(retraction);
    expect(warehouse.tables.cost_events_quarantine).toMatchObject([
      { reason: 'orphaned_retraction', workspace_id: 'acme', event_id: 'never' },
    ]);
  });

  test('waits for it also when both come out of a backlog of hours, the event last', async () => {
    const { clock, warehouse, deliver, buckets } = createWorld();
    const retraction = { corrections: [retractionOf('late')] };
    clock.now += 5 * 60 * MINUTE;
    await expect(deliver(retraction)).rejects.toMatchObject({ code: 'event_not_in_ledger' });
    await deliver({ events: [call('late')] });
    expect(sums(warehouse.costs())).toEqual([0, 0, 0, 0, 0, 0, 0]);
    const after = await buckets();
    await deliver(retraction);
    expect(await buckets()).toEqual(after);
    expect(warehouse.tables.cost_events_quarantine).toEqual([]);
  });

  test('takes it back even after it was set aside, once, when it comes days later and twice', async () => {
    const { clock, warehouse, deliver } = createWorld();
    const retraction = { corrections: [retractionOf('late')] };
    await expect(deliver(retraction)).rejects.toThrow('late');
    clock.now += 60 * MINUTE;
    await deliver(retraction);
    clock.now += 3 * 24 * 60 * MINUTE;
    await deliver({ events: [call('late'), call('neighbour')] });
    await deliver({ events: [call('late')] });
    expect(warehouse.costs().map((row) => row.event_id)).toEqual([
      'late',
      'neighbour',
      'late~retracted',
    ]);
  });

  test('finds it when it comes, also when the two do not agree on the day', async () => {
    const { warehouse, deliver } = createWorld();
    const early = { timestamp: new Date(NOW - 5 * 24 * 60 * MINUTE).toISOString() };
    const retraction = { corrections: [retractionOf('late', early)] };
    await expect(deliver(retraction)).rejects.toThrow('late');
    await deliver({ events: [call('late')] });
    expect(sums(warehouse.costs())[0]).toBe(0);
  });

  test('does not take back what comes under its id from another span', async () => {
    const { warehouse, deliver } = createWorld();
    await expect(deliver({ corrections: [retractionOf('late')] })).rejects.toThrow('late');
    await deliver({ events: [call('late', { spanId: 'c7ad6b7169203331' })] });
    expect(warehouse.costs().map((row) => row.event_id)).toEqual(['late']);
  });

  test('has its event delivered again when the ledger does not answer, and does not lose it', async () => {
    const { warehouse, deliver } = createWorld();
    await expect(deliver({ corrections: [retractionOf('late')] })).rejects.toThrow('late');
    warehouse.beforeQuery = async () => {
      throw new Error('BigQuery is away');
    };
    await expect(deliver({ events: [call('late')] })).rejects.toThrow('away');
    warehouse.beforeQuery = async () => {};
    await deliver({ events: [call('late')] });
    expect(sums(warehouse.costs())[0]).toBe(0);
  });

  test('waits while the ledger does not answer, however old', async () => {
    const { clock, warehouse, deliver } = createWorld();
    clock.now += 60 * MINUTE;
    warehouse.beforeQuery = async ({ sql }) => {
      if (sql.includes('taken back')) throw new Error('BigQuery is away');
    };
    await expect(deliver({ corrections: [retractionOf('any')] })).rejects.toThrow('away');
    expect(warehouse.tables.cost_events_quarantine).toEqual([]);
  });
});

test('retractions travel alone, so that one that waits holds up no other', () => {
  const retractions = ['a', 'b'].map((id) => retractionOf(id));
  const messages = toMessages('corrections', retractions).map((data) =>
    JSON.parse(data.toString()),
  );
  expect(messages).toEqual(retractions.map((one) => ({ corrections: [one] })));
});

describe('the times of retractions', () => {
  const DAY = 24 * 60 * MINUTE;
  const at = (ms: number) => ({ timestamp: new Date(ms).toISOString() });

  test.each([
    ['of the year 1969', Date.parse('1969-12-31T23:59:59Z'), '400 days in the past'],
    ['of tomorrow', NOW + DAY, '10 minutes in the future'],
  ])('%s are set aside at once, and nothing is asked', async (_name, timeMs, reason) => {
    const { warehouse, deliver } = createWorld();
    await deliver({ corrections: [retractionOf('outer', at(timeMs))] });
    expect(warehouse.tables.cost_events_quarantine).toMatchObject([
      {
        reason: 'invalid_event',
        detail: expect.stringContaining(`retraction.timestamp lies more than ${reason}`),
        workspace_id: 'acme',
        event_id: 'outer',
      },
    ]);
    expect(warehouse.calls.filter((one) => one.startsWith('query'))).toEqual([]);
  });

  test('of one tenant do not widen what is read for another, nor does their failure keep it waiting', async () => {
    const { warehouse, deliver } = createWorld();
    await deliver({ events: [call('outer')] });
    const spans: number[] = [];
    warehouse.beforeQuery = async ({ sql, params }) => {
      if (!sql.includes('taken back')) return;
      const { from, to } = params as { from: string; to: string };
      spans.push(Date.parse(to) - Date.parse(from));
      if (Date.parse(from) < NOW - 300 * DAY) throw new Error('too many bytes');
    };
    const old = { workspaceId: 'globex', ...at(NOW - 399 * DAY) };
    const [hostile, neighbour] = await Promise.allSettled([
      deliver({ corrections: [retractionOf('any', old)] }),
      deliver({ corrections: [retractionOf('outer')] }),
    ]);
    expect([hostile.status, neighbour.status]).toEqual(['rejected', 'fulfilled']);
    expect(spans).toHaveLength(2);
    expect(Math.max(...spans)).toBeLessThanOrEqual(3 * DAY);
    expect(sums(warehouse.costs())[0]).toBe(0);
  });

  test('of a whole year at once are read in few queries, the newest first, and the rest comes again', async () => {
    const { warehouse, deliver } = createWorld();
    await deliver({ events: [call('outer')] });
    warehouse.calls.length = 0;
    const year = Array.from({ length: 365 }, (_, i) =>
      retractionOf(`old-${i}`, { workspaceId: 'globex', ...at(NOW - (i + 1) * DAY) }),
    );
    const [hostile, neighbour] = await Promise.allSettled([
      deliver({ corrections: year }),
      deliver({ corrections: [retractionOf('outer')] }),
    ]);
    expect([hostile.status, neighbour.status]).toEqual(['rejected', 'fulfilled']);
    expect(warehouse.calls.filter((one) => one.includes('retract')).length).toBeLessThanOrEqual(16);
  });
});

describe('a retraction over the wire', () => {
  test.each<[string, object]>([
    ['without a workspace', { workspaceId: undefined }],
    ['of no event id', { eventId: 'a~b' }],
    ['of no trace', { traceId: undefined }],
    ['of no span', { spanId: 'none' }],
    ['at no instant', { timestamp: 'now' }],
    ['asked for at no instant', { requestedAt: 'now' }],
    ['without a reason', { reason: '' }],
    ['with more to it', { extra: 1 }],
  ])('%s is none', (_name, parts) => {
    const message = JSON.parse(JSON.stringify(retractionOf('outer', parts)));
    expect(parseRetraction(message, 'm')).toBeUndefined();
  });

  test('is one', () => {
    expect(parseRetraction(retractionOf('outer'), 'm')).toMatchObject({
      eventId: 'outer',
      timeMs: Date.parse(AT),
      requestedAtMs: NOW,
      messageId: 'm',
    });
  });
});
