import type { Usage } from '../costs/event.ts';
import { type AliasedField, findAliased } from './aliases.ts';
import type { Emitter } from './classify.ts';
import type { Attributes, AttributeValue } from './span.ts';

/** What a span says was used, as cost events have it: input with what was cached, output with reasoning. */
export type SpanUsage =
  | { kind: 'found'; usage: Usage }
  /** No counts, or only zeros, which instrumentations write when they were not told. */
  | { kind: 'none' }
  | { kind: 'contradictory'; detail: string };

const COUNTS = [
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const satisfies AliasedField[];
type Counts = Partial<Record<(typeof COUNTS)[number], number>>;

/**
 * Reads a model call's tokens and makes them one thing: every token once. Emitters differ in whether input includes what
 * was cached and output what was reasoned; see docs/otlp.md for who does what. Pure, never throws.
 */
export function readUsage(
  attributes: Attributes,
  call: { emitter: Emitter; provider: string; model: string | undefined },
): SpanUsage {
  const counts: Counts = {};
  for (const field of COUNTS) {
    const found = findAliased(attributes, field);
    if (found === undefined) continue;
    const count = toCount(found.value);
    if (count === undefined) {
      return contradictory(`${found.key} must be a whole number of tokens, 0 or more`);
    }
    counts[field] = count;
  }
  const asProviderSays = call.emitter === 'vercel-ai' ? usageOfProvider(attributes) : undefined;
  Object.assign(counts, asProviderSays);
  if (!((counts.inputTokens ?? 0) > 0 || (counts.outputTokens ?? 0) > 0)) return { kind: 'none' };
  return normalise(
    counts,
    asProviderSays === undefined && excludesCached(counts, attributes, call),
  );
}

function normalise(counts: Counts, inputExcludesCached: boolean): SpanUsage {
  const { totalTokens, cacheReadTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = counts;
  const cached = cacheReadTokens + cacheWriteTokens;
  const said = counts.inputTokens ?? 0;
  const output = counts.outputTokens ?? 0;
  // A total that only comes out when they are added says that they are apart.
  const totalOf = (parts: number) => totalTokens !== undefined && totalTokens === parts;
  const fitsWithout = totalOf(said + output);
  const cachedIsApart =
    inputExcludesCached ||
    (cached > 0 && !fitsWithout && totalOf(said + cached + output)) ||
    (cached > 0 && reasoningTokens > 0 && totalOf(said + cached + output + reasoningTokens));
  const input = cachedIsApart ? said + cached : said;
  const reasoningIsApart =
    reasoningTokens > 0 &&
    !fitsWithout &&
    (totalOf(input + output + reasoningTokens) || totalOf(said + output + reasoningTokens));
  const whole = reasoningIsApart ? output + reasoningTokens : output;
  if (cached > input) {
    return contradictory(`${cached} cached input tokens are more than all ${input} input tokens`);
  }
  if (reasoningTokens > whole) {
    return contradictory(
      `${reasoningTokens} reasoning tokens are more than all ${whole} output tokens`,
    );
  }
  const usage: Usage = { requests: 1 };
  if (counts.inputTokens !== undefined || cached > 0) usage.inputTokens = input;
  if (counts.outputTokens !== undefined || reasoningTokens > 0) usage.outputTokens = whole;
  if (cacheReadTokens > 0) usage.cacheReadTokens = cacheReadTokens;
  if (cacheWriteTokens > 0) usage.cacheWriteTokens = cacheWriteTokens;
  if (reasoningTokens > 0) usage.reasoningTokens = reasoningTokens;
  return { kind: 'found', usage };
}

/**
 * Anthropic's API (and Bedrock's) counts cached tokens beside input tokens. Instrumentations add them up, except AI SDK up
 * to version 5, which hands on what the API says; others are taken at their word unless that is impossible.
 */
function excludesCached(
  counts: Counts,
  attributes: Attributes,
  call: { emitter: Emitter; provider: string; model: string | undefined },
): boolean {
  const { inputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0 } = counts;
  if (!countsApart(call)) return false;
  if (call.emitter === 'vercel-ai' && !attributes.has('ai.usage.inputTokenDetails.noCacheTokens')) {
    return true;
  }
  return cacheReadTokens + cacheWriteTokens > inputTokens;
}

/** Whether the provider's own API counts cached tokens beside input tokens. */
function countsApart({ provider, model }: { provider: string; model: string | undefined }) {
  return provider === 'anthropic' || provider === 'aws' || (model?.includes('claude') ?? false);
}

/**
 * AI SDK hands on what Anthropic's API said, tokens written to the cache included, for which its versions 4 and 5 have no
 * attribute. Undefined where it does not.
 */
function usageOfProvider(attributes: Attributes): Counts | undefined {
  const metadata = attributes.get('ai.response.providerMetadata');
  if (typeof metadata !== 'string') return undefined;
  let body: { anthropic?: { usage?: Record<string, AttributeValue> } } | null;
  try {
    body = JSON.parse(metadata);
  } catch {
    return undefined;
  }
  const usage = body?.anthropic?.usage ?? {};
  const uncached = toCount(usage.input_tokens);
  if (uncached === undefined) return undefined;
  const cacheReadTokens = toCount(usage.cache_read_input_tokens) ?? 0;
  const cacheWriteTokens = toCount(usage.cache_creation_input_tokens) ?? 0;
  const inputTokens = uncached + cacheReadTokens + cacheWriteTokens;
  return { inputTokens, cacheReadTokens, cacheWriteTokens };
}

function toCount(value: AttributeValue | undefined): number | undefined {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function contradictory(detail: string): SpanUsage {
  return { kind: 'contradictory', detail };
}
