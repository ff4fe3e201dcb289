import type { Warehouse } from '../../cloud/bigquery.ts';
import { readQuery } from '../../cloud/query-file.ts';
import type { Redis } from '../../cloud/redis.ts';
import { parseUsd } from '../../core/money.ts';
import { DAY_MS, formatInstant, monthOf } from '../../core/time.ts';
import type { CostHistory, SpentBucket } from '../forecast/costs.ts';
import { figuresFromRollups } from './from-rollups.ts';
import { latestEnd, type Period } from './plan.ts';

/** Whose costs: one workspace's, or those of all together. */
export type Whose = { kind: 'workspace'; workspaceId: string } | { kind: 'platform' };

/** A history and the store that it was read from. */
export type HistoryRead = { source: 'redis' | 'bigquery'; history: CostHistory };

type Grain = CostHistory['grain'];
type Stores = { redis: Redis; warehouse: Pick<Warehouse, 'query'> };
type Read = { source: HistoryRead['source']; buckets: SpentBucket[] };

/** As many whole days as rollups hold at any time of the day. */
const DAYS = 89;
/** Two weeks show every weekday twice; with less, hours say more. */
const LEAST_DAYS = 14;

const SQL = readQuery('forecast_inputs');
const TYPES = {
  isPlatform: 'BOOL',
  workspaceId: 'STRING',
  grain: 'STRING',
  from: 'TIMESTAMP',
  to: 'TIMESTAMP',
};

/**
 * What a forecast is made of: the costs of up to 89 whole days before `now` (epoch ms) and of this one, day by day, or hour
 * by hour where the first cost is less than two weeks old. A workspace's come from its rollups where they hold them, else
 * from the ledger; the platform's from the ledger. Both give the same figures. Throws `warehouse_failed`.
 */
export async function readHistory(stores: Stores, whose: Whose, now: number): Promise<HistoryRead> {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const to = latestEnd(now);
  const days = await readBuckets(stores, whose, 'day', { from: today - DAYS * DAY_MS, to }, now);
  const month = monthOf(now);
  const monthSpentNanoUsd = days.buckets
    .filter(({ start }) => monthOf(start) === month)
    .reduce((sum, { spentNanoUsd }) => sum + spentNanoUsd, 0n);
  const first = days.buckets.find(({ spentNanoUsd }) => spentNanoUsd > 0n)?.start ?? to;
  if (first <= today - LEAST_DAYS * DAY_MS || first >= to) {
    const history = { grain: 'day' as const, buckets: days.buckets, monthSpentNanoUsd };
    return { source: days.source, history };
  }
  const { source, buckets } = await readBuckets(stores, whose, 'hour', { from: first, to }, now);
  return { source, history: { grain: 'hour', buckets, monthSpentNanoUsd } };
}

async function readBuckets(
  { redis, warehouse }: Stores,
  whose: Whose,
  grain: Grain,
  period: Period,
  now: number,
): Promise<Read> {
  if (whose.kind === 'workspace') {
    const query = { workspaceId: whose.workspaceId, period, by: [grain] };
    // Without Redis, or with too little in it, the ledger answers.
    const found = await figuresFromRollups(redis, query, now).catch(() => undefined);
    if (found?.kind === 'figures') {
      const buckets = (found.figures.groups ?? []).map(({ key, sums }) => ({
        start: Date.parse(key),
        spentNanoUsd: sums.cost,
      }));
      return { source: 'redis', buckets };
    }
  }
  return { source: 'bigquery', buckets: await fromLedger(warehouse, whose, grain, period) };
}

async function fromLedger(
  warehouse: Stores['warehouse'],
  whose: Whose,
  grain: Grain,
  { from, to }: Period,
): Promise<SpentBucket[]> {
  const rows = await warehouse.query<{ start: string; costUsd: string }>({
    sql: SQL,
    params: {
      isPlatform: whose.kind === 'platform',
      workspaceId: whose.kind === 'workspace' ? whose.workspaceId : '',
      grain,
      from: formatInstant(from),
      to: formatInstant(to),
    },
    types: TYPES,
  });
  return rows.map(({ start, costUsd }) => ({
    start: Date.parse(start),
    spentNanoUsd: parseUsd(costUsd),
  }));
}
