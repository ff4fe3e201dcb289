import type { Attributes, AttributeValue } from './span.ts';

/** Changes whenever a spelling is added or moved; named in logs beside what was made of a span. */
export const ALIASES_VERSION = '2026-11-21';

/** A spelling of an attribute, and who writes it. */
export type Alias = { key: string; of: string };

const SEMCONV = 'OpenTelemetry GenAI, semantic-conventions 1.37-1.45';
const OLD_SEMCONV = 'OpenTelemetry GenAI, semantic-conventions 1.26-1.36';
const OLDEST_SEMCONV = 'OpenTelemetry GenAI, semantic-conventions below 1.27';
const OPENLLMETRY = 'OpenLLMetry (Traceloop), semantic-conventions-ai 0.4';
const OLD_OPENLLMETRY = 'OpenLLMetry (Traceloop), semantic-conventions-ai below 0.4';
const OPENINFERENCE = 'OpenInference, semantic-conventions 2';
const AI_SDK_4 = 'Vercel AI SDK 3-4, and its generateObject in 5-6';
const AI_SDK_5 = 'Vercel AI SDK 5-6';
const AI_SDK_6 = 'Vercel AI SDK 6';
const PYDANTIC_AI = 'pydantic-ai 1';
const OLD_PYDANTIC_AI = 'pydantic-ai below 1';
const SENTRY = 'Sentry SDKs 9-10';
const AGENTWORKS = 'this SDK';

/**
 * What a span says of a model call, under our names, with every spelling it is known by: where several are there, the
 * first counts. Held against the emitters' own packages by the tests.
 */
export const ALIASES = {
  operation: [{ key: 'gen_ai.operation.name', of: SEMCONV }],
  provider: [
    { key: 'gen_ai.provider.name', of: SEMCONV },
    { key: 'gen_ai.system', of: OLD_SEMCONV },
    // Who is paid comes before whose format is spoken: Azure sells what OpenAI makes.
    { key: 'llm.provider', of: OPENINFERENCE },
    { key: 'llm.system', of: OPENINFERENCE },
    { key: 'ai.model.provider', of: AI_SDK_4 },
    { key: 'llm.vendor', of: OLD_OPENLLMETRY },
  ],
  responseModel: [
    { key: 'gen_ai.response.model', of: SEMCONV },
    { key: 'ai.response.model', of: AI_SDK_4 },
    { key: 'llm.response.model', of: OLD_OPENLLMETRY },
  ],
  requestModel: [
    { key: 'gen_ai.request.model', of: SEMCONV },
    { key: 'llm.model_name', of: OPENINFERENCE },
    { key: 'embedding.model_name', of: OPENINFERENCE },
    { key: 'ai.model.id', of: AI_SDK_4 },
    { key: 'llm.request.model', of: OLD_OPENLLMETRY },
  ],
  responseId: [
    { key: 'gen_ai.response.id', of: SEMCONV },
    { key: 'ai.response.id', of: AI_SDK_4 },
  ],
  inputTokens: [
    { key: 'gen_ai.usage.input_tokens', of: SEMCONV },
    { key: 'gen_ai.usage.prompt_tokens', of: OLDEST_SEMCONV },
    { key: 'llm.token_count.prompt', of: OPENINFERENCE },
    { key: 'ai.usage.inputTokens', of: AI_SDK_5 },
    { key: 'ai.usage.promptTokens', of: AI_SDK_4 },
    // Of embeddings, which have no output.
    { key: 'ai.usage.tokens', of: AI_SDK_4 },
    { key: 'llm.usage.prompt_tokens', of: OLD_OPENLLMETRY },
  ],
  outputTokens: [
    { key: 'gen_ai.usage.output_tokens', of: SEMCONV },
    { key: 'gen_ai.usage.completion_tokens', of: OLDEST_SEMCONV },
    { key: 'llm.token_count.completion', of: OPENINFERENCE },
    { key: 'ai.usage.outputTokens', of: AI_SDK_5 },
    { key: 'ai.usage.completionTokens', of: AI_SDK_4 },
    { key: 'llm.usage.completion_tokens', of: OLD_OPENLLMETRY },
  ],
  totalTokens: [
    { key: 'gen_ai.usage.total_tokens', of: OPENLLMETRY },
    { key: 'llm.usage.total_tokens', of: OLD_OPENLLMETRY },
    { key: 'llm.token_count.total', of: OPENINFERENCE },
    { key: 'ai.usage.totalTokens', of: AI_SDK_5 },
  ],
  cacheReadTokens: [
    { key: 'gen_ai.usage.cache_read.input_tokens', of: SEMCONV },
    { key: 'gen_ai.usage.cache_read_input_tokens', of: OPENLLMETRY },
    { key: 'llm.token_count.prompt_details.cache_read', of: OPENINFERENCE },
    { key: 'ai.usage.inputTokenDetails.cacheReadTokens', of: AI_SDK_6 },
    { key: 'ai.usage.cachedInputTokens', of: AI_SDK_5 },
    { key: 'gen_ai.usage.details.cache_read_tokens', of: PYDANTIC_AI },
    { key: 'gen_ai.usage.details.cache_read_input_tokens', of: OLD_PYDANTIC_AI },
    { key: 'gen_ai.usage.details.cached_tokens', of: OLD_PYDANTIC_AI },
    { key: 'gen_ai.usage.input_tokens.cached', of: SENTRY },
  ],
  cacheWriteTokens: [
    { key: 'gen_ai.usage.cache_creation.input_tokens', of: SEMCONV },
    { key: 'gen_ai.usage.cache_creation_input_tokens', of: OPENLLMETRY },
    { key: 'llm.token_count.prompt_details.cache_write', of: OPENINFERENCE },
    { key: 'ai.usage.inputTokenDetails.cacheWriteTokens', of: AI_SDK_6 },
    { key: 'gen_ai.usage.details.cache_write_tokens', of: PYDANTIC_AI },
    { key: 'gen_ai.usage.details.cache_creation_input_tokens', of: OLD_PYDANTIC_AI },
    { key: 'gen_ai.usage.input_tokens.cache_write', of: SENTRY },
  ],
  reasoningTokens: [
    { key: 'gen_ai.usage.reasoning.output_tokens', of: SEMCONV },
    { key: 'gen_ai.usage.reasoning_tokens', of: OPENLLMETRY },
    { key: 'llm.token_count.completion_details.reasoning', of: OPENINFERENCE },
    { key: 'ai.usage.outputTokenDetails.reasoningTokens', of: AI_SDK_6 },
    { key: 'ai.usage.reasoningTokens', of: AI_SDK_5 },
    { key: 'gen_ai.usage.details.reasoning_tokens', of: PYDANTIC_AI },
    { key: 'gen_ai.usage.output_tokens.reasoning', of: SENTRY },
  ],
  agentId: [
    { key: 'gen_ai.agent.id', of: SEMCONV },
    { key: 'agentworks.agent.id', of: AGENTWORKS },
  ],
} as const satisfies Record<string, readonly Alias[]>;

export type AliasedField = keyof typeof ALIASES;

/** What a span says under any spelling, and under which; undefined when it says nothing. */
export function findAliased(
  attributes: Attributes,
  field: AliasedField,
): { key: string; value: AttributeValue } | undefined {
  for (const { key } of ALIASES[field]) {
    const value = attributes.get(key);
    if (value !== undefined && value !== '') return { key, value };
  }
  return undefined;
}

/** The same where it is a text. */
export function textUnder(attributes: Attributes, field: AliasedField): string | undefined {
  const value = findAliased(attributes, field)?.value;
  return typeof value === 'string' ? value : undefined;
}
