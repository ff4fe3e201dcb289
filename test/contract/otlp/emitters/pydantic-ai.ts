import { type Attributes, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Emitter } from './emitter.ts';

/**
 * pydantic-ai as Logfire exports it: an agent run with the usage of its whole run, chats with theirs and its details below
 * it, tools between, and for each span a pending one that tells of it when it starts. `names` of run spans differ by version.
 */
const pydanticAi =
  (names: 'old' | 'current'): Emitter =>
  async ({ provider }) => {
    const tracer = provider.getTracer('pydantic-ai', '1.0.0');
    const within = async <T>(
      name: string,
      attributes: Attributes,
      run: (span: Span) => Promise<T>,
    ) => {
      const span = tracer.startSpan(name, {
        attributes: { ...attributes, 'logfire.msg': name, 'logfire.span_type': 'span' },
      });
      return context.with(trace.setSpan(context.active(), span), async () => {
        tracer
          .startSpan(`${name} (pending)`, {
            attributes: { ...attributes, 'logfire.span_type': 'pending_span' },
          })
          .end();
        const result = await run(span);
        span.end();
        return result;
      });
    };
    const chat = (model: string, system: string, used: Attributes) =>
      within(
        `chat ${model}`,
        {
          'gen_ai.operation.name': 'chat',
          'gen_ai.system': system,
          ...(names === 'current' && { 'gen_ai.provider.name': system }),
          'gen_ai.request.model': model,
        },
        async (span) => {
          span.setAttributes({ 'gen_ai.response.model': model, ...used });
        },
      );
    const runName = names === 'old' ? 'agent run' : 'invoke_agent support';
    await within(
      runName,
      {
        model_name: 'gpt-4o',
        agent_name: 'support',
        'gen_ai.agent.name': 'support',
        ...(names === 'current' && { 'gen_ai.operation.name': 'invoke_agent' }),
      },
      async (run) => {
        await chat('gpt-4o', 'openai', {
          'gen_ai.usage.input_tokens': 1_000,
          'gen_ai.usage.output_tokens': 80,
          'gen_ai.usage.details.cache_read_tokens': 256,
          'gen_ai.usage.details.reasoning_tokens': 30,
        });
        await within('running tool', { 'gen_ai.tool.name': 'delegate' }, async () => {
          await chat('claude-sonnet-4-5', 'anthropic', {
            'gen_ai.usage.input_tokens': 700,
            'gen_ai.usage.output_tokens': 60,
            'gen_ai.usage.details.input_tokens': 100,
            'gen_ai.usage.details.output_tokens': 60,
            'gen_ai.usage.details.cache_read_input_tokens': 500,
            'gen_ai.usage.details.cache_creation_input_tokens': 100,
          });
        });
        await within(
          'chat gpt-4o',
          {
            'gen_ai.operation.name': 'chat',
            'gen_ai.system': 'openai',
            'gen_ai.request.model': 'gpt-4o',
          },
          async (span) => {
            span.recordException(new Error('rate limited'));
            span.setStatus({ code: SpanStatusCode.ERROR });
          },
        );
        const whole = names === 'old' ? 'gen_ai.usage' : 'gen_ai.aggregated_usage';
        run.setAttributes({ [`${whole}.input_tokens`]: 1_700, [`${whole}.output_tokens`]: 140 });
      },
    );
    return {
      billed: [
        {
          provider: 'openai',
          model: 'gpt-4o',
          input: 1_000,
          output: 80,
          cacheRead: 256,
          reasoning: 30,
        },
        {
          provider: 'anthropic',
          model: 'claude-sonnet-4-5',
          input: 700,
          output: 60,
          cacheRead: 500,
          cacheWrite: 100,
        },
      ],
    };
  };

export const oldPydanticAi = pydanticAi('old');
export const currentPydanticAi = pydanticAi('current');
