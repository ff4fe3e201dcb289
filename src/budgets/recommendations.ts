import { setTimeout as delay } from 'node:timers/promises';
import type { Recommendation } from '../alerts/alert.ts';
import type { Warehouse } from '../cloud/bigquery.ts';
import type { Redis } from '../cloud/redis.ts';
import { formatDollarsRounded, formatUsd, type NanoUsd } from '../core/money.ts';
import { wholePercent } from '../core/percent.ts';
import { cheaperModelFor } from '../costs/pricing/cheaper-model.ts';
import type { PriceBook } from '../costs/pricing/price-book.ts';
import {
  type ModelCost,
  readSpendDetails,
  type SpendDetails,
  type SpendQuery,
} from './model-costs.ts';

/** What would bring the costs of a scope in a period down; never rejects and never takes long. */
export type Recommend = (query: SpendQuery) => Promise<Recommendation[]>;

const TIME_LIMIT_MS = 2_000;
const MAX_RECOMMENDATIONS = 3;
/** What is less of the spend than this is not worth a word, nor is a saving below. */
const MIN_SHARE_PERCENT = 5n;
const MIN_SAVING: NanoUsd = 10_000_000n;
const MIN_CONCENTRATION_PERCENT = 50n;

/**
 * Recommendations for alerts: at most three, none where there is nothing to say, where the figures do not come within two
 * seconds, or where they cannot be read (`onError`): they must never hold up an alert.
 */
export function createRecommend({
  redis,
  warehouse,
  prices,
  onError,
  timeLimitMs = TIME_LIMIT_MS,
}: {
  redis: Redis;
  warehouse: Pick<Warehouse, 'query'>;
  /** The price book with the overrides of these workspaces. */
  prices: (workspaceIds: Iterable<string>) => Promise<PriceBook>;
  onError: (error: unknown, workspaceId: string) => void;
  timeLimitMs?: number;
}): Recommend {
  async function recommend(query: SpendQuery): Promise<Recommendation[]> {
    const { workspaceId, now } = query;
    const [details, book] = await Promise.all([
      readSpendDetails({ redis, warehouse }, query),
      prices([workspaceId]),
    ]);
    return recommendationsOf(details, book, { workspaceId, at: now });
  }

  return async (query) => {
    const done = new AbortController();
    const tooLate = delay(timeLimitMs, [], { signal: done.signal }).catch(() => []);
    const found = recommend(query).catch((error: unknown) => {
      onError(error, query.workspaceId);
      return [];
    });
    try {
      return await Promise.race([found, tooLate]);
    } finally {
      done.abort();
    }
  };
}

/** The recommendations that follow from what a scope's costs consist of, at the rates of an instant. Pure. */
export function recommendationsOf(
  details: SpendDetails,
  book: Pick<PriceBook, 'describeRates'>,
  { workspaceId, at }: { workspaceId: string; at: number },
): Recommendation[] {
  const { totalNanoUsd } = details;
  if (totalNanoUsd <= 0n) return [];
  const cheaper = details.models
    .filter(({ costNanoUsd }) => costNanoUsd * 100n >= totalNanoUsd * MIN_SHARE_PERCENT)
    .flatMap((spent) => cheaperModel(spent, details, book, { workspaceId, at }) ?? [])
    .sort((a, b) => (a.savingNanoUsd > b.savingNanoUsd ? -1 : 1))
    .map(({ text, savingNanoUsd }): Recommendation => {
      return { kind: 'cheaper-model', text, savingUsd: formatUsd(savingNanoUsd) };
    });
  return [...cheaper, ...concentration(details)].slice(0, MAX_RECOMMENDATIONS);
}

function cheaperModel(
  spent: ModelCost,
  { totalNanoUsd, providers }: SpendDetails,
  book: Pick<PriceBook, 'describeRates'>,
  { workspaceId, at }: { workspaceId: string; at: number },
): { text: string; savingNanoUsd: NanoUsd } | undefined {
  const { model, costNanoUsd, tokens } = spent;
  if (model === '') return undefined;
  const ratesFrom = (provider: string) => book.describeRates({ provider, model, at, workspaceId });
  // Two providers may sell a model under one name; then only the ledger knows which of them did.
  const sellers =
    spent.provider === undefined
      ? providers.filter((provider) => ratesFrom(provider).kind === 'rates')
      : [spent.provider];
  const [provider] = sellers;
  if (provider === undefined || sellers.length > 1) return undefined;
  const cheaper = cheaperModelFor(
    book,
    { provider, model, costNanoUsd, tokens },
    { workspaceId, at },
  );
  if (cheaper.kind !== 'cheaper' || cheaper.savingNanoUsd < MIN_SAVING) return undefined;
  const text =
    `${model} is ${wholePercent(costNanoUsd, totalNanoUsd)} % of spend; the same tokens on ${cheaper.model} ` +
    `would have cost ${formatDollarsRounded(cheaper.costNanoUsd)} instead of ${formatDollarsRounded(costNanoUsd)}.`;
  return { text, savingNanoUsd: cheaper.savingNanoUsd };
}

function concentration({ attributions, totalNanoUsd }: SpendDetails): Recommendation[] {
  const [most] = attributions.toSorted((a, b) => (a.costNanoUsd > b.costNanoUsd ? -1 : 1));
  if (most === undefined) return [];
  if (most.costNanoUsd * 100n < totalNanoUsd * MIN_CONCENTRATION_PERCENT) return [];
  const { dimension, value, costNanoUsd } = most;
  const share = wholePercent(costNanoUsd, totalNanoUsd);
  const text = `The ${dimension} ${value} is ${share} % of spend: ${formatDollarsRounded(costNanoUsd)} of ${formatDollarsRounded(totalNanoUsd)}.`;
  return [{ kind: 'concentration', text }];
}
