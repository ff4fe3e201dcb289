import { OpenAIInstrumentation as OpenInference } from '@arizeai/openinference-instrumentation-openai';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { OpenAIInstrumentation as OpenTelemetry } from '@opentelemetry/instrumentation-openai';
import type { Emitter } from './emitter.ts';
import { makeOpenAiCalls, openAiClient } from './openai-calls.ts';

/** Two instrumentations of one client: every call has a span of a model call within a span of a model call. */
export const instrumentedTwice: Emitter = async ({ provider, openaiUrl }) => {
  registerInstrumentations({ tracerProvider: provider, instrumentations: [new OpenTelemetry()] });
  new OpenInference({ tracerProvider: provider }).enable();
  return makeOpenAiCalls(openAiClient(openaiUrl), new Set(['chat', 'stream', 'embedding']));
};
