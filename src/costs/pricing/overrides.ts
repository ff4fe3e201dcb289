import { AppError } from '../../core/errors.ts';
import { PLATFORM_SCOPE } from '../../core/ids.ts';
import { type Address, addressOf, foldProvider } from './providers.ts';
import { flatRate, type Rates } from './rates.ts';

/** Decimal texts in USD per million tokens. A cache rate left out is the input rate. */
export type OverrideRates = {
  input: string;
  output: string;
  cacheRead?: string;
  cacheWrite?: string;
};

/** A negotiated or corrected price, valid from one instant until another. */
export type PriceOverride = {
  id: string;
  /** Counts the edits of this override; part of the price version written beside each cost. */
  version: number;
  /** The workspace it holds for, or `PLATFORM_SCOPE`. */
  scope: string;
  /** As the events spell it (then it holds for that spelling), or the price book's id (for every spelling of it). */
  provider: string;
  /** The model exactly as events name it, regardless of case and of a prefix that repeats the provider. */
  model: string;
  /** Epoch ms, inclusive. */
  validFrom: number;
  /** Epoch ms, exclusive; absent: until further notice. */
  validTo?: number;
  usdPerMillionTokens: OverrideRates;
};

/** An override ready to be applied. */
export type ReadyOverride = PriceOverride & { rates: Rates; priceVersion: string };

export type Overrides = {
  /** The override in force for a workspace at an instant: the workspace's before a global one, then the one that began last. */
  find(address: Address, at: number, workspaceId: string | undefined): ReadyOverride | undefined;
};

/** Indexes overrides by address. Throws `invalid_price_override` when a rate is no decimal. Pure. */
export function indexOverrides(overrides: readonly PriceOverride[]): Overrides {
  const byAddress = new Map<string, ReadyOverride[]>();
  for (const override of overrides) {
    const { spelling, bareModel } = addressOf(override.provider, override.model);
    const key = addressKey(spelling, bareModel);
    const ready = { ...override, rates: ratesOf(override), priceVersion: priceVersionOf(override) };
    byAddress.set(key, [...(byAddress.get(key) ?? []), ready]);
  }
  if (byAddress.size === 0) return { find: () => undefined };
  return {
    find(address, at, workspaceId) {
      const { spelling, bookProvider, bareModel } = address;
      const spelled = byAddress.get(addressKey(spelling, bareModel)) ?? [];
      const bookKey = bookProvider === undefined ? spelling : foldProvider(bookProvider);
      const general =
        bookKey === spelling ? [] : (byAddress.get(addressKey(bookKey, bareModel)) ?? []);
      let best: ReadyOverride | undefined;
      // Spelled ones come first, so that on a tie the more specific name stays.
      for (const candidate of [...spelled, ...general]) {
        const ours = candidate.scope === workspaceId || candidate.scope === PLATFORM_SCOPE;
        const holds = candidate.validFrom <= at && at < (candidate.validTo ?? Infinity);
        if (ours && holds && (best === undefined || precedes(candidate, best))) best = candidate;
      }
      return best;
    },
  };
}

function precedes(a: ReadyOverride, b: ReadyOverride): boolean {
  if (a.scope !== b.scope) return b.scope === PLATFORM_SCOPE;
  if (a.validFrom !== b.validFrom) return a.validFrom > b.validFrom;
  const sameSpelling = foldProvider(a.provider) === foldProvider(b.provider);
  return sameSpelling && a.id > b.id;
}

function ratesOf({ id, usdPerMillionTokens }: PriceOverride): Rates {
  const { input, output, cacheRead = input, cacheWrite = input } = usdPerMillionTokens;
  try {
    return {
      input: flatRate(input),
      output: flatRate(output),
      cacheRead: flatRate(cacheRead),
      cacheWrite: flatRate(cacheWrite),
    };
  } catch (cause) {
    throw new AppError({
      code: 'invalid_price_override',
      message: `Price override ${id} has a rate that is not a decimal`,
      cause,
    });
  }
}

function priceVersionOf({ scope, id, version }: PriceOverride): string {
  return `override:${scope}:${id}@${version}`;
}

function addressKey(provider: string, model: string): string {
  return `${provider}\n${model}`;
}
