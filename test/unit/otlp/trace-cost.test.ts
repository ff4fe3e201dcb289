import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import type { TraceNode } from '../../../src/otlp/candidates.ts';
import type { OtlpSpan } from '../../../src/otlp/span.ts';
import { createTraceState } from '../../../src/otlp/trace-state.ts';
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
  await redis.set('otlp:{acme}:since', NOW - 600_000);
});

const AGENT = { ...chatOf(5, 5), 'gen_ai.operation.name': 'invoke_agent' };
const at = (n: number, parent: number | undefined, attributes = {}): OtlpSpan =>
  otlpSpan(BASE, {
    spanId: hexId(n),
    ...(parent !== undefined && { parentSpanId: hexId(parent) }),
    attributes,
  });

/** A chain of links, and as many unknown calls at its end; a priced call stands beside them. */
const chainOf = (length: number): OtlpSpan[] => [
  at(1, undefined),
  at(2, 1, chatOf(10, 1)),
  ...Array.from({ length }, (_, i) => at(i + 3, i === 0 ? 1 : i + 2)),
  ...Array.from({ length }, (_, i) => at(length + i + 3, length + 2, AGENT)),
];

/** What Redis worked on scripts, in microseconds, and how often. */
async function scripts() {
  const stats = String(await redis.info('commandstats'));
  const of = (field: string) =>
    [...stats.matchAll(new RegExp(`cmdstat_eval(?:sha)?:.*?\\b${field}=(\\d+)`, 'g'))].reduce(
      (sum, [, digits]) => sum + Number(digits),
      0,
    );
  return { usec: of('usec'), calls: of('calls') };
}

async function priceOf(length: number) {
  await redis.flushall();
  await redis.set('otlp:{acme}:since', NOW - 600_000);
  await redis.config('RESETSTAT');
  const world = createOtlpWorld(redis, NOW);
  const spans = chainOf(length);
  const receipt = await world.intakes[0]!.accept(spans, 'acme');
  expect(receipt).toMatchObject({ charged: length + 1, unpriced: length, refused: [] });
  const first = await scripts();
  // Each later request of the trace is as cheap as what it adds.
  await world.intakes[0]!.accept([at(900_001, 1)], 'acme');
  return { ...first, later: (await scripts()).usec - first.usec };
}

/** The least of three, because others use the machine too. */
async function leastOf(length: number) {
  const all = [await priceOf(length), await priceOf(length), await priceOf(length)];
  return all.reduce((least, one) => (one.usec < least.usec ? one : least));
}

describe('what Redis works for a trace', () => {
  test('grows with its spans, not with their square, and comes in small pieces', async () => {
    const small = await leastOf(1_000);
    const large = await leastOf(5_000);
    // Five times the spans; the square would be twenty-five times.
    expect(large.usec / small.usec).toBeLessThan(12);
    expect(large.later / large.usec).toBeLessThan(0.5);
    // 10,000 spans to add, 5,000 calls to decide on and to confirm, at most 1,000 at once.
    expect(large.calls).toBeGreaterThanOrEqual(20);
  });

  test('comes to the same decisions in pieces: a call costs unless another is in any later piece', async () => {
    const world = createOtlpWorld(redis, NOW);
    const length = 1_100;
    const calls = Array.from({ length }, (_, i) =>
      at(i + 1, i === 0 ? undefined : i, chatOf(10, 1)),
    );
    const beside = Array.from({ length: 200 }, (_, i) => at(10_000 + i, length, AGENT));
    const receipt = await world.intakes[0]!.accept([...calls, ...beside], 'acme');
    await world.settle();
    expect(receipt.charged - receipt.retracted).toBe(1);
    expect((await totalsOf(world, redis, 'acme')).ledger).toMatchObject({
      events: 1,
      unpriced: 0,
      inputTokens: 10,
    });
  });
});

describe('what a scope holds in Redis', () => {
  const limits = { heldWithoutCalls: 10, held: 20 };
  const link = (n: number, traceId: string): TraceNode => ({
    kind: 'link',
    span: { ...at(n, undefined), traceId: hexId(Number(traceId), 32) },
  });
  const call = (n: number): TraceNode => ({
    kind: 'priced',
    span: at(n, undefined, chatOf(1, 1)),
    cost: { workspaceId: 'acme', eventId: `e${n}`, timeMs: NOW, isRetractable: true },
  });

  test('is bounded over its traces: first links of traces without calls are left out, then everything; calls cost', async () => {
    const state = createTraceState({ redis, now: () => NOW, limits });
    const unkept = async (nodes: TraceNode[], scope = 'acme') => {
      const decision = await state.decide(scope, nodes[0]!.span.traceId, nodes);
      if (decision.kind !== 'decided') throw new Error(decision.kind);
      return { unkept: decision.unkept.size, costing: decision.costing.size };
    };
    for (let trace = 1; trace <= 10; trace++) {
      expect((await unkept([link(trace, String(trace))])).unkept).toBe(0);
    }
    expect(await unkept([link(1, '11')])).toEqual({ unkept: 1, costing: 0 });
    expect(await unkept(Array.from({ length: 10 }, (_, i) => call(i + 1)))).toEqual({
      unkept: 0,
      costing: 10,
    });
    expect(await unkept([call(11), call(12)])).toEqual({ unkept: 2, costing: 2 });
    expect((await unkept([link(1, '12')], 'globex')).unkept).toBe(0);
    expect(Number(await redis.dbsize())).toBeLessThan(20);
  });

  test('is counted anew when time has passed', async () => {
    const clock = { now: NOW };
    const state = createTraceState({ redis, now: () => clock.now, limits });
    const all = Array.from({ length: 11 }, (_, i) => link(i + 1, '1'));
    expect(await state.decide('acme', hexId(1, 32), all)).toMatchObject({
      unkept: new Set([hexId(11)]),
    });
    clock.now += 60 * 60_000;
    expect(await state.decide('acme', hexId(2, 32), [link(1, '2')])).toMatchObject({
      unkept: new Set(),
    });
  });
});

describe('spans that are refused', () => {
  test('may come again as calls', async () => {
    const world = createOtlpWorld(redis, NOW);
    const [intake] = world.intakes;
    const ahead = { ...at(1, undefined, chatOf(10, 1)), endMs: NOW + 3_600_000 };
    expect(await intake!.accept([ahead], 'acme')).toMatchObject({ charged: 0, refused: [{}] });
    expect(await intake!.accept([at(1, undefined, chatOf(10, 1))], 'acme')).toMatchObject({
      charged: 1,
      refused: [],
    });
  });

  test('for their workspace still connect what is around them with what is within', async () => {
    const world = createOtlpWorld(redis, NOW);
    const foreign = { ...chatOf(10, 1), 'agentworks.workspace.id': 'globex' };
    const spans = [
      at(1, undefined, chatOf(10, 1)),
      at(2, 1, { ...foreign, 'agentworks.project.id': 'secret' }),
      at(3, 2, chatOf(10, 1)),
    ];
    const receipt = await world.intakes[0]!.accept(spans, 'acme');
    expect(receipt).toMatchObject({ charged: 1, refused: [{ span: { spanId: hexId(2) } }] });
    const [event] = JSON.parse(world.queue[0]!.toString()).events;
    expect(event.spanId).toBe(hexId(3));
    // What it says of itself is not said of others.
    expect(event.projectId).toBeUndefined();
  });

  test('when their sender’s SDK has reported them at a time that no event may have', async () => {
    const world = createOtlpWorld(redis, NOW);
    const reported = { ...chatOf(10, 1), 'agentworks.cost.event_id': 'any' };
    const ancient = { ...at(1, undefined, reported), startMs: 1, endMs: 2 };
    const receipt = await world.intakes[0]!.accept([ancient], 'acme');
    expect(receipt.refused[0]!.reason).toContain('400 days');
    expect(world.warehouse.calls).toEqual([]);
  });
});

test('an event is taken back only under its span’s own id, whatever id a span says', async () => {
  const world = createOtlpWorld(redis, NOW);
  const say = (id: string) => ({ ...chatOf(10, 1), 'agentworks.cost.event_id': id });
  const own = `span-${at(1, undefined).traceId}-${hexId(3)}`;
  await world.intakes[0]!.accept([at(1, undefined, say('compute-1'))], 'acme');
  await world.intakes[0]!.accept([at(3, 1, say(own))], 'acme');
  const receipt = await world.intakes[0]!.accept([at(2, 3, chatOf(10, 1))], 'acme');
  expect(receipt).toMatchObject({ charged: 1, retracted: 1 });
  const taken = world.queue.flatMap((data) => JSON.parse(data.toString()).corrections ?? []);
  expect(taken.map(({ retraction }) => retraction)).toMatchObject([
    { eventId: own, traceId: at(1, undefined).traceId, spanId: hexId(3) },
  ]);
});
