import {
  findProvider,
  extractUsage as genaiExtractUsage,
  type Provider,
  type UsageExtractor,
} from '@pydantic/genai-prices';
import { errorMessage } from '../../core/errors.ts';
import type { Usage } from '../event.ts';
import { bookProviderOf } from './providers.ts';

export type ExtractedUsage =
  | {
      kind: 'found';
      /** The model that answered, where the body names it. */
      model?: string;
      /** As in a cost event: input includes cached tokens, output includes reasoning. */
      usage: Usage;
      /**
       * Other counts the body reports, under genai-prices' names (`input_audio_tokens`, `web_searches`,
       * `cache_write_1h_tokens`): cost events have no field for them, and their own prices, if any, are not charged.
       */
      alsoReported: Record<string, number>;
    }
  | { kind: 'none'; reason: ExtractionGap; message: string };

export type ExtractionGap =
  /** The provider is not in the price book. */
  | 'unknown-provider'
  /** The provider has no such `api`. */
  | 'unknown-api'
  /** The body carries no usage in any form the provider is known to answer in. */
  | 'no-usage'
  /** The counts contradict each other (more cached than input tokens) or are no whole numbers. */
  | 'inconsistent-usage';

const FIELDS: Record<string, keyof Usage> = {
  input_tokens: 'inputTokens',
  output_tokens: 'outputTokens',
  cache_read_tokens: 'cacheReadTokens',
  cache_write_tokens: 'cacheWriteTokens',
  output_reasoning_tokens: 'reasoningTokens',
};

/** Cohere's v1 chat, which the data would read as embeddings and so without its output. */
const COHERE_V1_CHAT: UsageExtractor = {
  api_flavor: 'chat-v1',
  root: ['meta', 'billed_units'],
  model_path: 'model',
  mappings: [
    { path: 'input_tokens', dest: 'input_tokens', required: true },
    { path: 'output_tokens', dest: 'output_tokens', required: true },
  ],
};

/**
 * The usage in a provider's response body as it came, read by genai-prices' extractors. `api` names the flavour
 * (`chat`, `responses`, `anthropic`, `embeddings`, …); without it the body's shape decides. Providers for which the data
 * has no extractor answer in OpenAI's chat format and are read so. Pure, never throws.
 */
export function extractUsage(options: {
  provider: string;
  body: unknown;
  api?: string;
}): ExtractedUsage {
  const provider = readerOf(options.provider);
  if (provider === undefined) {
    return none('unknown-provider', `No provider ${options.provider} in the price book`);
  }
  const body = unwrapped(options.body);
  const flavours = provider.extractors.map((extractor) => extractor.api_flavor);
  if (options.api !== undefined && !flavours.includes(options.api)) {
    return none('unknown-api', `Known for ${options.provider}: ${flavours.join(', ')}`);
  }
  let message = '';
  for (const flavour of options.api === undefined
    ? likeliestFirst(flavours, body)
    : [options.api]) {
    try {
      return mapped(genaiExtractUsage(provider, body, flavour));
    } catch (error) {
      // The library says "not this shape" by throwing; the first complaint is about the likeliest shape.
      message ||= errorMessage(error);
    }
  }
  return none('no-usage', message);
}

function readerOf(name: string): (Provider & { extractors: UsageExtractor[] }) | undefined {
  const providerId = bookProviderOf(name);
  const provider = providerId === undefined ? undefined : findProvider({ providerId });
  if (provider === undefined) return undefined;
  if (provider.id === 'cohere') {
    return { ...provider, extractors: [COHERE_V1_CHAT, ...(provider.extractors ?? [])] };
  }
  const openai = findProvider({ providerId: 'openai' })?.extractors ?? [];
  return { ...provider, extractors: provider.extractors ?? openai };
}

/**
 * Two flavours may both read a body and mean different things (input with or without cached tokens, output with or
 * without reasoning), so the marks only one of them leaves decide which is tried first.
 */
function likeliestFirst(flavours: readonly string[], body: unknown): string[] {
  const likely = markedFlavour(body);
  return [...flavours].sort((a, b) => Number(b === likely) - Number(a === likely));
}

function markedFlavour(body: unknown): string | undefined {
  if (!isRecord(body)) return undefined;
  const usage = isRecord(body.usage) ? body.usage : {};
  const reports = (...keys: string[]) => keys.some((key) => key in usage);
  if (body.type === 'message') return 'anthropic';
  if (reports('cache_read_input_tokens', 'cache_creation_input_tokens')) return 'anthropic';
  if (reports('prompt_tokens_details', 'completion_tokens_details')) return 'chat';
  if (reports('input_tokens_details', 'output_tokens_details')) return 'responses';
  return undefined;
}

/** The last event of OpenAI's Responses stream wraps the response, which else looks like a realtime answer. */
function unwrapped(body: unknown): unknown {
  const isStreamEnd =
    isRecord(body) && (body.type === 'response.completed' || body.type === 'response.incomplete');
  return isStreamEnd ? body.response : body;
}

function mapped(extracted: ReturnType<typeof genaiExtractUsage>): ExtractedUsage {
  const usage: Usage = {};
  const alsoReported: Record<string, number> = {};
  for (const [key, count] of Object.entries(extracted.usage)) {
    const field = FIELDS[key];
    if (count === undefined) continue;
    if (field !== undefined) Object.assign(usage, { [field]: count });
    else if (count > 0) alsoReported[key] = count;
  }
  if (!Object.values(usage).every(Number.isSafeInteger)) {
    return none('inconsistent-usage', `Not whole numbers: ${JSON.stringify(usage)}`);
  }
  const { inputTokens = 0, outputTokens = 0 } = usage;
  const { cacheReadTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = usage;
  if (cacheReadTokens + cacheWriteTokens > inputTokens || reasoningTokens > outputTokens) {
    return none('inconsistent-usage', `A part exceeds its whole in ${JSON.stringify(usage)}`);
  }
  const model = extracted.model === null ? {} : { model: extracted.model };
  return { kind: 'found', ...model, usage, alsoReported };
}

function none(reason: ExtractionGap, message: string): ExtractedUsage {
  return { kind: 'none', reason, message };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
