import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createRuns, type RunWindow, runLockKey } from '../../../src/analysis/runs.ts';
import type { InsertRow, QueryRequest } from '../../../src/cloud/bigquery.ts';
import { createRedis, type Redis, redisReady } from '../../../src/cloud/redis.ts';
import { HOUR_MS, MINUTE_MS } from '../../../src/core/time.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const PLAN = { job: 'cost-anomalies', everyMs: HOUR_MS, catchUpMs: 48 * HOUR_MS };
const NOTHING = { found: 0, opened: 0, seen: 0, closed: 0 };

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedisServer();
  redis = createRedis({ url: server.url, onError: () => {} });
  await redisReady(redis, 5_000);
});
afterAll(async () => {
  await redis.quit();
  await server.stop();
});
beforeEach(() => redis.flushall());

/** The table `analysis_runs` in memory, a clock, and runs on both. */
function createWorld(startMs: number) {
  const clock = { ms: startMs };
  const rows: Record<string, unknown>[] = [];
  const warehouse = {
    async insert(_table: string, inserts: readonly InsertRow[]) {
      rows.push(...inserts.map(({ json }) => json));
      return { kind: 'ok' as const };
    },
    async query<Row>({ params = {} }: QueryRequest): Promise<Row[]> {
      const judged = rows
        .filter(({ job, outcome }) => job === params.job && outcome === 'ok')
        .filter(({ ended_at }) => String(ended_at) >= String(params.from))
        .map(({ window_to }) => String(window_to));
      return [{ judgedTo: judged.sort().at(-1) ?? null }] as Row[];
    },
  };
  const runs = createRuns({ warehouse, redis, now: () => clock.ms });
  const windows: [string, string][] = [];
  const clockOf = (ms: number) => new Date(ms).toISOString().slice(5, 16);
  const work = async ({ fromMs, toMs }: RunWindow) => {
    windows.push([clockOf(fromMs), clockOf(toMs)]);
    return NOTHING;
  };
  return { clock, rows, runs, windows, work };
}

describe('what a run judges', () => {
  test('is the last complete hour at first, and then what came since', async () => {
    const { clock, runs, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
    expect(await runs.run(PLAN, work)).toMatchObject({ kind: 'ok', ...NOTHING });
    clock.ms += HOUR_MS;
    await runs.run(PLAN, work);
    expect(windows).toEqual([
      ['11-20T11:00', '11-20T12:00'],
      ['11-20T12:00', '11-20T13:00'],
    ]);
  });

  test('is no hour that ended less than five minutes ago', async () => {
    const { runs, windows, work } = createWorld(NOON + 4 * MINUTE_MS);
    await runs.run(PLAN, work);
    expect(windows).toEqual([['11-20T10:00', '11-20T11:00']]);
  });

  test('is nothing when all that is complete was judged', async () => {
    const { clock, runs, rows, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
    await runs.run(PLAN, work);
    clock.ms += 40 * MINUTE_MS;
    expect(await runs.run(PLAN, work)).toEqual({ kind: 'nothing-new', judgedToMs: NOON });
    expect([windows.length, rows.length]).toEqual([1, 1]);
  });

  test('is all that was missed, at most as far back as is caught up with', async () => {
    const { clock, runs, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
    await runs.run(PLAN, work);
    clock.ms += 5 * HOUR_MS;
    await runs.run(PLAN, work);
    clock.ms += 60 * HOUR_MS;
    await runs.run(PLAN, work);
    expect(windows.slice(1)).toEqual([
      ['11-20T12:00', '11-20T17:00'],
      ['11-21T05:00', '11-23T05:00'],
    ]);
  });

  test('is what was judged last once more where late events are waited for, but not without an hour that is new', async () => {
    const { clock, runs, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
    const plan = { ...PLAN, rejudgeMs: 2 * HOUR_MS };
    await runs.run(plan, work);
    expect(await runs.run(plan, work)).toEqual({ kind: 'nothing-new', judgedToMs: NOON });
    clock.ms += HOUR_MS;
    await runs.run(plan, work);
    clock.ms += 60 * HOUR_MS;
    await runs.run(plan, work);
    expect(windows).toEqual([
      ['11-20T11:00', '11-20T12:00'],
      ['11-20T10:00', '11-20T13:00'],
      ['11-21T01:00', '11-23T01:00'],
    ]);
  });

  test('is as much after weeks without a run', async () => {
    const { clock, runs, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
    await runs.run(PLAN, work);
    clock.ms += 30 * 24 * HOUR_MS;
    await runs.run(PLAN, work);
    expect(windows[1]).toEqual(['12-18T12:00', '12-20T12:00']);
  });
});

test('a run that fails says so, and the next one judges the same again', async () => {
  const { clock, runs, rows, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
  const failing = runs.run(PLAN, () => Promise.reject(new Error('no such table')));
  await expect(failing).rejects.toThrow('no such table');
  expect(rows).toMatchObject([
    { outcome: 'failed', message: 'no such table', window_to: '2026-11-20T12:00:00.000Z' },
  ]);
  clock.ms += MINUTE_MS;
  await runs.run(PLAN, work);
  expect(windows).toEqual([['11-20T11:00', '11-20T12:00']]);
  expect(rows[1]).toMatchObject({ outcome: 'ok', found: 0 });
});

test('a run that overlaps another says so and does nothing; other jobs go on', async () => {
  const { runs, rows, windows, work } = createWorld(NOON + 7 * MINUTE_MS);
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const first = runs.run(PLAN, async () => {
    begun.resolve();
    await release.promise;
    return NOTHING;
  });
  await begun.promise;
  expect(await runs.run(PLAN, work)).toEqual({ kind: 'overlapped' });
  expect(windows).toEqual([]);
  expect(await runs.run({ ...PLAN, job: 'metric-anomalies' }, work)).toMatchObject({ kind: 'ok' });
  release.resolve();
  expect(await first).toMatchObject({ kind: 'ok' });
  expect(rows.map(({ job, outcome }) => `${job} ${outcome}`)).toEqual([
    'cost-anomalies overlapped',
    'metric-anomalies ok',
    'cost-anomalies ok',
  ]);
  expect(await redis.exists(runLockKey('cost-anomalies'))).toBe('0');
});
