import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import type { OtlpSpan } from '../../../src/otlp/span.ts';
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

/** A span of a made-up trace: what it is, what it used, and where it hangs. */
type Made = { role: 'call' | 'silent' | 'agent' | 'plain'; input: number; parent: number };

const book = createPriceBook();
const costOf = (input: number) => {
  const usage = { inputTokens: input, outputTokens: 7, requests: 1 };
  const price = book.price({ provider: 'openai', model: 'gpt-4o', at: BASE, usage });
  if (price.kind !== 'priced') throw new Error(price.reason);
  return price.costNanoUsd;
};

const attributesOf = ({ role, input }: Made): Record<string, string | number> => {
  if (role === 'call') return chatOf(input, 7);
  if (role === 'silent') {
    return { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' };
  }
  if (role === 'agent') return { ...chatOf(input, 7), 'gen_ai.operation.name': 'invoke_agent' };
  return { 'http.request.method': 'POST' };
};

const toSpans = (made: readonly Made[], traceId: string, offset = 0): OtlpSpan[] =>
  made.map((one, i) =>
    otlpSpan(BASE, {
      traceId,
      spanId: hexId(offset + i + 1),
      // The first is the root; any other hangs below one before it.
      ...(i > 0 && { parentSpanId: hexId(offset + 1 + (one.parent % i)) }),
      start: i,
      end: 10_000 - i,
      attributes: attributesOf(one),
    }),
  );

/** The costs of a trace by the rule in words, worked out over the whole tree at once. */
function expectedOf(made: readonly Made[]) {
  const parentOf = (i: number) => (i === 0 ? undefined : made[i]!.parent % i);
  const above = (i: number): number[] => {
    const parent = parentOf(i);
    return parent === undefined ? [] : [parent, ...above(parent)];
  };
  const below = (i: number) => made.flatMap((_, j) => (above(j).includes(i) ? [made[j]!] : []));
  const isCall = ({ role }: Made) => role === 'call';
  const isUnknown = ({ role }: Made) => role === 'silent' || role === 'agent';
  const leaves = made.filter((one, i) => isCall(one) && !below(i).some(isCall));
  const untold = made.filter(
    (one, i) =>
      isUnknown(one) &&
      !below(i).some((other) => isCall(other) || isUnknown(other)) &&
      !above(i).some((j) => isCall(made[j]!)),
  );
  return {
    nanoUsd: leaves.reduce((sum, { input }) => sum + costOf(input), 0n),
    events: leaves.length + untold.length,
    unpriced: untold.length,
    inputTokens: leaves.reduce((sum, { input }) => sum + input, 0),
    outputTokens: leaves.length * 7,
  };
}

const madeSpan: fc.Arbitrary<Made> = fc.record({
  role: fc.constantFrom('call', 'call', 'silent', 'agent', 'plain'),
  input: fc.integer({ min: 1, max: 100_000 }),
  parent: fc.nat(1_000),
});

describe('the total of a trace', () => {
  test('is the sum over its leaf calls, however its spans are split, shuffled, repeated and spread over instances', async () => {
    const scenario = fc.record({
      made: fc.array(madeSpan, { minLength: 1, maxLength: 14 }),
      cuts: fc.array(fc.nat(4), { minLength: 14, maxLength: 14 }),
      order: fc.array(fc.nat(), { minLength: 14, maxLength: 14 }),
      repeats: fc.array(fc.nat(4), { maxLength: 6 }),
      instances: fc.array(fc.nat(1), { minLength: 20, maxLength: 20 }),
      delivery: fc.array(fc.nat(), { minLength: 1, maxLength: 10 }),
      settleEvery: fc.integer({ min: 1, max: 5 }),
      isConcurrent: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        await redis.flushall();
        const world = createOtlpWorld(redis, NOW);
        const { made, cuts, order, repeats, instances, delivery } = given;
        const spans = toSpans(made, hexId(0xabc, 32));
        const shuffled = spans
          .map((span, i) => ({ span, rank: order[i]! }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ span }) => span);
        const batches: OtlpSpan[][] = [[]];
        shuffled.forEach((span, i) => {
          batches.at(-1)!.push(span);
          if (cuts[i] === 0) batches.push([]);
        });
        const all = [...batches, ...repeats.map((i) => batches[i % batches.length]!)];
        let turn = 0;
        const next = (waiting: number) => delivery[turn++ % delivery.length]! % waiting;
        const send = (batch: OtlpSpan[], i: number) =>
          world.intakes[instances[i % instances.length]!]!.accept(batch, 'acme');
        if (given.isConcurrent) {
          await Promise.all(all.map(send));
        } else {
          for (const [i, batch] of all.entries()) {
            await send(batch, i);
            if (i % given.settleEvery === 0) await world.settle(next);
          }
        }
        await world.settle(next);
        const totals = await totalsOf(world, redis, 'acme');
        const expected = expectedOf(made);
        expect(totals).toEqual({ ledger: expected, rollups: expected });
        expect(world.queue).toEqual([]);
        const conflicts = world.warehouse.tables.cost_events_quarantine!;
        expect(conflicts).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});
