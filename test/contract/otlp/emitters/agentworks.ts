import { createGenAi } from '../../../../src/genai/genai.ts';
import type { Emitter } from './emitter.ts';

const nothing = () => undefined;
const metrics = new Proxy({}, { get: () => nothing }) as never;

/** This project's own SDK, by OpenTelemetry's current names, where cost events are left to the spans. */
export const agentworks: Emitter = async ({ provider }) => {
  const genAi = createGenAi({
    tracer: provider.getTracer('agentworks-observability'),
    metrics,
    log: { info: nothing, warn: nothing, error: nothing } as never,
  });
  const answer = (model: string, usage: object) => async () => ({
    id: 'a',
    object: 'chat.completion',
    model,
    usage,
  });
  await genAi.traceTeamRun({ teamId: 'crew' }, () =>
    genAi.traceAgentRun({ agentId: 'planner' }, async () => {
      await genAi.traceLlmCall(
        { provider: 'openai', model: 'gpt-4o' },
        answer('gpt-4o-2024-08-06', {
          prompt_tokens: 3_000,
          completion_tokens: 200,
          prompt_tokens_details: { cached_tokens: 1_500 },
        }),
      );
      await genAi.traceToolCall({ name: 'delegate' }, () =>
        genAi.traceAgentRun({ agentId: 'writer' }, () =>
          genAi.traceLlmCall({ provider: 'anthropic', model: 'claude-sonnet-4-5' }, async () => ({
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            model: 'claude-sonnet-4-5',
            content: [{ type: 'text', text: 'Hello' }],
            usage: {
              input_tokens: 100,
              output_tokens: 700,
              cache_read_input_tokens: 50,
              cache_creation_input_tokens: 400,
            },
          })),
        ),
      );
      await genAi
        .traceLlmCall({ provider: 'openai', model: 'gpt-4o' }, () =>
          Promise.reject(new Error('overloaded')),
        )
        .catch(nothing);
      await genAi.traceLlmCall({ provider: 'openai', model: 'gpt-4o' }, async () => ({ id: 'b' }));
    }),
  );
  return {
    billed: [
      {
        provider: 'openai',
        model: 'gpt-4o-2024-08-06',
        input: 3_000,
        output: 200,
        cacheRead: 1_500,
      },
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        input: 550,
        output: 700,
        cacheRead: 50,
        cacheWrite: 400,
      },
    ],
    untold: 1,
  };
};
