import { describe, expect, test } from '@jest/globals';
import type { CostEvent } from '../../../src/costs/event.ts';
import { MAX_MESSAGE_BYTES } from '../../../src/costs/event.ts';
import { createIngest } from '../../../src/costs/ingest.ts';
import { createLedger } from '../../../src/costs/ledger.ts';
import { createPriceBook, type PriceBook } from '../../../src/costs/pricing/price-book.ts';
import { createReprice } from '../../../src/costs/reprice.ts';
import { costEvent } from '../../support/events.ts';
import { createMemoryWarehouse } from '../../support/memory-warehouse.ts';
import { nothingAwaited } from '../../support/nothing-awaited.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const now = () => NOW;
const none = createPriceBook();
const book = none.withOverrides([
  {
    id: 'house',
    version: 3,
    scope: 'acme',
    provider: 'house',
    model: 'llm-1',
    validFrom: Date.parse('2026-11-10T00:00:00Z'),
    usdPerMillionTokens: { input: '1', output: '2' },
  },
]);

const unpriced = (id: string, parts: Partial<CostEvent> = {}): CostEvent => {
  const { costUsd: _, ...event } = costEvent({
    id,
    timestamp: '2026-11-20T11:00:00.123Z',
    provider: 'house',
    model: 'llm-1',
    usage: { inputTokens: 1_000_001, outputTokens: 500_000 },
    ...parts,
  });
  return event;
};

/** The spine over a ledger in memory; what is published is delivered only when asked for. */
async function createWorld(events: CostEvent[], prices: PriceBook = book) {
  const warehouse = createMemoryWarehouse();
  const published: Buffer[] = [];
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now }),
    rollups: {
      apply: async () => ({ repeats: [], movements: [], rebuilt: false }),
      rememberedSince: () => NOW - 48 * 3_600_000,
    },
    warehouse,
    awaited: nothingAwaited,
    prices: async () => none,
    now,
  });
  const take = async (data: Buffer) => ingest({ messageId: 'm', data });
  for (let start = 0; start < events.length; start += 1_000) {
    await take(Buffer.from(JSON.stringify({ events: events.slice(start, start + 1_000) })));
  }
  const reprice = createReprice({
    warehouse,
    publisher: {
      publish: async (data) => {
        published.push(data);
        return 'id';
      },
    },
    prices: async () => prices,
    now,
  });
  const deliver = async () => {
    for (const data of published.splice(0)) await take(data);
  };
  const run = (parts: { dryRun?: boolean; from?: number; to?: number } = {}) =>
    reprice({ workspaceId: 'acme', dryRun: false, ...parts });
  const total = (column: string) =>
    warehouse.costs().reduce((sum, row) => sum + Number(row[column]), 0);
  return { warehouse, published, run, deliver, total };
}

describe('repricing', () => {
  test('prices what had no price as corrections beside the events, and the slice stays the sum of its rows', async () => {
    const labels = { stage: 'prod' };
    const { warehouse, run, deliver, total } = await createWorld([
      unpriced('a', { agentId: 'bot', labels, requestId: 'r' }),
      costEvent({ id: 'b', timestamp: '2026-11-20T11:00:00Z', costUsd: '5' }),
    ]);
    expect(total('unpriced_events')).toBe(1);
    expect(await run()).toEqual({
      scanned: 1,
      repriced: 1,
      stillUnpriced: [],
      deltaUsd: '2.000001',
      dryRun: false,
    });
    await deliver();
    expect(warehouse.tables.cost_events_quarantine).toEqual([]);
    expect(warehouse.tables.cost_events!.find((row) => row.entry === 'correction')).toMatchObject({
      event_id: 'a~repriced',
      event_time: '2026-11-20T11:00:00.123Z',
      cost_usd: '2.000001',
      cost_source: 'override',
      price_version: expect.stringContaining('house'),
      agent_id: 'bot',
      request_id: 'r',
      labels: JSON.stringify(labels),
      events: 0,
      unpriced_events: -1,
    });
    expect(total('unpriced_events')).toBe(0);
    expect(total('events')).toBe(2);
    expect(warehouse.costs().reduce((sum, row) => sum + Number(row.input_tokens ?? 0), 0)).toBe(
      1_000_001,
    );
  });

  test('a second time finds nothing to do', async () => {
    const { run, deliver, published } = await createWorld([unpriced('a')]);
    await run();
    await deliver();
    expect(await run()).toMatchObject({ scanned: 0, repriced: 0, deltaUsd: '0' });
    expect(published).toEqual([]);
  });

  test('while its corrections are still on their way counts them once all the same', async () => {
    const { run, deliver, total, warehouse } = await createWorld([unpriced('a')]);
    await run();
    await run();
    await deliver();
    expect(total('unpriced_events')).toBe(0);
    expect(warehouse.costs()).toHaveLength(2);
    expect(warehouse.tables.cost_events_quarantine).toEqual([]);
  });

  test('as a dry run says the same and sends nothing', async () => {
    const { run, published } = await createWorld([unpriced('a')]);
    const dry = await run({ dryRun: true });
    expect(published).toEqual([]);
    expect(await run()).toEqual({ ...dry, dryRun: false });
  });

  test('takes the price at the time of the event, and says what is still unknown', async () => {
    const { run } = await createWorld([
      unpriced('a', { timestamp: '2026-11-09T23:59:59Z' }),
      unpriced('b', { timestamp: '2026-11-10T00:00:00Z' }),
      unpriced('c', { model: 'llm-2' }),
      unpriced('d', { model: 'llm-2' }),
    ]);
    expect(await run()).toEqual({
      scanned: 4,
      repriced: 1,
      stillUnpriced: [
        { provider: 'house', model: 'llm-2', events: 2 },
        { provider: 'house', model: 'llm-1', events: 1 },
      ],
      deltaUsd: '2.000001',
      dryRun: false,
    });
  });

  test('keeps to its period and its workspace', async () => {
    const { run } = await createWorld([
      unpriced('a', { timestamp: '2026-11-18T00:00:00Z' }),
      unpriced('b', { timestamp: '2026-11-19T00:00:00Z' }),
      unpriced('c', { timestamp: '2026-11-20T00:00:00Z' }),
      unpriced('d', { timestamp: '2026-11-19T00:00:00Z', workspaceId: 'globex' }),
    ]);
    const from = Date.parse('2026-11-19T00:00:00Z');
    const to = Date.parse('2026-11-20T00:00:00Z');
    expect(await run({ from, to })).toMatchObject({ scanned: 1, repriced: 1 });
  });

  test('reaches every event, page by page, in messages that Pub/Sub and the spine take', async () => {
    const labels = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`label-${i}`, 'v'.repeat(250)]),
    );
    const events = Array.from({ length: 1_203 }, (_, i) => unpriced(`e${i}`, { labels }));
    const { run, published, deliver, total } = await createWorld(events);
    expect(await run()).toMatchObject({ scanned: 1_203, repriced: 1_203 });
    expect(Math.max(...published.map((data) => data.length))).toBeLessThanOrEqual(
      MAX_MESSAGE_BYTES,
    );
    await deliver();
    expect(total('unpriced_events')).toBe(0);
  });
});
