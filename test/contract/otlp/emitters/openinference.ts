import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import { SpanStatusCode } from '@opentelemetry/api';
import type { Emitter } from './emitter.ts';
import { makeOpenAiCalls, openAiClient } from './openai-calls.ts';

/** OpenInference's instrumentation of OpenAI's client, within an agent and a chain that repeat what was used. */
export const openInference: Emitter = async ({ provider, openaiUrl }) => {
  const instrumentation = new OpenAIInstrumentation({ tracerProvider: provider });
  instrumentation.enable();
  const client = openAiClient(openaiUrl);
  const tracer = provider.getTracer('@arizeai/openinference-instrumentation-langchain');
  return tracer.startActiveSpan('agent', async (agent) => {
    const emitted = await tracer.startActiveSpan('chain', async (chain) => {
      // It records no usage of streams and embeddings.
      const made = await makeOpenAiCalls(client, new Set(['chat']));
      chain.setAttribute('openinference.span.kind', 'CHAIN');
      chain.end();
      return made;
    });
    await client.responses.create({
      model: 'gpt-5-mini',
      input: JSON.stringify({ input: 2_000, output: 600, cached: 1_024, reasoning: 512 }),
    });
    agent.setAttributes({
      'openinference.span.kind': 'AGENT',
      'llm.token_count.prompt': 8_086,
      'llm.token_count.completion': 943,
    });
    agent.setStatus({ code: SpanStatusCode.OK });
    agent.end();
    emitted.billed.push({
      provider: 'openai',
      model: 'gpt-5-mini',
      input: 2_000,
      output: 600,
      cacheRead: 1_024,
      reasoning: 512,
    });
    return emitted;
  });
};
