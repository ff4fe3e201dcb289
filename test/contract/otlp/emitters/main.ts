import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import type { Emitter } from './emitter.ts';
import { startOpenAiServer } from './openai-server.ts';

/** Modules are loaded when asked for: some patch what others use. */
const EMITTERS: Record<string, () => Promise<Emitter>> = {
  agentworks: async () => (await import('./agentworks.ts')).agentworks,
  'opentelemetry-openai': async () =>
    (await import('./opentelemetry-openai.ts')).opentelemetryOpenAi,
  openllmetry: async () => (await import('./openllmetry.ts')).openLlmetry,
  'vercel-ai': async () => (await import('./vercel-ai.ts')).vercelAi,
  openinference: async () => (await import('./openinference.ts')).openInference,
  'pydantic-ai-old': async () => (await import('./pydantic-ai.ts')).oldPydanticAi,
  'pydantic-ai': async () => (await import('./pydantic-ai.ts')).currentPydanticAi,
  'instrumented-twice': async () => (await import('./instrumented-twice.ts')).instrumentedTwice,
};

/** `main.ts <emitter> <otlp url> <protobuf | json> <single | batch>`: exports its spans, prints what it did as JSON. */
async function main(): Promise<void> {
  const [name = '', url = '', encoding, batching] = process.argv.slice(2);
  const load = EMITTERS[name];
  if (load === undefined) throw new Error(`Known emitters: ${Object.keys(EMITTERS).join(', ')}`);
  const Exporter = encoding === 'json' ? JsonExporter : ProtobufExporter;
  const compression = batching === 'batch' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE;
  const exporter = new Exporter({ url, compression });
  const Processor = batching === 'batch' ? BatchSpanProcessor : SimpleSpanProcessor;
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': name }),
    spanProcessors: [new Processor(exporter)],
  });
  provider.register();
  const emitter = await load();
  const openai = await startOpenAiServer();
  const emitted = await emitter({ provider, openaiUrl: openai.url });
  await provider.shutdown();
  await openai.close();
  process.stdout.write(JSON.stringify(emitted));
}

await main();
