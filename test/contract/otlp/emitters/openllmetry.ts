import type { Attributes } from '@opentelemetry/api';
import type { Emitter } from './emitter.ts';

/** OpenLLMetry: workflows and tasks around calls, by the oldest names of OpenTelemetry's conventions and its own. */
export const openLlmetry: Emitter = async ({ provider }) => {
  const tracer = provider.getTracer('@traceloop/node-server-sdk');
  const calls = provider.getTracer('@traceloop/instrumentation-openai', '0.11.0');
  const call = (name: string, attributes: Attributes) => {
    const span = calls.startSpan(name);
    span.setAttributes(attributes);
    span.end();
  };
  tracer.startActiveSpan('joke.workflow', (workflow) => {
    workflow.setAttribute('traceloop.span.kind', 'workflow');
    tracer.startActiveSpan('tell.task', (task) => {
      task.setAttributes({ 'traceloop.span.kind': 'task', 'traceloop.workflow.name': 'joke' });
      call('openai.chat', {
        'gen_ai.system': 'OpenAI',
        'llm.request.type': 'chat',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.response.model': 'gpt-4o-2024-08-06',
        'gen_ai.usage.prompt_tokens': 900,
        'gen_ai.usage.completion_tokens': 45,
        'llm.usage.total_tokens': 945,
        'traceloop.workflow.name': 'joke',
      });
      call('anthropic.chat', {
        'gen_ai.system': 'Anthropic',
        'llm.request.type': 'completion',
        'gen_ai.request.model': 'claude-sonnet-4-5',
        'gen_ai.usage.prompt_tokens': 650,
        'gen_ai.usage.completion_tokens': 20,
        'gen_ai.usage.cache_read_input_tokens': 600,
        'gen_ai.usage.cache_creation_input_tokens': 40,
        'llm.usage.total_tokens': 670,
      });
      // Its text alone; nobody counted tokens.
      call('openai.chat', {
        'gen_ai.system': 'OpenAI',
        'llm.request.type': 'chat',
        'gen_ai.request.model': 'gpt-4o',
      });
      task.end();
    });
    workflow.end();
  });
  return {
    billed: [
      { provider: 'openai', model: 'gpt-4o-2024-08-06', input: 900, output: 45 },
      {
        provider: 'anthropic',
        model: 'claude-sonnet-4-5',
        input: 650,
        output: 20,
        cacheRead: 600,
        cacheWrite: 40,
      },
    ],
    untold: 1,
  };
};
