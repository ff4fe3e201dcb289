import type { ModelStep } from './traffic.ts';

/** In which format a provider answers; whoever is not known by name speaks OpenAI's. */
export type Dialect = 'openai' | 'anthropic' | 'google';

export function dialectOf(provider: string): Dialect {
  return provider === 'anthropic' || provider === 'google' ? provider : 'openai';
}

const TEXT = 'A synthetic answer of the demo, in a few words.';

/** The body of a provider's whole answer to a call. Pure. */
export function answerTo(step: ModelStep, id: string): object {
  const { model, inputTokens, outputTokens, cacheReadTokens } = step;
  switch (dialectOf(step.provider)) {
    case 'anthropic':
      return {
        id: `msg_${id}`,
        type: 'message',
        role: 'assistant',
        model,
        content: [{ type: 'text', text: TEXT }],
        stop_reason: 'end_turn',
        usage: anthropicUsage(step),
      };
    case 'google':
      return {
        responseId: id,
        modelVersion: model,
        candidates: [
          { content: { role: 'model', parts: [{ text: TEXT }] }, finishReason: 'STOP', index: 0 },
        ],
        usageMetadata: {
          promptTokenCount: inputTokens,
          candidatesTokenCount: outputTokens,
          cachedContentTokenCount: cacheReadTokens,
          totalTokenCount: inputTokens + outputTokens,
        },
      };
    case 'openai':
      return {
        id: `chatcmpl-${id}`,
        object: 'chat.completion',
        model,
        choices: [
          { index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' },
        ],
        usage: openAiUsage(step),
      };
  }
}

/** The chunks of the same answer as a stream, the usage where the provider says it. Pure. */
export function chunksOf(step: ModelStep, id: string): object[] {
  const { model } = step;
  const words = TEXT.split(/(?= )/);
  switch (dialectOf(step.provider)) {
    case 'anthropic': {
      const { output_tokens: outputTokens, ...input } = anthropicUsage(step);
      const message = { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [] };
      return [
        { type: 'message_start', message: { ...message, usage: { ...input, output_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        ...words.map((text) => ({
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'text_delta', text },
        })),
        { type: 'content_block_stop', index: 0 },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: { output_tokens: outputTokens },
        },
        { type: 'message_stop' },
      ];
    }
    // Google sends what its whole answers look like, piece by piece; one piece does for a demo.
    case 'google':
      return [answerTo(step, id)];
    case 'openai': {
      const head = { id: `chatcmpl-${id}`, object: 'chat.completion.chunk', model };
      const choice = (delta: object, finishReason: string | null) => ({
        ...head,
        choices: [{ index: 0, delta, finish_reason: finishReason }],
      });
      return [
        ...words.map((content) => choice({ content }, null)),
        choice({}, 'stop'),
        { ...head, choices: [], usage: openAiUsage(step) },
      ];
    }
  }
}

/** What a provider answers when it cannot: the HTTP status and its body. Pure. */
export function errorOf(reason: string): { status: number; body: object } {
  const status = reason === 'rate_limited' ? 429 : reason === 'timeout' ? 504 : 400;
  return { status, body: { error: { type: reason, message: `The demo says ${reason}` } } };
}

function openAiUsage({ inputTokens, outputTokens, cacheReadTokens }: ModelStep) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cacheReadTokens },
  };
}

/** Anthropic counts cached tokens beside the input, not within it. */
function anthropicUsage({ inputTokens, outputTokens, cacheReadTokens }: ModelStep) {
  return {
    input_tokens: inputTokens - cacheReadTokens,
    cache_read_input_tokens: cacheReadTokens,
    output_tokens: outputTokens,
  };
}
