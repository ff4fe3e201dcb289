import type { Warehouse } from '../../cloud/bigquery.ts';
import type { Redis } from '../../cloud/redis.ts';
import { formatUsd } from '../../core/money.ts';
import { figuresFromLedger } from './from-ledger.ts';
import { figuresFromRollups } from './from-rollups.ts';
import type { Period } from './plan.ts';
import { type CostReport, type CutDimension, completePeriod, costReport, head } from './report.ts';

export type Reports = ReturnType<typeof createReports>;

/**
 * Answers about what a workspace spent. Recent periods of whole hours come from Redis; anything else, and
 * everything while Redis is away or being rebuilt, from the ledger. Both give the same figures.
 */
export function createReports(options: { redis: Redis; warehouse: Warehouse; now: () => number }) {
  const { redis, warehouse } = options;

  async function figuresOf(
    query: { workspaceId: string; period: Period; by: readonly CutDimension[] },
    now: number,
  ) {
    const fast = await figuresFromRollups(redis, query, now).catch(() => undefined);
    return fast ?? (await figuresFromLedger(warehouse, query, now));
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
      const figures = await figuresOf({ workspaceId, period, by }, now);
      return costReport(workspaceId, period, figures, now);
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
      const figures = await figuresOf({ workspaceId, period, by: [granularity] }, now);
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
