import {
  embed,
  generateText,
  type LanguageModelUsage,
  type ProviderMetadata,
  stepCountIs,
  streamText,
  tool,
} from 'ai';
import { MockEmbeddingModelV2, MockLanguageModelV2, simulateReadableStream } from 'ai/test';
import { z } from 'zod';
import type { Emitter } from './emitter.ts';

const usageOf = (inputTokens: number, outputTokens: number, more: object = {}) => ({
  inputTokens,
  outputTokens,
  totalTokens: inputTokens + outputTokens,
  ...more,
});

/** Two steps with a tool between them. */
const openAiModel = () => {
  let step = 0;
  return new MockLanguageModelV2({
    provider: 'openai.chat',
    modelId: 'gpt-4o',
    doGenerate: async () => {
      step += 1;
      return step === 1
        ? {
            finishReason: 'tool-calls',
            usage: usageOf(300, 20),
            content: [
              {
                type: 'tool-call',
                toolCallId: 'call-1',
                toolName: 'weather',
                input: '{"city":"Rome"}',
              },
            ],
            warnings: [],
          }
        : {
            finishReason: 'stop',
            usage: usageOf(1_500, 40),
            content: [{ type: 'text', text: 'Sunny.' }],
            warnings: [],
          };
    },
  });
};

/** Answers in a stream that ends with its usage. */
const streaming = (
  provider: string,
  modelId: string,
  usage: LanguageModelUsage,
  providerMetadata: ProviderMetadata = {},
) =>
  new MockLanguageModelV2({
    provider,
    modelId,
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [
          { type: 'stream-start', warnings: [] },
          { type: 'text-start', id: '1' },
          { type: 'text-delta', id: '1', delta: 'Hello' },
          { type: 'text-end', id: '1' },
          { type: 'finish', finishReason: 'stop', usage, providerMetadata },
        ],
      }),
    }),
  });

/** Vercel's AI SDK, with models that answer without a network. */
export const vercelAi: Emitter = async ({ provider }) => {
  const tracer = provider.getTracer('ai');
  const experimental_telemetry = { isEnabled: true, tracer, functionId: 'support' };
  await generateText({
    model: openAiModel(),
    prompt: 'How is the weather in Rome?',
    tools: {
      weather: tool({
        inputSchema: z.object({ city: z.string() }),
        execute: async () => 'sunny',
      }),
    },
    stopWhen: stepCountIs(3),
    experimental_telemetry,
  });
  const cached = { cachedInputTokens: 1_024, reasoningTokens: 128 };
  const models = [
    streaming('openai.responses', 'gpt-5-mini', usageOf(1_600, 300, cached)),
    // Hands on what Anthropic's API says: input without what was cached.
    streaming(
      'anthropic.messages',
      'claude-sonnet-4-5',
      usageOf(12, 90, { cachedInputTokens: 2_048 }),
      {
        anthropic: {
          usage: {
            input_tokens: 12,
            output_tokens: 90,
            cache_read_input_tokens: 2_048,
            cache_creation_input_tokens: 512,
          },
          cacheCreationInputTokens: 512,
        },
      },
    ),
    streaming('anthropic.messages', 'claude-haiku-4-5', usageOf(12, 90, { cachedInputTokens: 10 })),
  ];
  for (const model of models) {
    await streamText({ model, prompt: 'Hi', experimental_telemetry }).text;
  }
  await embed({
    model: new MockEmbeddingModelV2<string>({
      provider: 'openai.embedding',
      modelId: 'text-embedding-3-small',
      doEmbed: async () => ({ embeddings: [[0.5]], usage: { tokens: 9 } }),
    }),
    value: 'text',
    experimental_telemetry,
  });
  return {
    billed: [
      { provider: 'openai', model: 'gpt-4o', input: 300, output: 20 },
      { provider: 'openai', model: 'gpt-4o', input: 1_500, output: 40 },
      {
        provider: 'openai',
        model: 'gpt-5-mini',
        input: 1_600,
        output: 300,
        cacheRead: 1_024,
        reasoning: 128,
      },
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        input: 2_572,
        output: 90,
        cacheRead: 2_048,
        cacheWrite: 512,
      },
      { provider: 'anthropic', model: 'claude-haiku-4-5', input: 22, output: 90, cacheRead: 10 },
      { provider: 'openai', model: 'text-embedding-3-small', input: 9 },
    ],
  };
};
