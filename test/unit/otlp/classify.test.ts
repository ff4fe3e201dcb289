import {
  OpenInferenceSpanKind,
  SemanticConventions,
} from '@arizeai/openinference-semantic-conventions';
import { describe, expect, test } from '@jest/globals';
import * as semconv from '@opentelemetry/semantic-conventions/incubating';
import { ALIASES } from '../../../src/otlp/aliases.ts';
import { classifySpan } from '../../../src/otlp/classify.ts';
import { normaliseProvider, UNKNOWN_PROVIDER } from '../../../src/otlp/provider.ts';
import { otlpSpan } from '../../support/otlp.ts';

const roleOf = (attributes: Record<string, string | number>, scope = 'test') =>
  classifySpan(otlpSpan(0, { spanId: '1', name: 'agent run', attributes, scope }));
const MODEL = { 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o' };
const USAGE = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 1 };

describe('a call of a model', () => {
  test.each<[string, Record<string, string | number>, string]>([
    ['chat', { 'gen_ai.operation.name': 'chat' }, 'chat'],
    ['generate_content', { 'gen_ai.operation.name': 'generate_content' }, 'generate_content'],
    ['text_completion', { 'gen_ai.operation.name': 'text_completion' }, 'text_completion'],
    ['embeddings', { 'gen_ai.operation.name': 'embeddings' }, 'embeddings'],
    ['OpenInference’s LLM', { 'openinference.span.kind': 'LLM' }, 'chat'],
    ['OpenInference’s EMBEDDING', { 'openinference.span.kind': 'EMBEDDING' }, 'embeddings'],
    ['AI SDK’s doGenerate', { 'ai.operationId': 'ai.generateText.doGenerate' }, 'chat'],
    ['AI SDK’s doStream', { 'ai.operationId': 'ai.streamObject.doStream' }, 'chat'],
    ['AI SDK’s doEmbed', { 'ai.operationId': 'ai.embedMany.doEmbed' }, 'embeddings'],
    [
      'AI SDK’s operation.name alone',
      { 'operation.name': 'ai.generateText.doGenerate support-bot' },
      'chat',
    ],
    ['OpenLLMetry’s chat', { 'llm.request.type': 'chat' }, 'chat'],
    ['OpenLLMetry’s completion', { 'llm.request.type': 'completion' }, 'text_completion'],
    ['one that names a provider and a model only', MODEL, 'chat'],
    [
      'an operation of its own with a model',
      { ...MODEL, 'gen_ai.operation.name': 'call_llm' },
      'call_llm',
    ],
  ])('%s', (_name, attributes, operation) => {
    expect(roleOf(attributes)).toMatchObject({ kind: 'call', operation });
  });
});

describe('what calls happen within', () => {
  test.each<[string, Record<string, string | number>]>([
    ['invoke_agent', { 'gen_ai.operation.name': 'invoke_agent', ...MODEL, ...USAGE }],
    ['invoke_workflow', { 'gen_ai.operation.name': 'invoke_workflow' }],
    ['execute_tool', { 'gen_ai.operation.name': 'execute_tool' }],
    ['OpenInference’s AGENT', { 'openinference.span.kind': 'AGENT', ...MODEL, ...USAGE }],
    ['OpenInference’s CHAIN', { 'openinference.span.kind': 'CHAIN' }],
    ['AI SDK’s generateText', { 'ai.operationId': 'ai.generateText', ...MODEL, ...USAGE }],
    ['AI SDK’s toolCall', { 'ai.operationId': 'ai.toolCall' }],
    ['OpenLLMetry’s workflow', { 'traceloop.span.kind': 'workflow', ...MODEL, ...USAGE }],
    [
      'OpenLLMetry’s agent with a request type',
      { 'traceloop.span.kind': 'agent', 'llm.request.type': 'chat' },
    ],
    ['pydantic-ai’s old run', { agent_name: 'a', model_name: 'gpt-4o', ...USAGE }],
    ['pydantic-ai’s run', { agent_name: 'a', 'gen_ai.aggregated_usage.input_tokens': 10 }],
    ['usage of no model', USAGE],
  ])('%s', (_name, attributes) => {
    expect(roleOf(attributes)).toMatchObject({ kind: 'aggregate' });
  });

  test('every kind of OpenInference is known to be the one or the other', () => {
    const calls = Object.values(OpenInferenceSpanKind).filter(
      (kind) => roleOf({ 'openinference.span.kind': kind }).kind === 'call',
    );
    expect(calls).toEqual(['LLM', 'EMBEDDING']);
  });
});

test.each<[string, Record<string, string | number>, string]>([
  ['a plain span', { 'http.request.method': 'POST' }, 'says-nothing-of-models'],
  [
    'the making of an agent',
    { 'gen_ai.operation.name': 'create_agent', ...MODEL },
    'not-a-model-call',
  ],
  [
    'Logfire’s pending span',
    { 'logfire.span_type': 'pending_span', 'gen_ai.operation.name': 'chat', ...MODEL },
    'pending-span',
  ],
  [
    'a tool that names a model',
    { 'gen_ai.tool.name': 'search', ...MODEL },
    'says-nothing-of-models',
  ],
])('%s is neither', (_name, attributes, reason) => {
  expect(roleOf(attributes)).toEqual({ kind: 'other', reason });
});

describe('the table of spellings', () => {
  const keys = new Set<string>(
    Object.values(ALIASES).flatMap((list) => list.map(({ key }) => key)),
  );

  test('has each spelling once', () => {
    expect(keys.size).toBe(Object.values(ALIASES).flat().length);
  });

  test('begins with OpenTelemetry’s current names, as its package has them', () => {
    expect(ALIASES.operation[0].key).toBe(semconv.ATTR_GEN_AI_OPERATION_NAME);
    expect(ALIASES.provider[0].key).toBe(semconv.ATTR_GEN_AI_PROVIDER_NAME);
    expect(ALIASES.responseModel[0].key).toBe(semconv.ATTR_GEN_AI_RESPONSE_MODEL);
    expect(ALIASES.requestModel[0].key).toBe(semconv.ATTR_GEN_AI_REQUEST_MODEL);
    expect(ALIASES.inputTokens[0].key).toBe(semconv.ATTR_GEN_AI_USAGE_INPUT_TOKENS);
    expect(ALIASES.outputTokens[0].key).toBe(semconv.ATTR_GEN_AI_USAGE_OUTPUT_TOKENS);
    expect(ALIASES.agentId[0].key).toBe(semconv.ATTR_GEN_AI_AGENT_ID);
  });

  test('has every token count that OpenTelemetry’s conventions know, deprecated ones too', () => {
    const usage = Object.entries(semconv)
      .filter(([name]) => name.startsWith('ATTR_GEN_AI_USAGE_'))
      .map(([, key]) => String(key));
    expect(usage.length).toBeGreaterThanOrEqual(7);
    expect(usage.filter((key) => !keys.has(key))).toEqual([]);
  });

  test('has every token count of OpenInference that is priced', () => {
    const counts = Object.values(SemanticConventions).filter(
      (key) =>
        key.startsWith('llm.token_count.') &&
        // Groups, audio that price lists of text do not know, and a second name of what is read from a cache.
        !/(details|audio|cache_input)$/.test(key),
    );
    expect(counts).toHaveLength(6);
    expect(counts.filter((key) => !keys.has(key))).toEqual([]);
  });
});

test.each([
  ['openai', 'openai'],
  ['OpenAI', 'openai'],
  ['openai.chat', 'openai'],
  ['openai.responses', 'openai'],
  ['anthropic.messages', 'anthropic'],
  ['google.generative-ai', 'google'],
  ['google.vertex.chat', 'google'],
  ['google.vertex.anthropic.messages', 'google'],
  ['amazon-bedrock', 'aws'],
  ['aws.bedrock', 'aws'],
  ['azure-openai.chat', 'azure'],
  ['azure.ai.openai', 'azure'],
  ['gcp.gemini', 'google'],
  ['xai.chat', 'x-ai'],
  ['mistral.chat', 'mistral'],
  ['acme-openai-proxy.chat', 'acme-openai-proxy.chat'],
  ['  ', UNKNOWN_PROVIDER],
  [undefined, UNKNOWN_PROVIDER],
])('the provider %s is the price book’s %s', (written, expected) => {
  expect(normaliseProvider(written)).toBe(expected);
});
