import { LRUCache } from 'lru-cache';
import type { Warehouse } from '../../cloud/bigquery.ts';
import type { Redis } from '../../cloud/redis.ts';
import { formatUsd } from '../../core/money.ts';
import { monthOf } from '../../core/time.ts';
import { readState } from '../rollups/read.ts';
import { figuresFromLedger } from './from-ledger.ts';
import { figuresFromRollups } from './from-rollups.ts';
import type { Period } from './plan.ts';
import {
  type CostReport,
  type CutDimension,
  completePeriod,
  costReport,
  type Figures,
  head,
  type ReportDetails,
  reportDetails,
} from './report.ts';

export type Reports = ReturnType<typeof createReports>;

type Query = { workspaceId: string; period: Period; by: readonly CutDimension[] };
type Answer = { figures: Figures; details: ReportDetails };

/** Bounds what is remembered: about 300 bytes a group. */
const MAX_REMEMBERED_GROUPS = 100_000;

/**
 * Answers about what a workspace spent. Recent periods of whole hours come from Redis; anything else, and
 * everything while Redis is away or being rebuilt, from the ledger. Both give the same figures.
 *
 * An answer from Redis is remembered until the version of the workspace's projection changes, which is asked for
 * each time: what is given is never older than the projection.
 */
export function createReports(options: {
  redis: Redis;
  warehouse: Warehouse;
  now: () => number;
  /** Told of a workspace that has costs but no projection: the time to rebuild it. Must not throw. */
  onAbsent?: (workspaceId: string) => void;
}) {
  const { redis, warehouse, onAbsent } = options;
  const remembered = new LRUCache<string, Answer>({
    maxSize: MAX_REMEMBERED_GROUPS,
    sizeCalculation: ({ details }) => 1 + groupCount(details),
  });

  async function answer(query: Query, now: number): Promise<Answer> {
    const fast = await fromRollups(query, now).catch(() => 'unreachable' as const);
    if (typeof fast === 'object') return fast;
    const figures = await figuresFromLedger(warehouse, query, now);
    if (fast === 'absent' && figures.total.events > 0) onAbsent?.(query.workspaceId);
    return { figures, details: reportDetails(figures) };
  }

  async function fromRollups(query: Query, now: number): Promise<Answer | 'not-held' | 'absent'> {
    const key = JSON.stringify([query, monthOf(now)]);
    const known = remembered.get(key);
    if (known !== undefined) {
      const state = await readState(redis, query.workspaceId);
      if (state?.version === known.figures.state?.version) return known;
    }
    const found = await figuresFromRollups(redis, query, now);
    if (found.kind === 'none') return found.reason;
    const { figures } = found;
    const fresh = { figures, details: reportDetails(figures) };
    remembered.set(key, fresh);
    return fresh;
  }

  return {
    /**
     * Total and breakdown of a period (epoch ms, half open; by default this UTC month so far), by one or more
     * dimensions or, without `by`, by each of them. Throws `warehouse_failed`.
     */
    async costs(query: {
      workspaceId: string;
      from?: number;
      to?: number;
      by?: readonly CutDimension[];
    }): Promise<CostReport> {
      const now = options.now();
      const { workspaceId, from, to, by = [] } = query;
      const period = completePeriod({ from, to }, now);
      const { figures, details } = await answer({ workspaceId, period, by }, now);
      return costReport(workspaceId, period, figures, details, now);
    },

    /** Costs over time, one point per UTC hour or day that had any; defaults as for `costs`. */
    async trend(query: {
      workspaceId: string;
      granularity: 'hour' | 'day';
      from?: number;
      to?: number;
    }) {
      const now = options.now();
      const { workspaceId, granularity, from, to } = query;
      const period = completePeriod({ from, to }, now);
      const { figures } = await answer({ workspaceId, period, by: [granularity] }, now);
      return {
        ...head(workspaceId, period, figures, now),
        granularity,
        points: (figures.groups ?? []).map(({ key, sums }) => ({
          start: granularity === 'day' ? `${key}T00:00:00Z` : key,
          costUsd: formatUsd(sums.cost),
          events: sums.events,
          unpricedEvents: sums.unpriced,
        })),
      };
    },
  };
}

function groupCount({ groups = [], breakdown = {} as never }: ReportDetails): number {
  return Object.values<unknown[]>(breakdown).reduce(
    (sum, list) => sum + list.length,
    groups.length,
  );
}
