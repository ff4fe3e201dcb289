import type { Warehouse } from '../../cloud/bigquery.ts';
import type { Redis } from '../../cloud/redis.ts';
import { createRemembered } from '../../core/remembered.ts';
import { formatInstant, MINUTE_MS } from '../../core/time.ts';
import { type CostForecast, forecastCosts } from '../forecast/costs.ts';
import { type HistoryRead, readHistory, type Whose } from './forecast-history.ts';

export type Forecasts = ReturnType<typeof createForecasts>;

/** A forecast, or why there is none, with what it was made of. */
export type ForecastReport = {
  currency: 'USD';
  /** The store that the history was read from. */
  source: HistoryRead['source'];
  /** Of the history. */
  grain: 'hour' | 'day';
  /** RFC 3339: what is spent and what is to come meet here. */
  asOf: string;
} & CostForecast;

/** A forecast answers as long as this: it changes with whole days or hours, what was spent with every event. */
const REMEMBERED_MS = 5 * MINUTE_MS;
/** About 8 KB each. */
const MAX_REMEMBERED = 1_000;

/**
 * Forecasts of what workspaces and the platform will spend. One is made at most once in five minutes, however many ask for
 * it at the same time; `asOf` says when. What failed is tried anew by whoever asks next.
 */
export function createForecasts(options: {
  redis: Redis;
  warehouse: Pick<Warehouse, 'query'>;
  now: () => number;
}) {
  const { redis, warehouse } = options;
  const remembered = createRemembered<ForecastReport>({
    forMs: REMEMBERED_MS,
    max: MAX_REMEMBERED,
    now: options.now,
  });

  async function make(whose: Whose): Promise<ForecastReport> {
    const now = options.now();
    const { source, history } = await readHistory({ redis, warehouse }, whose, now);
    const head = { currency: 'USD' as const, source, grain: history.grain };
    return { ...head, asOf: formatInstant(now), ...forecastCosts(history, now) };
  }

  const recall = (whose: Whose) => remembered(JSON.stringify(whose), () => make(whose));

  return {
    /** The rest of the month and the next 30 days of one workspace. Throws `warehouse_failed`. */
    workspace: (workspaceId: string) => recall({ kind: 'workspace', workspaceId }),

    /**
     * The same of all workspaces together, made from their summed costs: what they do wrong evens out, so it is not the sum
     * of their forecasts, and its intervals are narrower than the sums of theirs. Throws `warehouse_failed`.
     */
    platform: () => recall({ kind: 'platform' }),
  };
}
