import type { Redis } from '../../cloud/redis.ts';
import { dayOf, hourOf, monthOf } from '../../core/time.ts';
import { DIMENSIONS, type Dimension } from '../rollups/keys.ts';
import {
  addSums,
  type BucketRequest,
  type BucketSums,
  noSums,
  readRollups,
} from '../rollups/read.ts';
import { type Bucket, type Period, tilePeriod } from './plan.ts';
import {
  BREAKDOWN_DIMENSIONS,
  type BreakdownDimension,
  type CutDimension,
  type Figures,
  type Group,
  sortGroups,
} from './report.ts';

/**
 * `not-held`: the cut is no single dimension, or the period is not made of whole hours that are kept.
 * `absent`: the workspace's projection is not whole.
 */
export type RollupFigures =
  | { kind: 'figures'; figures: Figures }
  | { kind: 'none'; reason: 'not-held' | 'absent' };

/** The figures from the rollups in Redis, in one round trip, or why not. Throws when Redis does not answer. */
export async function figuresFromRollups(
  redis: Redis,
  query: { workspaceId: string; period: Period; by: readonly CutDimension[] },
  now: number,
): Promise<RollupFigures> {
  const { workspaceId, period, by } = query;
  if (by.length > 1) return { kind: 'none', reason: 'not-held' };
  const [cut] = by;
  const byTime = cut === 'day' || cut === 'hour';
  const tiles = tilePeriod(period, byTime ? cut : 'month', now);
  const days = cut === undefined ? tilePeriod(period, 'day', now) : [];
  if (tiles === undefined || days === undefined) return { kind: 'none', reason: 'not-held' };

  const answer = await readRollups(redis, workspaceId, [
    { grain: 'month', bucket: monthOf(now), cells: 'totals' } satisfies BucketRequest,
    ...tiles.map((tile) => ({ ...tile, cells: byTime ? 'totals' : 'all' }) satisfies BucketRequest),
    ...days.map((day) => ({ ...day, cells: 'totals' }) satisfies BucketRequest),
  ]);
  if (answer.kind === 'absent') return { kind: 'none', reason: 'absent' };
  const [month, ...buckets] = answer.buckets as [BucketSums, ...BucketSums[]];
  const tileSums = buckets.slice(0, tiles.length);
  const all = merge(tileSums);
  const figures: Figures = {
    source: 'redis',
    total: totalOf(all),
    monthSpent: totalOf(month),
    state: answer.state,
    groups: cut && (byTime ? groupsByTime(tiles, tileSums, cut) : groupsOf(all, cut as Dimension)),
    breakdown: cut === undefined ? breakdownOf(all, days, buckets.slice(tiles.length)) : undefined,
  };
  return { kind: 'figures', figures };
}

function breakdownOf(all: BucketSums, days: readonly Bucket[], daySums: readonly BucketSums[]) {
  const groups = BREAKDOWN_DIMENSIONS.map((by) => [
    by,
    by === 'day' ? groupsByTime(days, daySums, by) : groupsOf(all, by),
  ]);
  return Object.fromEntries(groups) as Record<BreakdownDimension, Group[]>;
}

function totalOf(bucket: BucketSums) {
  return bucket.get('total')?.get('') ?? noSums();
}

function groupsOf(bucket: BucketSums, dimension: Dimension): Group[] {
  const values = bucket.get(dimension) ?? new Map();
  return sortGroups(
    [...values].map(([key, sums]) => ({ key, sums })),
    [],
  );
}

/** Totals per day or hour; buckets without costs are left out, as a query of the ledger leaves them out. */
function groupsByTime(
  buckets: readonly Bucket[],
  sums: readonly BucketSums[],
  by: 'day' | 'hour',
): Group[] {
  const groups = new Map<string, Group>();
  buckets.forEach((bucket, i) => {
    const total = sums[i]!.get('total')?.get('');
    if (total === undefined) return;
    const key = timeKey(by, bucket.startMs);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { key, sums: total });
    else addSums(group.sums, total);
  });
  return sortGroups([...groups.values()], [by]);
}

/** `2026-11-20` for days, `2026-11-20T12:00:00Z` for hours. */
function timeKey(by: 'day' | 'hour', ms: number): string {
  return by === 'day' ? dayOf(ms) : `${hourOf(ms)}:00:00Z`;
}

function merge(buckets: readonly BucketSums[]): BucketSums {
  if (buckets.length === 1) return buckets[0]!;
  const merged: BucketSums = new Map(DIMENSIONS.map((dimension) => [dimension, new Map()]));
  for (const bucket of buckets) {
    for (const [dimension, values] of bucket) {
      const into = merged.get(dimension)!;
      for (const [value, sums] of values) {
        const known = into.get(value);
        if (known === undefined) into.set(value, { ...sums });
        else addSums(known, sums);
      }
    }
  }
  return merged;
}
