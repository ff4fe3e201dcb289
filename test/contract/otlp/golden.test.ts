import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import { createOtlpWorld, totalsOf } from '../../support/otlp.ts';
import { startRedis } from '../../support/redis-server.ts';
import { startApi, type TestApi } from '../api/harness.ts';
import { type Captured, type CapturedRequest, captureEmitter } from './capture.ts';
import type { BilledCall } from './emitters/emitter.ts';

/** Each makes its spans with the library it is named after, or by that library's documented attributes. */
const EMITTERS = [
  'agentworks',
  'opentelemetry-openai',
  'openllmetry',
  'vercel-ai',
  'openinference',
  'pydantic-ai-old',
  'pydantic-ai',
  'instrumented-twice',
];

let server: Awaited<ReturnType<typeof startRedis>>;
const single = new Map<string, Captured>();
const batched = new Map<string, Captured>();

beforeAll(async () => {
  server = await startRedis();
  for (const name of EMITTERS) {
    const [one, many] = await Promise.all([
      captureEmitter(name, 'protobuf', 'single'),
      captureEmitter(name, 'json', 'batch'),
    ]);
    single.set(name, one);
    batched.set(name, many);
  }
}, 300_000);
afterAll(() => server.stop());

const book = createPriceBook();

/** What a provider bills for its calls, by the numbers the emitter asked for. */
function expectedOf({ billed, untold = 0 }: Pick<Captured, 'billed' | 'untold'>) {
  const priceOf = ({
    provider,
    model,
    input,
    output,
    cacheRead,
    cacheWrite,
    reasoning,
  }: BilledCall) => {
    const price = book.price({
      provider,
      model,
      at: Date.now(),
      usage: {
        inputTokens: input,
        ...(output !== undefined && { outputTokens: output }),
        ...(cacheRead !== undefined && { cacheReadTokens: cacheRead }),
        ...(cacheWrite !== undefined && { cacheWriteTokens: cacheWrite }),
        ...(reasoning !== undefined && { reasoningTokens: reasoning }),
      },
    });
    if (price.kind !== 'priced') throw new Error(`${provider} ${model}: ${price.reason}`);
    return price.costNanoUsd;
  };
  return {
    nanoUsd: billed.reduce((sum, call) => sum + priceOf(call), 0n),
    events: billed.length + untold,
    unpriced: untold,
    inputTokens: billed.reduce((sum, { input }) => sum + input, 0),
    outputTokens: billed.reduce((sum, { output = 0 }) => sum + output, 0),
  };
}

/** Two instances of the API over one Redis, with the way of cost events behind them. */
async function createCloud() {
  await server.redis.flushall();
  const world = createOtlpWorld(server.redis);
  const apis: TestApi[] = [];
  for (const otlp of world.intakes) {
    const api = await startApi(server.redis, { deps: { otlp } });
    // Keys are recent, as spans are.
    api.clock.ms = Date.now();
    apis.push(api);
  }
  const key = await apis[0]!.key('ingest', 'acme');
  const send = async (instance: number, { headers, body }: CapturedRequest) => {
    const response = await apis[instance]!.app.inject({
      method: 'POST',
      url: '/v1/traces',
      headers: { ...headers, authorization: `Bearer ${key}` },
      payload: body,
    });
    expect({ status: response.statusCode, body: response.body }).toMatchObject({ status: 200 });
    return response;
  };
  const close = () => Promise.all(apis.map(({ app }) => app.close()));
  return { world, send, close };
}

/** Requests in protobuf put together are one request: its only field is repeated. */
function joined(requests: readonly CapturedRequest[]): CapturedRequest {
  return { headers: requests[0]!.headers, body: Buffer.concat(requests.map(({ body }) => body)) };
}

describe.each(EMITTERS)('the traces of %s', (name) => {
  test('cost what its calls cost, as its exporter sends them in batches', async () => {
    const captured = batched.get(name)!;
    const { world, send, close } = await createCloud();
    for (const request of captured.requests) {
      expect(request.headers).toEqual({
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      });
      const response = await send(0, request);
      expect(response.headers['content-type']).toBe('application/json');
      expect(response.json()).toEqual({});
    }
    await world.settle();
    const expected = expectedOf(captured);
    expect(await totalsOf(world, server.redis, 'acme')).toEqual({
      ledger: expected,
      rollups: expected,
    });
    await close();
  });

  test('cost the same in any batches and order, over two instances, some of them sent again', async () => {
    const captured = single.get(name)!;
    const { requests } = captured;
    const expected = expectedOf(captured);
    expect(requests.length).toBeGreaterThan(3);
    const { world, send, close } = await createCloud();
    const scenario = fc.record({
      order: fc.shuffledSubarray([...requests.keys()], { minLength: requests.length }),
      cuts: fc.array(fc.boolean(), { minLength: requests.length, maxLength: requests.length }),
      again: fc.array(fc.nat(requests.length - 1), { maxLength: 3 }),
      instances: fc.array(fc.nat(1), { minLength: 5, maxLength: 5 }),
      settles: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ order, cuts, again, instances, settles }) => {
        await forget(world);
        const batches: CapturedRequest[][] = [[]];
        order.forEach((which, i) => {
          batches.at(-1)!.push(requests[which]!);
          if (cuts[i]! && i < order.length - 1) batches.push([]);
        });
        const all = [...batches, ...again.map((i) => batches[i % batches.length]!)];
        for (const [i, batch] of all.entries()) {
          await send(instances[i % instances.length]!, joined(batch));
          if (settles) await world.settle();
        }
        await world.settle();
        expect(await totalsOf(world, server.redis, 'acme')).toEqual({
          ledger: expected,
          rollups: expected,
        });
        expect(world.queue).toEqual([]);
      }),
      { numRuns: 25 },
    );
    await close();
  });
});

/** Empties the ledger, and what Redis has of costs and traces; the API's keys stay. */
async function forget(world: ReturnType<typeof createOtlpWorld>): Promise<void> {
  for (const table of Object.values(world.warehouse.tables)) table.length = 0;
  const keys = (await server.redis.keys('*')).filter((key) => /^(otlp|cost|seen):/.test(key));
  if (keys.length > 0) await server.redis.del(...keys);
}
