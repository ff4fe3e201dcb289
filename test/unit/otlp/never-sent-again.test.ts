import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import type { OtlpSpan } from '../../../src/otlp/span.ts';
import { chatOf, createOtlpWorld, hexId, otlpSpan } from '../../support/otlp.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const NOW = Date.now();
const BASE = NOW - 60_000;
const EVERYTHING = Number.POSITIVE_INFINITY;

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

type Role = 'call' | 'silent' | 'plain';
/** What fails of a batch, which its sender then gives up. */
type Failure =
  | 'nothing'
  | 'events'
  | 'corrections'
  | 'first answer of Redis'
  | 'second answer of Redis';

const node = (n: number, role: Role, parent?: number): OtlpSpan =>
  otlpSpan(BASE, {
    spanId: hexId(n),
    ...(parent !== undefined && { parentSpanId: hexId(parent) }),
    start: n,
    end: 10_000 - n,
    attributes:
      role === 'call'
        ? chatOf(n * 100, 7)
        : role === 'silent'
          ? { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' }
          : {},
  });

/** A world whose Redis can decide and then not answer. */
async function failingWorld() {
  const world = createOtlpWorld(redis, NOW);
  // Traces have been remembered for a while, so that what fails is what the tests say.
  await redis.set('otlp:{acme}:since', NOW - 600_000);
  const commands = redis as unknown as {
    decideOtlpTrace: (...args: unknown[]) => Promise<unknown>;
  };
  const decide = commands.decideOtlpTrace.bind(redis);
  let answers = EVERYTHING;
  commands.decideOtlpTrace = async (...args) => {
    const answer = await decide(...args);
    if (answers-- <= 0) throw new Error('Redis took too long');
    return answer;
  };
  /** Whether the batch was acknowledged. */
  async function send(batch: OtlpSpan[], failure: Failure, instance = 0): Promise<boolean> {
    answers =
      failure === 'first answer of Redis'
        ? 0
        : failure === 'second answer of Redis'
          ? 1
          : EVERYTHING;
    world.publishing.fail = (data) =>
      (failure === 'events' || failure === 'corrections') &&
      data.toString().includes(`"${failure}"`);
    try {
      await world.intakes[instance]!.accept(batch, 'acme');
      return true;
    } catch {
      return false;
    } finally {
      answers = EVERYTHING;
      world.publishing.fail = () => false;
    }
  }
  /** The spans whose costs the ledger shows, and has not taken back. */
  const counted = () => {
    const sums = new Map<string, number>();
    for (const row of world.warehouse.costs()) {
      const spanId = String(row.span_id);
      sums.set(spanId, (sums.get(spanId) ?? 0) + Number(row.events));
    }
    for (const sum of sums.values()) expect([0, 1]).toContain(sum);
    return new Set([...sums].flatMap(([spanId, sum]) => (sum === 1 ? [spanId] : [])));
  };
  return { ...world, send, counted };
}

describe('a batch that fails and is never sent again', () => {
  const FAILURES: Failure[] = ['events', 'first answer of Redis'];
  test.each(FAILURES)('takes back no charge that was acknowledged: %s', async (failure) => {
    const { send, settle, counted } = await failingWorld();
    expect(await send([node(1, 'call')], 'nothing')).toBe(true);
    expect(await send([node(2, 'call', 1)], failure)).toBe(false);
    expect(await send([node(9, 'plain', 1)], 'nothing')).toBe(true);
    await settle();
    expect(counted()).toEqual(new Set([hexId(1)]));
  });

  test.each(FAILURES)('keeps no call around it from being charged: %s', async (failure) => {
    const { send, settle, counted } = await failingWorld();
    expect(await send([node(2, 'call', 1)], failure)).toBe(false);
    expect(await send([node(1, 'call')], 'nothing')).toBe(true);
    await settle();
    expect(counted()).toEqual(new Set([hexId(1)]));
  });

  test('takes its charge to be made when it is sent again after all', async () => {
    const { send, settle, counted } = await failingWorld();
    await send([node(1, 'call')], 'nothing');
    await send([node(2, 'call', 1)], 'events');
    expect(await send([node(2, 'call', 1)], 'nothing')).toBe(true);
    await settle();
    expect(counted()).toEqual(new Set([hexId(2)]));
  });
});

test('what was acknowledged counts unless something that counts is within it, whatever fails for good', async () => {
  const scenario = fc.record({
    made: fc.array(
      fc.record({
        role: fc.constantFrom<Role>('call', 'call', 'silent', 'plain'),
        parent: fc.nat(1_000),
        rank: fc.nat(),
        isCut: fc.boolean(),
      }),
      { minLength: 1, maxLength: 10 },
    ),
    failures: fc.array(
      fc.constantFrom<Failure>(
        'nothing',
        'nothing',
        'events',
        'corrections',
        'first answer of Redis',
        'second answer of Redis',
      ),
      { minLength: 10, maxLength: 10 },
    ),
    again: fc.array(fc.nat(9), { maxLength: 3 }),
    settles: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ made, failures, again, settles }) => {
      await redis.flushall();
      const { send, settle, counted } = await failingWorld();
      const parents = made.map(({ parent }, i) => (i === 0 ? undefined : parent % i));
      const spans = made.map(({ role }, i) => {
        const parent = parents[i];
        return node(i + 1, role, parent === undefined ? undefined : parent + 1);
      });
      const order = made.map((_, i) => i).sort((a, b) => made[a]!.rank - made[b]!.rank);
      const batches: number[][] = [[]];
      for (const i of order) {
        batches.at(-1)!.push(i);
        if (made[i]!.isCut) batches.push([]);
      }
      const acknowledged = new Set<number>();
      const sendBatch = async (batch: number[], failure: Failure, instance: number) => {
        const isTaken = await send(
          batch.map((i) => spans[i]!),
          failure,
          instance,
        );
        if (isTaken) for (const i of batch) acknowledged.add(i);
        if (settles) await settle();
      };
      for (const [at, batch] of batches.entries())
        await sendBatch(batch, failures[at % 10]!, at % 2);
      for (const at of again) await sendBatch(batches[at % batches.length]!, 'nothing', 0);
      // Whatever was to be taken back is asked for by the next request of the trace.
      await send([node(99, 'plain', 1)], 'nothing');
      await settle();

      const inLedger = counted();
      const counts = (i: number) => inLedger.has(hexId(i + 1));
      const above = (i: number): number[] =>
        parents[i] === undefined ? [] : [parents[i], ...above(parents[i])];
      const below = (i: number) => made.flatMap((_, j) => (above(j).includes(i) ? [j] : []));
      const is = (role: Role) => (i: number) => made[i]!.role === role;
      for (const i of acknowledged) {
        const calls = below(i).filter(is('call'));
        if (is('call')(i)) {
          expect(counts(i) || calls.some(counts)).toBe(true);
          if (calls.some((j) => acknowledged.has(j))) expect(counts(i)).toBe(false);
        }
        if (is('silent')(i) && !counts(i)) {
          const around = above(i).filter(is('call'));
          const within = below(i).some(counts);
          const isTold = around.some((j) => counts(j) || below(j).filter(is('call')).some(counts));
          expect(within || isTold).toBe(true);
        }
      }
    }),
    { numRuns: 200 },
  );
});
