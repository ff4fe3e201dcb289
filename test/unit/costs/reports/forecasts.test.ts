import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Redis } from '../../../../src/cloud/redis.ts';
import { parseUsd } from '../../../../src/core/money.ts';
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from '../../../../src/core/time.ts';
import { createAwaitedEvents } from '../../../../src/costs/awaited-events.ts';
import type { CostEvent } from '../../../../src/costs/event.ts';
import { createIngest } from '../../../../src/costs/ingest.ts';
import { createLedger } from '../../../../src/costs/ledger.ts';
import { createPriceBook } from '../../../../src/costs/pricing/price-book.ts';
import { createForecasts } from '../../../../src/costs/reports/forecasts.ts';
import { createRebuild } from '../../../../src/costs/rollups/rebuild.ts';
import { createRollups } from '../../../../src/costs/rollups/rollups.ts';
import { costEvent } from '../../../support/events.ts';
import { createMemoryWarehouse } from '../../../support/memory-warehouse.ts';
import { startRedis } from '../../../support/redis-server.ts';

const NOW = Date.parse('2026-11-20T12:34:56.789Z');
const noRedis = {
  multi: () => ({ hmget() {}, exec: () => Promise.reject(new Error('away')) }),
} as unknown as Redis;

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());

/** The real spine over the real Redis and a ledger in memory, both empty, with forecasts from either. */
async function createWorld(events: readonly CostEvent[]) {
  await redis.flushall();
  const clock = { ms: NOW };
  const now = () => clock.ms;
  const warehouse = createMemoryWarehouse();
  const window = { dedupeWindowHours: 48, now };
  const rebuild = createRebuild({ redis, warehouse, meters: async () => [], ...window });
  const book = createPriceBook();
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now }),
    rollups: createRollups({ redis, rebuild, ...window }),
    warehouse,
    awaited: createAwaitedEvents({ redis, now }),
    prices: async () => book,
    now,
  });
  await ingest({ messageId: 'm', data: Buffer.from(JSON.stringify({ events })) });
  warehouse.calls.length = 0;
  return {
    clock,
    warehouse,
    forecasts: createForecasts({ redis, warehouse, now }),
    ledgerForecasts: createForecasts({ redis: noRedis, warehouse, now }),
  };
}

/** One event every `everyMs` of the last `spanMs`, of changing amounts. */
function spend(workspaceId: string, spanMs: number, everyMs: number, usd = 1): CostEvent[] {
  return Array.from({ length: Math.floor(spanMs / everyMs) }, (_, at) =>
    costEvent({
      id: `${workspaceId}-${at}`,
      workspaceId,
      timestamp: formatInstant(NOW - at * everyMs),
      costUsd: `${usd + (at % 5)}.000000001`,
    }),
  );
}

describe('a forecast', () => {
  test.each([
    ['days', 'day', 60 * DAY_MS, DAY_MS / 2],
    ['hours, where there are few days', 'hour', 5 * DAY_MS, HOUR_MS],
  ])('from Redis and from the ledger says the same, by %s', async (_, grain, span, every) => {
    const events = [...spend('acme', span, every), ...spend('globex', span, every, 1_000)];
    const { forecasts, ledgerForecasts, warehouse } = await createWorld(events);
    const fast = await forecasts.workspace('acme');
    expect(warehouse.calls).toEqual([]);
    const slow = await ledgerForecasts.workspace('acme');
    expect([fast.source, slow.source]).toEqual(['redis', 'bigquery']);
    expect(fast).toMatchObject({ kind: 'forecast', grain });
    expect({ ...fast, source: '' }).toEqual({ ...slow, source: '' });
  });

  test('reads hours from the ledger where Redis no longer holds them', async () => {
    const { forecasts, warehouse } = await createWorld(spend('acme', 10 * DAY_MS, HOUR_MS));
    expect(await forecasts.workspace('acme')).toMatchObject({ grain: 'hour', source: 'bigquery' });
    expect(warehouse.calls).toEqual(['query forecast_inputs']);
  });

  test('keeps the month’s spend exact, whatever the grain', async () => {
    for (const span of [60 * DAY_MS, 5 * DAY_MS]) {
      const events = spend('acme', span, DAY_MS / 4);
      const { forecasts } = await createWorld(events);
      const thisMonth = events.filter(({ timestamp }) => timestamp.startsWith('2026-11'));
      const spent = thisMonth.reduce((sum, { costUsd }) => sum + parseUsd(costUsd!), 0n);
      const report = await forecasts.workspace('acme');
      if (report.kind !== 'forecast') throw new Error(report.reason);
      expect(parseUsd(report.month.spentUsd)).toBe(spent);
    }
  });

  test('of everybody is made of all workspaces’ sums, whose ups and downs even out', async () => {
    const days = Array.from({ length: 40 }, (_, at) => at);
    const events = ['acme', 'globex'].flatMap((workspaceId, which) =>
      days.map((at) =>
        costEvent({
          id: `e${at}`,
          workspaceId,
          timestamp: formatInstant(NOW - (at + 1) * DAY_MS),
          costUsd: which === 0 ? `${10 + (at % 3)}` : `${12 - (at % 3)}`,
        }),
      ),
    );
    const { forecasts } = await createWorld(events);
    const report = await forecasts.platform();
    if (report.kind !== 'forecast') throw new Error(report.reason);
    expect(report.month.spentUsd).toBe(String(22 * 19));
    const { low95Usd, high95Usd } = report.next30Days.estimate;
    expect(Number(low95Usd)).toBeCloseTo(22 * 30, 3);
    expect(Number(high95Usd)).toBeCloseTo(22 * 30, 3);
  });

  test('of a workspace without costs says so', async () => {
    const { forecasts } = await createWorld(spend('globex', 30 * DAY_MS, DAY_MS));
    const report = await forecasts.workspace('acme');
    expect(report).toMatchObject({ kind: 'none', reason: 'nothing-spent' });
  });

  test('is made once in five minutes, however many ask, and anew afterwards or after a failure', async () => {
    const { clock, warehouse, ledgerForecasts } = await createWorld(
      spend('acme', 30 * DAY_MS, DAY_MS),
    );
    warehouse.beforeQuery = () => Promise.reject(new Error('down'));
    await expect(ledgerForecasts.platform()).rejects.toThrow('down');
    warehouse.beforeQuery = async () => {};
    warehouse.calls.length = 0;
    await Promise.all(Array.from({ length: 5 }, () => ledgerForecasts.platform()));
    expect(warehouse.calls).toHaveLength(1);
    clock.ms += 5 * MINUTE_MS;
    const { asOf } = await ledgerForecasts.platform();
    expect(warehouse.calls).toHaveLength(2);
    expect(asOf).toBe(formatInstant(clock.ms));
  });
});
