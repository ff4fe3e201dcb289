import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { formatUsd, parseUsd } from '../../src/core/money.ts';
import { createClient } from './client.ts';
import { type LocalCloud, startLocalCloud } from './local-cloud.ts';
import { eventually } from './waiting.ts';

const START_MS = 400_000;

let cloud: LocalCloud;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  cloud = await startLocalCloud({ args: ['--no-workload'] });
  client = createClient(cloud.endpoints);
}, START_MS);
afterAll(async () => {
  await cloud?.stop();
}, START_MS);

const event = (workspaceId: string, id: string, parts: Record<string, unknown> = {}) => ({
  id,
  workspaceId,
  timestamp: new Date().toISOString(),
  resourceType: 'llm_api',
  resourceId: 'chat.completions',
  provider: 'openai',
  model: 'gpt-4o',
  currency: 'USD',
  ...parts,
});

const send = (events: unknown[], key?: string) =>
  client.call('/v1/cost-events', { body: { events }, key });

/** Waits until so many events of the workspace are counted in the rollups, and returns its costs. */
const counted = (workspaceId: string, events: number) =>
  eventually(
    async () => {
      const costs = await client.costs(workspaceId);
      return costs.source === 'redis' && costs.events >= events && costs;
    },
    { timeoutMs: 20_000, what: `${events} events of ${workspaceId}` },
  );

/** The same decimal everywhere: API, Redis, ledger. */
async function expectTotal(workspaceId: string, totalUsd: string): Promise<void> {
  expect((await client.costs(workspaceId)).totalUsd).toBe(totalUsd);
  expect(await client.redisMonthTotal(workspaceId)).toBe(totalUsd);
  expect(await client.ledgerTotal(workspaceId)).toBe(totalUsd);
}

describe('the way of a cost event', () => {
  test('API, Redis and ledger show the same decimal, and a second sending changes none of them', async () => {
    const amounts = Array.from({ length: 1_500 }, (_, i) => formatUsd(100_000_000n + BigInt(i)));
    const events = amounts.map((costUsd, i) => event('exact', `e-${i}`, { costUsd }));
    const expected = formatUsd(amounts.reduce((sum, amount) => sum + parseUsd(amount), 0n));
    for (let round = 0; round < 2; round++) {
      expect((await send(events.slice(0, 1_000))).status).toBe(202);
      expect((await send(events.slice(1_000))).status).toBe(202);
      // The marker comes last and by another workspace, so the round has been counted when it has.
      await send([event(`marker-${round}`, 'm', { costUsd: '1' })]);
      await counted(`marker-${round}`, 1);
      await counted('exact', 1_500);
      await expectTotal('exact', expected);
    }
    const costs = await client.costs('exact', '?by=provider');
    expect(costs.source).toBe('redis');
    expect(costs.groups).toMatchObject([{ key: 'openai', costUsd: expected, events: 1_500 }]);
  });

  test('usage is priced by the book at its time, cached tokens once', async () => {
    await send([
      event('priced', 'a', {
        usage: { inputTokens: 1_000, cacheReadTokens: 400, outputTokens: 100 },
      }),
    ]);
    // gpt-4o: 2.50 per million uncached, 1.25 cached, 10 output.
    expect((await counted('priced', 1)).totalUsd).toBe('0.003');
  });

  test('a malformed event is a 400 that names index, field and reason, and nothing is stored', async () => {
    const good = event('refused', 'good', { costUsd: '1' });
    const { status, body } = await send([good, { ...good, id: 'bad', usage: { inputTokens: -1 } }]);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      details: [{ index: 1, field: 'usage.inputTokens', reason: 'must be >= 0' }],
    });
    await send([event('refused-marker', 'm', { costUsd: '1' })]);
    await counted('refused-marker', 1);
    expect((await client.costs('refused')).events).toBe(0);
    expect(await client.ledgerTotal('refused')).toBe('0');
  });

  test('the same by Pub/Sub is one quarantine row with the reason, and its neighbours count', async () => {
    const good = event('neighbour', 'good', { costUsd: '0.000000001' });
    const bad = { ...good, id: 'bad', costUsd: '-1' };
    await client.publish(Buffer.from(JSON.stringify({ events: [bad, good] })));
    await client.publish(Buffer.from('not json'));
    expect((await counted('neighbour', 1)).totalUsd).toBe('0.000000001');
    const rows = await eventually(async () => {
      const found = await client.query(
        'SELECT reason, detail, workspace_id, event_id, event_index FROM cost_events_quarantine ORDER BY reason',
      );
      return found.length >= 2 && found;
    });
    expect(rows).toMatchObject([
      { reason: 'invalid_event', workspace_id: 'neighbour', event_id: 'bad', event_index: 0 },
      { reason: 'malformed_message' },
    ]);
    expect(rows[0]!.detail).toContain('costUsd');
  });

  test('the same id with other content does not count and is reported as a conflict', async () => {
    await send([event('conflict', 'same', { costUsd: '1' })]);
    await counted('conflict', 1);
    await send([event('conflict', 'same', { costUsd: '2' })]);
    await eventually(async () => {
      const rows = await client.query(
        "SELECT reason FROM cost_events_quarantine WHERE workspace_id = 'conflict'",
      );
      return rows.length === 1 && rows[0]!.reason === 'conflict';
    });
    await expectTotal('conflict', '1');
  });

  test('an unknown model is counted as unpriced, and repricing adds a correction once', async () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 0 };
    await send([event('later', 'a', { model: 'house-model', usage })]);
    expect(await counted('later', 1)).toMatchObject({ totalUsd: '0', unpricedEvents: 1 });
    const terms = { input: '3', output: '9' };
    const stored = await client.call('/v1/workspaces/later/price-overrides/house', {
      method: 'PUT',
      body: {
        provider: 'openai',
        model: 'house-model',
        validFrom: '2026-01-01T00:00:00Z',
        usdPerMillionTokens: terms,
      },
    });
    expect(stored.status).toBeLessThan(300);
    const reprice = () => client.call('/v1/workspaces/later/costs/reprice', { body: {} });
    expect((await reprice()).body).toMatchObject({ scanned: 1, repriced: 1, deltaUsd: '3' });
    await eventually(async () => (await client.costs('later')).totalUsd === '3');
    expect(await client.costs('later')).toMatchObject({ events: 1, unpricedEvents: 0 });
    expect((await reprice()).body).toMatchObject({ scanned: 0, repriced: 0 });
    await expectTotal('later', '3');
  });

  test('a key of one workspace sees and feeds only its own', async () => {
    const { body } = await client.call('/v1/keys', {
      body: { name: 'own', role: 'admin', workspaceId: 'own' },
    });
    const key = String(body.key);
    expect((await send([event('own', 'a', { costUsd: '1' })], key)).status).toBe(202);
    expect((await send([event('exact', 'a', { costUsd: '1' })], key)).status).toBe(404);
    expect((await client.call('/v1/workspaces/exact/costs', { key })).status).toBe(404);
    expect((await client.call('/v1/workspaces/own/costs', { key: 'axk_none_none' })).status).toBe(
      401,
    );
    await counted('own', 1);
  });

  test('figures from the ledger are those from the rollups', async () => {
    const rollups = await client.costs('exact');
    // A period within an hour is none that rollups hold.
    const ledger = await client.costs('exact', '?from=2026-01-01T00:00:00.001Z');
    expect([rollups.source, ledger.source]).toEqual(['redis', 'bigquery']);
    const { totalUsd, events, tokens, breakdown } = rollups;
    expect(ledger).toMatchObject({ totalUsd, events, tokens, breakdown });
  });

  test('a flushed Redis is rebuilt from the ledger to the same bytes', async () => {
    const { Redis } = await import('ioredis');
    const redis = new Redis(cloud.endpoints.redis);
    const dump = async () => {
      const keys = (await redis.keys('cost:{exact}:*')).filter((key) => !key.endsWith(':meta'));
      return Object.fromEntries(
        await Promise.all(keys.sort().map(async (key) => [key, { ...(await redis.hgetall(key)) }])),
      );
    };
    try {
      const before = await dump();
      await redis.flushall();
      // Either of these has it rebuilt: an event (here one that counts already), or a look at it.
      await send([event('exact', 'e-0', { costUsd: '0.1', timestamp: new Date().toISOString() })]);
      await eventually(async () => (await client.costs('exact')).source === 'redis');
      expect(await dump()).toEqual(before);
      await redis.flushall();
      expect((await client.costs('exact')).source).toBe('bigquery');
      await eventually(async () => (await client.costs('exact')).source === 'redis');
      expect(await dump()).toEqual(before);
    } finally {
      // Left connected by a failed expectation, it would keep the test run from ending.
      redis.disconnect();
    }
  });
});
