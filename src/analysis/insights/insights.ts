import type { NanoUsd } from '../../core/money.ts';
import { parseUsd } from '../../core/money.ts';
import { DAY_MS, HOUR_MS } from '../../core/time.ts';
import type { PriceBook } from '../../costs/pricing/price-book.ts';
import type { Asks } from '../anomalies/detect.ts';
import { cacheUseOf, cachingInsights } from './caching.ts';
import { costChangeInsight } from './cost-change.ts';
import { driftInsights, readRunWeeks } from './drift.ts';
import { idleInsights, readIdleCompute } from './idle.ts';
import type { Insight } from './insight.ts';
import { readLlmUsage } from './llm-usage.ts';
import { type Compared, type Movement, readMovers } from './movers.ts';
import { type InsightReport, moverJson, moversOf, periodsOf, unpricedOf } from './report.ts';
import { rightSizingInsights } from './right-sizing.ts';
import { readTrends } from './trend.ts';
import { readUnitCosts } from './unit-costs.ts';

export type Insights = ReturnType<typeof createInsights>;

/** The longest period of a report. */
export const MAX_PERIOD_DAYS = 100;
const DEFAULT_DAYS = 7;

/** What is worth knowing about the costs of workspaces: what changed and why, and what would save. */
export function createInsights(options: {
  warehouse: Asks;
  /** The price book with the overrides of these workspaces. */
  prices: (workspaceIds: Iterable<string>) => Promise<PriceBook>;
}) {
  const { warehouse, prices } = options;

  return {
    /**
     * The reports of workspaces on a period of whole hours (epoch ms, half open), compared with the one of the same length
     * before it: one pass over the ledger for all of them. A workspace without costs has a report that says so. Reads only;
     * asking again gives the same, as long as no late entries come. Throws `warehouse_failed`.
     */
    async reports(
      workspaceIds: readonly string[],
      { fromMs, toMs }: { fromMs: number; toMs: number },
    ): Promise<InsightReport[]> {
      const compared: Compared = { beforeMs: fromMs - (toMs - fromMs), fromMs, toMs };
      // 1. What the ledger says, of all workspaces at once.
      const [movements, trends, units, usages, weeks, idle, book] = await Promise.all([
        readMovers(warehouse, workspaceIds, compared),
        readTrends(warehouse, workspaceIds, toMs),
        readUnitCosts(warehouse, workspaceIds, compared),
        readLlmUsage(warehouse, workspaceIds, compared),
        readRunWeeks(warehouse, workspaceIds, toMs),
        readIdleCompute(warehouse, workspaceIds, compared),
        prices(workspaceIds),
      ]);
      return workspaceIds.map((workspaceId) => {
        const movement = movements.get(workspaceId) ?? NOTHING;
        const usage = usages.get(workspaceId) ?? [];
        const spentNanoUsd = movement.total.costNanoUsd;
        const paid = { workspaceId, at: toMs - 1, spentNanoUsd };
        // 2. What follows from it, with its arithmetic.
        const insights = [
          ...costChangeInsight(movement),
          ...bySaving([
            ...rightSizingInsights(usage, book, paid),
            ...cachingInsights(usage, book, paid),
            ...driftInsights(weeks.get(workspaceId) ?? new Map(), spentNanoUsd),
            ...idleInsights(idle.get(workspaceId) ?? [], spentNanoUsd),
          ]),
        ];
        // 3. Both together, so that whoever reads it can check.
        return {
          workspaceId,
          ...periodsOf(compared),
          totals: moverJson(movement.total),
          movers: moversOf(movement),
          trend: trends.get(workspaceId) ?? { days: [], weeks: [], weeksInARow: 0 },
          unitCosts: units.get(workspaceId) ?? [],
          cache: cacheUseOf(usage, book, paid),
          unpriced: unpricedOf(usage, movement.total.unpriced),
          insights,
        };
      });
    },
  };
}

/** The period of a report that names none or half of one (epoch ms): seven days, up to the last complete hour. */
export function completeInsightPeriod(
  { fromMs, toMs }: { fromMs?: number | undefined; toMs?: number | undefined },
  now: number,
): { fromMs: number; toMs: number } {
  const to = toMs ?? now - (now % HOUR_MS);
  return { fromMs: fromMs ?? to - DEFAULT_DAYS * DAY_MS, toMs: to };
}

function bySaving(insights: Insight[]): Insight[] {
  const saving = ({ savingUsd = '0' }: Insight): NanoUsd => parseUsd(savingUsd);
  return insights.toSorted((a, b) => {
    const [first, second] = [saving(a), saving(b)];
    return first === second ? 0 : first > second ? -1 : 1;
  });
}

const NOTHING: Movement = {
  total: {
    value: '',
    costNanoUsd: 0n,
    beforeNanoUsd: 0n,
    changeNanoUsd: 0n,
    requests: 0,
    requestsBefore: 0,
    volumeNanoUsd: 0n,
    rateNanoUsd: 0n,
    because: 'unchanged',
    unpriced: 0,
    unpricedBefore: 0,
  },
  dimensions: [],
};
