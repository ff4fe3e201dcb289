import type { ConditionalPrice, ModelInfo, ModelPrice } from '@pydantic/genai-prices';
import { AppError } from '../../core/errors.ts';
import { parseDecimal } from '../../core/money.ts';
import { DAY_MS } from '../../core/time.ts';

/**
 * Decimals kept of a rate in USD per million tokens. The data's own numbers need up to 17
 * (`0.08333333333333334`); a number that needs more is refused, not rounded.
 */
export const RATE_SCALE = 18;

/** Exact USD per million, as an integer of 10^-RATE_SCALE; above each threshold another rate holds for everything. */
export type Rate = {
  readonly base: bigint;
  /** Ascending by `aboveInputTokens`; in force when the request's total input is greater. */
  readonly tiers: readonly { readonly aboveInputTokens: number; readonly rate: bigint }[];
};

/** What one price list charges for tokens. */
export type Rates = {
  readonly input: Rate;
  /** Zero where the list prices input alone (embeddings, rerankers): such models bill input alone. */
  readonly output: Rate;
  /** The input rate where caching has no price of its own, as for `cacheWrite`. */
  readonly cacheRead: Rate;
  readonly cacheWrite: Rate;
  /** Only where reasoning is billed apart from other output. */
  readonly reasoning?: Rate;
  /** A fee per request, in USD per million requests. */
  readonly request?: Rate;
};

/** A price list and when it holds; `rates` is absent when it has no price for tokens. */
export type DatedRates = {
  readonly holdsAt: (at: number) => boolean;
  readonly rates: Rates | undefined;
};

const FREE: Rate = { base: 0n, tiers: [] };
const THOUSANDS_PER_MILLION = 1000n;

/** The price lists of one model of the book, in the order of preference. Throws `invalid_price_data` on bad data. */
export function datedRatesOf(model: ModelInfo): DatedRates[] {
  if (!Array.isArray(model.prices)) {
    return [{ holdsAt: () => true, rates: ratesOf(model.id, model.prices) }];
  }
  // The data's rule: of the lists that hold, the last one counts.
  return model.prices
    .map(({ constraint, prices }) => ({
      holdsAt: conditionOf(constraint),
      rates: ratesOf(model.id, prices),
    }))
    .reverse();
}

/** The rates in force at an instant (epoch ms); undefined when there are none for tokens then. */
export function ratesAt(lists: readonly DatedRates[], at: number): Rates | undefined {
  for (const list of lists) if (list.holdsAt(at)) return list.rates;
  return undefined;
}

/** The rate for a request with so many input tokens, cached ones included. */
export function rateFor(rate: Rate, inputTokens: number): bigint {
  let inForce = rate.base;
  for (const tier of rate.tiers) if (inputTokens > tier.aboveInputTokens) inForce = tier.rate;
  return inForce;
}

/** A flat rate from a decimal text in USD per million. */
export function flatRate(usdPerMillion: string): Rate {
  return { base: parseDecimal(usdPerMillion, RATE_SCALE), tiers: [] };
}

/** The exact decimal of a number's shortest text, as an integer of 10^-RATE_SCALE. Throws `invalid_price_data`. */
export function exactRate(value: number): bigint {
  const [mantissa = '', exponent] = String(value).split('e');
  const shift = exponent === undefined ? 0 : Number(exponent);
  try {
    return shift < 0
      ? parseDecimal(shiftedLeft(mantissa, -shift), RATE_SCALE)
      : parseDecimal(mantissa, RATE_SCALE) * 10n ** BigInt(shift);
  } catch (cause) {
    throw new AppError({ code: 'invalid_price_data', message: `Not a price: ${value}`, cause });
  }
}

function ratesOf(modelId: string, prices: ModelPrice): Rates | undefined {
  const rate = (key: string) => (prices[key] === undefined ? undefined : rateOf(prices[key]));
  // An empty list may mean free, included in a plan, or withdrawn; only an id that ends in `:free` says which.
  const input = rate('input_mtok') ?? (modelId.endsWith(':free') ? FREE : undefined);
  if (input === undefined) return undefined;
  const reasoning = rate('output_reasoning_mtok');
  const perThousand = rate('requests_kcount');
  return {
    input,
    output: rate('output_mtok') ?? FREE,
    cacheRead: rate('cache_read_mtok') ?? input,
    cacheWrite: rate('cache_write_mtok') ?? input,
    ...(reasoning && { reasoning }),
    ...(perThousand && { request: timesThousand(perThousand) }),
  };
}

function rateOf(price: NonNullable<ModelPrice[string]>): Rate {
  if (typeof price === 'number') return { base: exactRate(price), tiers: [] };
  const tiers = price.tiers.map((tier) => ({
    aboveInputTokens: tier.start,
    rate: exactRate(tier.price),
  }));
  return {
    base: exactRate(price.base),
    tiers: tiers.sort((a, b) => a.aboveInputTokens - b.aboveInputTokens),
  };
}

function timesThousand(rate: Rate): Rate {
  return {
    base: rate.base * THOUSANDS_PER_MILLION,
    tiers: rate.tiers.map((tier) => ({ ...tier, rate: tier.rate * THOUSANDS_PER_MILLION })),
  };
}

function shiftedLeft(mantissa: string, places: number): string {
  const [whole = '', fraction = ''] = mantissa.split('.');
  return `0.${'0'.repeat(Math.max(0, places - whole.length))}${whole}${fraction}`;
}

function conditionOf(constraint: ConditionalPrice['constraint']): (at: number) => boolean {
  if (constraint === undefined) return () => true;
  if (constraint.type === 'start_date') {
    const start = Date.parse(`${constraint.start_date}T00:00:00Z`);
    return (at) => at >= start;
  }
  const start = timeOfDay(constraint.start_time);
  const end = timeOfDay(constraint.end_time);
  return (at) => {
    const time = modulo(at, DAY_MS);
    return start <= end ? time >= start && time < end : time >= start || time < end;
  };
}

/** Milliseconds since midnight UTC of a text like `00:30:00Z` or `08:30:00+08:00`. */
function timeOfDay(text: string): number {
  const at = Date.parse(`1970-01-01T${text}`);
  if (Number.isNaN(at)) {
    throw new AppError({ code: 'invalid_price_data', message: `Not a time of day: ${text}` });
  }
  return modulo(at, DAY_MS);
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
