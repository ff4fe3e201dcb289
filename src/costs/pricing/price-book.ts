import { formatDecimal, type NanoUsd } from '../../core/money.ts';
import type { Usage } from '../event.ts';
import { type Cost, type CostGap, costOf, type PricePart } from './cost.ts';
import { createModelLookup, type ModelEntry, type ModelLookup } from './models.ts';
import { indexOverrides, type PriceOverride } from './overrides.ts';
import { RATE_SCALE, type Rate, type Rates, rateFor, ratesAt } from './rates.ts';

/** Names the price data: the npm version of `@pydantic/genai-prices`, which carries it. A test holds the two together. */
export const BOOK_PRICE_VERSION = 'genai-prices@0.1.8';

/** Why there is no price. Unknown is said, never guessed. */
export type UnpricedReason =
  | 'unknown-provider'
  | 'unknown-model'
  /** The model is known, but the list in force has no price for tokens (it may be billed by the hour, the page, a plan). */
  | 'no-rate-for-tokens'
  | CostGap;

export type PriceSource = 'price_book' | 'override';

export type PriceQuery = {
  provider: string;
  model?: string | undefined;
  /** When the cost arose, epoch ms; dated and time-of-day prices are chosen by it. */
  at: number;
  /** Whose overrides apply; without it only global ones do. */
  workspaceId?: string | undefined;
};

export type Price =
  | {
      kind: 'priced';
      /** Rounded once, half to even. */
      costNanoUsd: NanoUsd;
      source: PriceSource;
      priceVersion: string;
      /** How the cost came about, exact; worked out when read, since most callers never do. */
      readonly parts: PricePart[];
    }
  | { kind: 'unpriced'; reason: UnpricedReason };

/** Decimal texts in USD per million tokens. */
export type TokenRates = {
  input: string;
  output: string;
  cacheRead: string;
  cacheWrite: string;
  /** Only where reasoning is billed apart from other output. */
  reasoning?: string;
};

export type RatesInForce =
  | {
      kind: 'rates';
      source: PriceSource;
      priceVersion: string;
      /** Ids in the price book, or as the override names them. */
      provider: string;
      model: string;
      usdPerMillionTokens: TokenRates;
      usdPerThousandRequests?: string;
      /** Ascending; above a threshold of total input these rates hold for all tokens of the request. */
      tiers: { aboveInputTokens: number; usdPerMillionTokens: TokenRates }[];
    }
  | { kind: 'unpriced'; reason: UnpricedReason };

export type PriceBook = {
  /** What usage cost. Never throws; deterministic, so pricing the same event again gives the same nano-dollars. */
  price(query: PriceQuery & { usage: Usage }): Price;
  /** The rates in force at an instant, for people to read. */
  describeRates(query: PriceQuery): RatesInForce;
  /** A book with these overrides in place of its own; shares what was looked up, so it is cheap to make. */
  withOverrides(overrides: readonly PriceOverride[]): PriceBook;
};

/**
 * The price book: genai-prices' data with overrides before it. Models are looked up when first asked for and then
 * remembered. Throws `invalid_price_override` for an override whose rates are no decimals.
 */
export function createPriceBook(options: { overrides?: readonly PriceOverride[] } = {}): PriceBook {
  return createBook(createModelLookup(), options.overrides ?? []);
}

type Found =
  | { kind: 'found'; rates: Rates; source: PriceSource; priceVersion: string; names: Names }
  | { kind: 'unpriced'; reason: UnpricedReason };
type Names = { provider: string; model: string };

function createBook(models: ModelLookup, given: readonly PriceOverride[]): PriceBook {
  const overrides = indexOverrides(given);

  function find({ provider, model = '', at, workspaceId }: PriceQuery): Found {
    const entry = models.find(provider, model);
    const override = overrides.find(entry.address, at, workspaceId);
    if (override === undefined) return inBook(entry, at);
    const { rates, priceVersion } = override;
    return { kind: 'found', rates, source: 'override', priceVersion, names: override };
  }

  return {
    price(query) {
      const found = find(query);
      if (found.kind === 'unpriced') return found;
      return priced(costOf(found.rates, query.usage), found.source, found.priceVersion);
    },
    describeRates(query) {
      const found = find(query);
      if (found.kind === 'unpriced') return found;
      const { source, priceVersion, rates, names } = found;
      const { provider, model } = names;
      return { kind: 'rates', source, priceVersion, provider, model, ...describe(rates) };
    },
    withOverrides: (next) => createBook(models, next),
  };
}

function inBook(entry: ModelEntry, at: number): Found {
  if (entry.kind === 'unknown') return { kind: 'unpriced', reason: entry.reason };
  const rates = ratesAt(entry.lists, at);
  if (rates === undefined) return { kind: 'unpriced', reason: 'no-rate-for-tokens' };
  const names = { provider: entry.bookProvider, model: entry.bookModel };
  return {
    kind: 'found',
    rates,
    source: 'price_book',
    priceVersion: BOOK_PRICE_VERSION,
    names,
  };
}

function priced(cost: Cost, source: PriceSource, priceVersion: string): Price {
  if (cost.kind === 'gap') return { kind: 'unpriced', reason: cost.reason };
  const { costNanoUsd, parts } = cost;
  return {
    kind: 'priced',
    costNanoUsd,
    source,
    priceVersion,
    get parts() {
      return parts();
    },
  };
}

function describe(rates: Rates) {
  const { input, output, cacheRead, cacheWrite, reasoning, request } = rates;
  const thresholds = new Set(
    Object.values(rates).flatMap((rate) => rate.tiers.map((tier) => tier.aboveInputTokens)),
  );
  const ratesWith = (inputTokens: number): TokenRates => {
    const text = (rate: Rate) => formatDecimal(rateFor(rate, inputTokens), RATE_SCALE);
    return {
      input: text(input),
      output: text(output),
      cacheRead: text(cacheRead),
      cacheWrite: text(cacheWrite),
      ...(reasoning && { reasoning: text(reasoning) }),
    };
  };
  return {
    usdPerMillionTokens: ratesWith(0),
    ...(request && { usdPerThousandRequests: formatDecimal(request.base, RATE_SCALE + 3) }),
    tiers: [...thresholds]
      .sort((a, b) => a - b)
      .map((threshold) => ({
        aboveInputTokens: threshold,
        usdPerMillionTokens: ratesWith(threshold + 1),
      })),
  };
}
