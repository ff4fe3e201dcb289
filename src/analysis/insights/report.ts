import { formatUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { CacheUse } from './caching.ts';
import type { Insight } from './insight.ts';
import type { LlmUsage } from './llm-usage.ts';
import type { Compared, Movement, Mover, MoverReason } from './movers.ts';
import type { Trend } from './trend.ts';
import type { UnitCosts } from './unit-costs.ts';

/** A mover as JSON. */
export type MoverJson = {
  value: string;
  costUsd: string;
  beforeUsd: string;
  changeUsd: string;
  requests: number;
  requestsBefore: number;
  volumeUsd: string;
  rateUsd: string;
  because: MoverReason;
};

/** What is worth knowing about a workspace's costs in a period, as JSON: amounts are decimal texts in USD. */
export type InsightReport = {
  workspaceId: string;
  period: { from: string; to: string };
  comparedWith: { from: string; to: string };
  totals: MoverJson;
  /** By dimension the values whose costs changed most; `valueCount` is how many values it has in both periods. */
  movers: { dimension: string; valueCount: number; values: MoverJson[] }[];
  trend: Trend;
  unitCosts: UnitCosts;
  cache: CacheUse;
  /** Usage of models without a known price. It costs nothing above, and nothing is guessed about it. */
  unpriced: { events: number; models: { provider: string; model: string; events: number }[] };
  /** What changed first, then what saves most; empty where there is nothing to say. */
  insights: Insight[];
};

/** What a report says about usage without a price: how much there is, and of which models. Pure. */
export function unpricedOf(usages: readonly LlmUsage[], events: number): InsightReport['unpriced'] {
  const models = new Map<string, { provider: string; model: string; events: number }>();
  for (const { provider, model, unpriced } of usages) {
    if (unpriced <= 0) continue;
    const key = JSON.stringify([provider, model]);
    const known = models.get(key)?.events ?? 0;
    models.set(key, { provider, model, events: known + unpriced });
  }
  return { events, models: [...models.values()].sort((a, b) => b.events - a.events) };
}

/** The periods of a report as JSON. */
export function periodsOf({ beforeMs, fromMs, toMs }: Compared) {
  return {
    period: { from: formatInstant(fromMs), to: formatInstant(toMs) },
    comparedWith: { from: formatInstant(beforeMs), to: formatInstant(fromMs) },
  };
}

/** The movers of each dimension that has more than one value: a single one moves with the whole. */
export function moversOf({ dimensions }: Movement): InsightReport['movers'] {
  return dimensions
    .filter(({ valueCount }) => valueCount > 1)
    .map(({ dimension, valueCount, movers }) => ({
      dimension,
      valueCount,
      values: movers.filter(({ because }) => because !== 'unchanged').map(moverJson),
    }));
}

/** A mover with its amounts as texts. */
export function moverJson(mover: Mover): MoverJson {
  const { value, requests, requestsBefore, because } = mover;
  return {
    value,
    costUsd: formatUsd(mover.costNanoUsd),
    beforeUsd: formatUsd(mover.beforeNanoUsd),
    changeUsd: formatUsd(mover.changeNanoUsd),
    requests,
    requestsBefore,
    volumeUsd: formatUsd(mover.volumeNanoUsd),
    rateUsd: formatUsd(mover.rateNanoUsd),
    because,
  };
}
