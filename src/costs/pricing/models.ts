import { calcPrice } from '@pydantic/genai-prices';
import { type Address, addressOf } from './providers.ts';
import { type DatedRates, datedRatesOf } from './rates.ts';

/** What the book knows of a provider and model, and under which address it was looked up. */
export type ModelEntry = { address: Address } & (
  | { kind: 'known'; bookProvider: string; bookModel: string; lists: readonly DatedRates[] }
  | { kind: 'unknown'; reason: 'unknown-provider' | 'unknown-model' }
);

export type ModelLookup = { find(provider: string, model: string): ModelEntry };

/** How many addresses are remembered; names come from outside, so the memory is bounded. */
const MAX_REMEMBERED = 10_000;

/**
 * Finds models in the price data by the data's own match rules, within the provider that was named and those it says
 * it resells (`fallback_model_providers`: Azure sells OpenAI's models, Vertex AI sells Anthropic's), never elsewhere.
 * Remembers answers, the unknown ones too. Creating it does no work.
 */
export function createModelLookup(): ModelLookup {
  const remembered = new Map<string, ModelEntry>();
  return {
    find(provider, model) {
      const key = `${provider}\n${model}`;
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const entry = lookUp(addressOf(provider, model));
      if (remembered.size >= MAX_REMEMBERED) {
        for (const oldest of remembered.keys()) {
          remembered.delete(oldest);
          break;
        }
      }
      remembered.set(key, entry);
      return entry;
    },
  };
}

function lookUp(address: Address): ModelEntry {
  const { bookProvider, model, bareModel } = address;
  if (bookProvider === undefined) return { address, kind: 'unknown', reason: 'unknown-provider' };
  // An empty usage asks calcPrice for its matching alone; its arithmetic is in floats.
  const match =
    calcPrice({}, model, { providerId: bookProvider }) ??
    calcPrice({}, bareModel, { providerId: bookProvider });
  if (match === null) return { address, kind: 'unknown', reason: 'unknown-model' };
  return {
    address,
    kind: 'known',
    bookProvider,
    bookModel: match.model.id,
    lists: datedRatesOf(match.model),
  };
}
