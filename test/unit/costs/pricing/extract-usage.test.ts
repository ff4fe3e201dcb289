import { describe, expect, test } from '@jest/globals';
import type { Usage } from '../../../../src/costs/event.ts';
import { extractUsage } from '../../../../src/costs/pricing/extract-usage.ts';

type Case = {
  name: string;
  provider: string;
  body: Record<string, unknown>;
  model?: string;
  usage: Usage;
  alsoReported?: Record<string, number>;
};

const openaiChat = {
  id: 'chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: {
    prompt_tokens: 1117,
    completion_tokens: 46,
    total_tokens: 1163,
    prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 12, audio_tokens: 0 },
  },
};
const chatUsage = {
  inputTokens: 1117,
  cacheReadTokens: 1024,
  outputTokens: 46,
  reasoningTokens: 12,
};

const openaiResponse = {
  id: 'resp_67ccd2bed1ec8190b14f964abc054267',
  object: 'response',
  model: 'gpt-5-2025-08-07',
  output: [],
  usage: {
    input_tokens: 328,
    input_tokens_details: { cached_tokens: 200 },
    output_tokens: 152,
    output_tokens_details: { reasoning_tokens: 128 },
    total_tokens: 480,
  },
};
const responseUsage = {
  inputTokens: 328,
  cacheReadTokens: 200,
  outputTokens: 152,
  reasoningTokens: 128,
};

const anthropicMessage = {
  id: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
  content: [{ type: 'text', text: 'Hi' }],
  stop_reason: 'end_turn',
  usage: {
    input_tokens: 21,
    cache_creation_input_tokens: 2048,
    cache_read_input_tokens: 188_086,
    output_tokens: 393,
  },
};
const messageUsage = {
  inputTokens: 21 + 2048 + 188_086,
  cacheReadTokens: 188_086,
  cacheWriteTokens: 2048,
  outputTokens: 393,
};

const CASES: Case[] = [
  {
    name: 'OpenAI chat completions',
    provider: 'openai',
    body: openaiChat,
    model: 'gpt-4o-2024-08-06',
    usage: chatUsage,
  },
  {
    name: 'OpenAI responses',
    provider: 'openai',
    body: openaiResponse,
    model: 'gpt-5-2025-08-07',
    usage: responseUsage,
  },
  {
    name: 'the last event of an OpenAI responses stream',
    provider: 'openai',
    body: { type: 'response.completed', sequence_number: 9, response: openaiResponse },
    model: 'gpt-5-2025-08-07',
    usage: responseUsage,
  },
  {
    name: 'OpenAI embeddings',
    provider: 'openai',
    body: {
      object: 'list',
      data: [],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    },
    model: 'text-embedding-3-small',
    usage: { inputTokens: 8 },
  },
  {
    name: 'OpenAI chat with audio, which a cost event has no field for',
    provider: 'openai',
    body: {
      model: 'gpt-4o-audio-preview',
      usage: {
        prompt_tokens: 100,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 60 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 40 },
      },
    },
    model: 'gpt-4o-audio-preview',
    usage: { inputTokens: 100, cacheReadTokens: 0, outputTokens: 50, reasoningTokens: 0 },
    alsoReported: { input_audio_tokens: 60, output_audio_tokens: 40 },
  },
  {
    name: 'Anthropic messages, whose input excludes cached tokens',
    provider: 'anthropic',
    body: anthropicMessage,
    model: 'claude-sonnet-4-5-20250929',
    usage: messageUsage,
  },
  {
    name: 'Anthropic messages with one-hour cache writes and a web search',
    provider: 'anthropic',
    body: {
      ...anthropicMessage,
      usage: {
        ...anthropicMessage.usage,
        cache_creation: { ephemeral_5m_input_tokens: 48, ephemeral_1h_input_tokens: 2000 },
        server_tool_use: { web_search_requests: 2 },
      },
    },
    model: 'claude-sonnet-4-5-20250929',
    usage: messageUsage,
    alsoReported: { cache_write_5m_tokens: 48, cache_write_1h_tokens: 2000, web_searches: 2 },
  },
  ...['azure', 'gcp.vertex_ai', 'aws.bedrock'].map((provider) => ({
    name: `Anthropic messages served by ${provider}`,
    provider,
    body: anthropicMessage,
    model: 'claude-sonnet-4-5-20250929',
    usage: messageUsage,
  })),
  {
    name: 'Azure OpenAI chat completions',
    provider: 'azure.ai.openai',
    body: { ...openaiChat, prompt_filter_results: [] },
    model: 'gpt-4o-2024-08-06',
    usage: chatUsage,
  },
  {
    name: 'Azure OpenAI responses',
    provider: 'azure',
    body: openaiResponse,
    model: 'gpt-5-2025-08-07',
    usage: responseUsage,
  },
  {
    name: 'Google generateContent with thoughts, tool prompts and cached content',
    provider: 'gcp.gemini',
    body: {
      candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
      usageMetadata: {
        promptTokenCount: 2152,
        cachedContentTokenCount: 2027,
        candidatesTokenCount: 710,
        thoughtsTokenCount: 1100,
        toolUsePromptTokenCount: 40,
        totalTokenCount: 4002,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 2152 }],
      },
      modelVersion: 'gemini-2.5-pro',
    },
    model: 'gemini-2.5-pro',
    usage: {
      inputTokens: 2192,
      cacheReadTokens: 2027,
      outputTokens: 1810,
      reasoningTokens: 1100,
    },
    alsoReported: { input_text_tokens: 2152, input_tool_tokens: 40 },
  },
  {
    name: 'Google generateContent that was blocked before it answered',
    provider: 'google',
    body: {
      promptFeedback: { blockReason: 'SAFETY' },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
      modelVersion: 'gemini-2.5-flash',
    },
    model: 'gemini-2.5-flash',
    usage: { inputTokens: 9 },
  },
  {
    name: 'Mistral chat',
    provider: 'mistral_ai',
    body: {
      object: 'chat.completion',
      model: 'mistral-small-latest',
      usage: { prompt_tokens: 16, completion_tokens: 34, total_tokens: 50 },
    },
    model: 'mistral-small-latest',
    usage: { inputTokens: 16, outputTokens: 34 },
  },
  {
    name: 'Groq chat',
    provider: 'groq',
    body: {
      model: 'llama-3.3-70b-versatile',
      usage: {
        queue_time: 0.037,
        prompt_tokens: 18,
        prompt_time: 0.0007,
        completion_tokens: 556,
        completion_time: 0.46,
        total_tokens: 574,
      },
      x_groq: { id: 'req_01' },
    },
    model: 'llama-3.3-70b-versatile',
    usage: { inputTokens: 18, outputTokens: 556 },
  },
  {
    name: 'DeepSeek chat',
    provider: 'deepseek',
    body: {
      model: 'deepseek-reasoner',
      usage: {
        prompt_tokens: 500,
        completion_tokens: 300,
        prompt_tokens_details: { cached_tokens: 320 },
        completion_tokens_details: { reasoning_tokens: 250 },
        prompt_cache_hit_tokens: 320,
        prompt_cache_miss_tokens: 180,
      },
    },
    model: 'deepseek-reasoner',
    usage: { inputTokens: 500, cacheReadTokens: 320, outputTokens: 300, reasoningTokens: 250 },
  },
  {
    name: 'Cohere v2 chat, by what it bills',
    provider: 'cohere',
    body: {
      id: 'c14c80c3',
      finish_reason: 'COMPLETE',
      usage: {
        billed_units: { input_tokens: 5, output_tokens: 418 },
        tokens: { input_tokens: 71, output_tokens: 418 },
      },
    },
    usage: { inputTokens: 5, outputTokens: 418 },
  },
  {
    name: 'Cohere v1 chat',
    provider: 'cohere_chat',
    body: {
      text: 'Hi',
      meta: {
        api_version: { version: '1' },
        billed_units: { input_tokens: 13, output_tokens: 78 },
        tokens: { input_tokens: 79, output_tokens: 78 },
      },
    },
    usage: { inputTokens: 13, outputTokens: 78 },
  },
  {
    name: 'Cohere embeddings',
    provider: 'cohere',
    body: { embeddings: [], meta: { billed_units: { input_tokens: 2 } } },
    usage: { inputTokens: 2 },
  },
  {
    name: 'xAI chat, whose completion tokens exclude reasoning',
    provider: 'x_ai',
    body: {
      model: 'grok-4-0709',
      usage: {
        prompt_tokens: 716,
        completion_tokens: 9,
        total_tokens: 1025,
        prompt_tokens_details: { text_tokens: 716, cached_tokens: 512 },
        completion_tokens_details: { reasoning_tokens: 300, audio_tokens: 0 },
        num_sources_used: 0,
      },
    },
    model: 'grok-4-0709',
    usage: { inputTokens: 716, cacheReadTokens: 512, outputTokens: 309, reasoningTokens: 300 },
  },
  {
    name: 'Bedrock Converse, which does not name the model',
    provider: 'aws.bedrock',
    body: {
      output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
      stopReason: 'end_turn',
      usage: {
        inputTokens: 30,
        outputTokens: 628,
        totalTokens: 1758,
        cacheReadInputTokens: 1000,
        cacheWriteInputTokens: 100,
      },
    },
    usage: { inputTokens: 1130, cacheReadTokens: 1000, cacheWriteTokens: 100, outputTokens: 628 },
  },
  {
    name: 'Perplexity deep research',
    provider: 'perplexity',
    body: {
      model: 'sonar-deep-research',
      usage: {
        prompt_tokens: 7,
        completion_tokens: 3847,
        citation_tokens: 8555,
        reasoning_tokens: 194,
        num_search_queries: 21,
      },
    },
    model: 'sonar-deep-research',
    usage: { inputTokens: 7, outputTokens: 3847 + 194 + 8555, reasoningTokens: 194 },
    alsoReported: { output_citation_tokens: 8555, web_searches: 21 },
  },
  {
    name: 'a provider without an extractor of its own, in the chat format it answers in',
    provider: 'together_ai',
    body: {
      model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
      usage: { prompt_tokens: 20, completion_tokens: 31, total_tokens: 51 },
    },
    model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    usage: { inputTokens: 20, outputTokens: 31 },
  },
];

describe('usage read from provider answers as they came', () => {
  test.each(CASES)('$name', ({ provider, body, model, usage, alsoReported = {} }) => {
    const named = model === undefined ? {} : { model };
    const expected = { kind: 'found', ...named, usage, alsoReported };
    expect(extractUsage({ provider, body })).toEqual(expected);
  });

  test('an api that is named is the only one tried', () => {
    const named = extractUsage({ provider: 'openai', body: openaiChat, api: 'chat' });
    expect(named).toMatchObject({ kind: 'found', usage: chatUsage });
    const other = extractUsage({ provider: 'openai', body: openaiChat, api: 'responses' });
    expect(other).toMatchObject({ kind: 'none', reason: 'no-usage' });
  });

  test.each([
    ['an unknown provider', { provider: 'acme-llm', body: openaiChat }, 'unknown-provider'],
    ['an unknown api', { provider: 'openai', body: openaiChat, api: 'telepathy' }, 'unknown-api'],
    ['a body without usage', { provider: 'openai', body: { model: 'gpt-4o' } }, 'no-usage'],
    ['an error body', { provider: 'anthropic', body: { type: 'error', error: {} } }, 'no-usage'],
    ['no object', { provider: 'openai', body: 'data: [DONE]' }, 'no-usage'],
    ['null', { provider: 'openai', body: null }, 'no-usage'],
    [
      'counts as text',
      { provider: 'mistral', body: { usage: { prompt_tokens: '5', completion_tokens: 1 } } },
      'no-usage',
    ],
    [
      'negative counts',
      { provider: 'mistral', body: { usage: { prompt_tokens: -5, completion_tokens: 1 } } },
      'no-usage',
    ],
    [
      'more cached than input tokens',
      {
        provider: 'openai',
        body: {
          usage: {
            prompt_tokens: 5,
            completion_tokens: 1,
            prompt_tokens_details: { cached_tokens: 6 },
          },
        },
      },
      'inconsistent-usage',
    ],
    [
      'fractions of tokens',
      { provider: 'mistral', body: { usage: { prompt_tokens: 5.5, completion_tokens: 1 } } },
      'inconsistent-usage',
    ],
  ])('%s has none, and says why', (_, options, reason) => {
    expect(extractUsage(options)).toEqual({ kind: 'none', reason, message: expect.any(String) });
  });
});
