import { findProvider } from '@pydantic/genai-prices';
import { parseDecimal } from '../../core/money.ts';
import type { PriceBook, TokenRates } from './price-book.ts';
import { addressOf } from './providers.ts';
import { RATE_SCALE } from './rates.ts';

/** Another size of the same model, and what it charges. */
export type Sibling = { model: string; usdPerMillionTokens: TokenRates };

/** What vendors call the sizes that they sell one generation of a model in. */
const SIZE_WORDS = new Set([
  'nano',
  'micro',
  'tiny',
  'mini',
  'lite',
  'light',
  'flash',
  'haiku',
  'small',
  'sonnet',
  'medium',
  'plus',
  'large',
  'pro',
  'premier',
  'opus',
  'max',
  'ultra',
]);
/** `70b`, `8x22b`: a size in parameters. */
const PARAMETERS = /^(\d+x)?\d+(\.\d+)?b$/;
/** Words and numbers that name a release of one and the same model, not another model. */
const RELEASE = /^(latest|preview|exp|experimental|v\d+|0|\d{3,4}|\d{6,8})$/;

/**
 * The next cheaper size of a model: of the same provider, family and generation in the price data (`gpt-4o` →
 * `gpt-4o-mini`, `claude-sonnet-4-5` → `claude-haiku-4-5`), still offered, with neither input nor output dearer and one
 * of them cheaper, by the rates that the workspace pays at that instant. The dearest of those is the nearest. Undefined
 * when there is none, or nobody knows the model. Pure but for the price data.
 */
export function cheaperSibling(
  book: Pick<PriceBook, 'describeRates'>,
  query: { provider: string; model: string; at: number; workspaceId: string },
): Sibling | undefined {
  const { provider, at, workspaceId } = query;
  const { bookProvider, bareModel } = addressOf(provider, query.model);
  if (bookProvider === undefined) return undefined;
  const own = book.describeRates({ provider, model: bareModel, at, workspaceId });
  if (own.kind !== 'rates') return undefined;
  const wanted = kinOf(own.model);
  const ownPrice = priceOf(own.usdPerMillionTokens);

  const siblings = offeredModels(bookProvider).flatMap((model) => {
    const kin = kinOf(model);
    if (kin.family !== wanted.family || kin.size === wanted.size) return [];
    const rates = book.describeRates({ provider: bookProvider, model, at, workspaceId });
    if (rates.kind !== 'rates' || rates.model !== model) return [];
    const { usdPerMillionTokens } = rates;
    const price = priceOf(usdPerMillionTokens);
    const isCheaper =
      price.input <= ownPrice.input && price.output <= ownPrice.output && price.sum < ownPrice.sum;
    return isCheaper && price.sum > 0n ? [{ model, usdPerMillionTokens, price }] : [];
  });
  const [nearest] = siblings.sort((a, b) => {
    if (a.price.sum !== b.price.sum) return a.price.sum > b.price.sum ? -1 : 1;
    return a.model.length - b.model.length || (a.model < b.model ? -1 : 1);
  });
  return nearest && { model: nearest.model, usdPerMillionTokens: nearest.usdPerMillionTokens };
}

/** A model's family with its generation, and its size within it ('' where the name says none). */
export function kinOf(model: string): { family: string; size: string } {
  const undated = model.toLowerCase().replace(/\d{4}-\d{2}-\d{2}/, '');
  const words = undated.split(/[^a-z0-9.]+/).flatMap((word) => splitVersion(word));
  const isSize = (word: string) => SIZE_WORDS.has(word) || PARAMETERS.test(word);
  const family = words.filter((word) => word !== '' && !isSize(word) && !RELEASE.test(word));
  // `claude-3-5-haiku` and `claude-haiku-4-5` differ in where they put the size.
  return { family: family.join(' '), size: words.filter(isSize).join(' ') };
}

/** `3.5` as `3` and `5`, so that it is the same generation as `3-5`; sizes keep their point. */
function splitVersion(word: string): string[] {
  return PARAMETERS.test(word) ? [word] : word.split('.');
}

/** The ids of the models that a provider of the book sells and has not withdrawn, and of those it resells. */
function offeredModels(bookProvider: string): string[] {
  const provider = findProvider({ providerId: bookProvider });
  const resold = provider?.fallback_model_providers ?? [];
  const sellers = [provider, ...resold.map((providerId) => findProvider({ providerId }))];
  const models = sellers.flatMap((seller) => seller?.models ?? []);
  return [...new Set(models.filter((model) => !model.deprecated).map(({ id }) => id))];
}

function priceOf(rates: TokenRates): { input: bigint; output: bigint; sum: bigint } {
  const input = parseDecimal(rates.input, RATE_SCALE);
  const output = parseDecimal(rates.output, RATE_SCALE);
  return { input, output, sum: input + output };
}
