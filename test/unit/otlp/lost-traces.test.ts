import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/core/time.ts';
import { chatOf, createOtlpWorld, hexId, otlpSpan, totalsOf } from '../../support/otlp.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const NOW = Date.now();
const BASE = NOW - 60_000;

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

const call = (n: number, start: number, end: number, parent?: number, input = 100 * n) =>
  otlpSpan(BASE, {
    spanId: hexId(n),
    ...(parent !== undefined && { parentSpanId: hexId(parent) }),
    start,
    end,
    attributes: chatOf(input, 10),
  });
const link = (n: number, parent?: number) =>
  otlpSpan(BASE, {
    spanId: hexId(n),
    ...(parent !== undefined && { parentSpanId: hexId(parent) }),
  });
const silent = (n: number, start: number, end: number, parent: number) =>
  otlpSpan(BASE, {
    spanId: hexId(n),
    parentSpanId: hexId(parent),
    start,
    end,
    attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' },
  });

/** Sends batches one by one, with Redis flushed between them, and gives which spans cost in the end. */
async function across(...batches: ReturnType<typeof call>[][]) {
  const world = createOtlpWorld(redis, NOW);
  const receipts = [];
  for (const batch of batches) {
    if (receipts.length > 0) await redis.flushall();
    receipts.push(await world.intakes[receipts.length % 2]!.accept(batch, 'acme'));
    await world.settle();
  }
  // As whoever looks at a workspace next has it done.
  await world.rebuild('acme');
  const { ledger, rollups } = await totalsOf(world, redis, 'acme');
  expect(rollups).toEqual(ledger);
  return { world, ledger, receipts };
}

describe('Redis flushed between the spans of a trace', () => {
  test('does not double a call within a call that comes later', async () => {
    const { ledger, receipts } = await across([call(2, 100, 900, 1)], [call(1, 0, 1_000)]);
    expect(ledger).toMatchObject({ events: 1, inputTokens: 200 });
    // The ledger knows the span right above a call, so nothing had to be assumed.
    expect(receipts.at(-1)!.assumedTraces).toEqual([]);
  });

  test('does not double a call around a call that comes later: it is taken back', async () => {
    const { ledger, receipts } = await across([call(1, 0, 1_000)], [call(2, 100, 900, 1)]);
    expect(ledger).toMatchObject({ events: 1, inputTokens: 200 });
    expect(receipts.at(-1)).toMatchObject({ retracted: 1 });
  });

  test('does not double calls whose connecting spans are forgotten', async () => {
    const inner = [call(3, 200, 800, 2), link(2, 1)];
    const { ledger, receipts } = await across(inner, [call(1, 0, 1_000)]);
    expect(ledger).toMatchObject({ events: 1, inputTokens: 300 });
    expect(receipts.at(-1)!.assumedTraces).toHaveLength(1);
  });

  test('keeps parallel calls below one span apart, though one ran within the other’s time', async () => {
    const { ledger, receipts } = await across(
      [call(2, 100, 900, 1)],
      [call(3, 0, 1_000, 1), link(1)],
    );
    expect(ledger).toMatchObject({ events: 2, inputTokens: 500 });
    expect(receipts.at(-1)!.assumedTraces).toEqual([]);
  });

  test('keeps parallel calls apart where the spans at hand show that they are', async () => {
    const inner = [call(4, 100, 900, 2)];
    const rest = [call(5, 0, 1_000, 3), link(2, 1), link(3, 1), link(1)];
    const { ledger, receipts } = await across(inner, rest);
    expect(ledger).toMatchObject({ events: 2, inputTokens: 900 });
    expect(receipts.at(-1)!.assumedTraces).toEqual([]);
  });

  test('keeps calls apart that ran one after the other', async () => {
    const { ledger } = await across([call(2, 0, 400, 1)], [call(3, 500, 900, 9)]);
    expect(ledger).toMatchObject({ events: 2 });
  });

  test('changes nothing for a batch that is sent again, nor for what was taken back before', async () => {
    const outer = [call(1, 0, 1_000)];
    const inner = [call(2, 100, 900, 1)];
    const { ledger, world } = await across(outer, inner, outer, inner, [...inner, ...outer]);
    expect(ledger).toMatchObject({ events: 1, inputTokens: 200 });
    expect(world.warehouse.tables.cost_events_quarantine).toEqual([]);
  });

  test('lets a call that tells its usage replace the unknown one within it', async () => {
    const { ledger } = await across([silent(2, 100, 900, 1)], [call(1, 0, 1_000)]);
    expect(ledger).toMatchObject({ events: 1, unpriced: 0, inputTokens: 100 });
  });

  test('leaves other traces and workspaces out of it', async () => {
    const other = call(2, 100, 900, 1);
    const { world } = await across(
      [call(2, 100, 900, 1)],
      [{ ...call(1, 0, 1_000), traceId: hexId(7, 32) }],
    );
    await redis.flushall();
    await world.intakes[0]!.accept(
      [{ ...other, spanId: hexId(8), startMs: BASE, endMs: BASE + 2_000 }],
      'globex',
    );
    await world.settle();
    expect((await totalsOf(world, redis, 'acme')).ledger.events).toBe(2);
    expect((await totalsOf(world, redis, 'globex')).ledger.events).toBe(1);
  });
});

describe('the ledger', () => {
  const queries = (world: ReturnType<typeof createOtlpWorld>) =>
    world.warehouse.calls.filter((name) => name === 'query charges_of_traces').length;

  test('is asked once per request and trace while Redis remembers no further back, then no more', async () => {
    const world = createOtlpWorld(redis, NOW);
    const [intake] = world.intakes;
    await intake!.accept([call(1, 0, 1_000), { ...call(2, 0, 1), traceId: hexId(9, 32) }], 'acme');
    expect(queries(world)).toBe(1);
    await intake!.accept([call(3, 0, 1_000)], 'acme');
    expect(queries(world)).toBe(1);
    world.clock.now += 2 * MINUTE_MS;
    const fresh = { ...call(4, 0, 1), traceId: hexId(5, 32), startMs: world.clock.now - 1_000 };
    await intake!.accept([fresh], 'acme');
    expect(queries(world)).toBe(1);
  });

  test('is asked about calls that began longer ago than traces are remembered', async () => {
    const world = createOtlpWorld(redis, NOW);
    await world.intakes[0]!.accept([call(1, 0, 1_000)], 'acme');
    await world.settle();
    world.clock.now += 3 * HOUR_MS;
    // As Redis does when their time has come.
    await redis.del(...(await redis.keys('otlp:{acme}:[tur]:*')));
    const asked = queries(world);
    await world.intakes[1]!.accept([call(2, 100, 900, 1)], 'acme');
    await world.settle();
    expect(queries(world)).toBe(asked + 1);
    expect((await totalsOf(world, redis, 'acme')).ledger).toMatchObject({
      events: 1,
      inputTokens: 200,
    });
  });

  test('is asked about a day around the calls, however early spans say that they began', async () => {
    const world = createOtlpWorld(redis, NOW);
    const asked: Record<string, unknown>[] = [];
    world.warehouse.beforeQuery = async (query?: { params?: Record<string, unknown> }) => {
      if (query?.params !== undefined) asked.push(query.params);
    };
    const attributes = new Map([
      ...call(1, 0, 1).attributes,
      ['gen_ai.operation.name', 'invoke_agent'],
    ]);
    const run = { ...call(1, 0, 1_000), attributes, startMs: 0, startNs: 0n };
    await world.intakes[0]!.accept([run], 'acme');
    expect(asked).toHaveLength(1);
    const { from, to } = asked[0] as { from: string; to: string };
    expect(Date.parse(to) - Date.parse(from)).toBeLessThanOrEqual(3 * 24 * HOUR_MS);
  });

  test('that does not answer has the request sent again, and nothing is charged meanwhile', async () => {
    const world = createOtlpWorld(redis, NOW);
    world.warehouse.beforeQuery = () => Promise.reject(new Error('BigQuery is away'));
    await expect(world.intakes[0]!.accept([call(1, 0, 1_000)], 'acme')).rejects.toThrow('away');
    expect(world.queue).toEqual([]);
    world.warehouse.beforeQuery = async () => {};
    await world.intakes[0]!.accept([call(1, 0, 1_000)], 'acme');
    expect(world.queue).toHaveLength(1);
  });
});

describe('what is kept of traces', () => {
  test('expires: links after half an hour, calls after two', async () => {
    const world = createOtlpWorld(redis, NOW);
    const plain = { ...link(1), traceId: hexId(1, 32) };
    await world.intakes[0]!.accept([plain, call(2, 0, 1)], 'acme');
    const ttl = (traceId: string) => redis.ttl(`otlp:{acme}:t:${traceId}`);
    expect(Math.round(Number(await ttl(plain.traceId)) / 60)).toBe(30);
    expect(Math.round(Number(await ttl(call(2, 0, 1).traceId)) / 60)).toBe(120);
    for (const key of await redis.keys('otlp:*'))
      expect(Number(await redis.ttl(key))).toBeGreaterThan(0);
  });

  test('is bounded per trace: links beyond that are forgotten, and calls cost, which the answer says', async () => {
    const world = createOtlpWorld(redis, NOW);
    const [intake] = world.intakes;
    for (let start = 1; start <= 20_000; start += 10_000) {
      const spans = Array.from({ length: 10_000 }, (_, i) => link(start + i));
      expect(await intake!.accept(spans, 'acme')).toMatchObject({ refused: [], crowdedTraces: [] });
    }
    const beyond = [link(30_000), call(99_999, 0, 1), call(99_998, 0, 1, 99_999)];
    const receipt = await intake!.accept(beyond, 'acme');
    expect(receipt).toMatchObject({
      refused: [],
      charged: 1,
      crowdedTraces: [link(1).traceId],
    });
    const kept = await redis.hexists(`otlp:{acme}:t:${link(1).traceId}`, hexId(30_000));
    expect(Number(kept)).toBe(0);
    // A call goes on costing however long its trace becomes.
    expect((await intake!.accept([call(99_997, 0, 1)], 'acme')).charged).toBe(1);
  });

  test('ends circles of parents', async () => {
    const world = createOtlpWorld(redis, NOW);
    const circle = [call(1, 0, 1, 2), call(2, 0, 1, 3), call(3, 0, 1, 1), call(4, 0, 1, 4)];
    const { charged } = await world.intakes[0]!.accept(circle, 'acme');
    expect(charged).toBe(1);
  });
});
