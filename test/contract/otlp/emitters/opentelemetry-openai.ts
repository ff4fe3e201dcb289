import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import type { Emitter } from './emitter.ts';
import { makeOpenAiCalls, openAiClient } from './openai-calls.ts';

/** OpenTelemetry's own instrumentation of OpenAI's client, which still writes `gen_ai.system`, within a service's spans. */
export const opentelemetryOpenAi: Emitter = async ({ provider, openaiUrl }) => {
  registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [new OpenAIInstrumentation()],
  });
  const client = openAiClient(openaiUrl);
  return provider.getTracer('service').startActiveSpan('POST /answers', async (span) => {
    const emitted = await makeOpenAiCalls(client, new Set(['chat', 'stream', 'embedding']));
    span.end();
    return emitted;
  });
};
