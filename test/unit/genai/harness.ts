import type { Attributes } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { parseCostEvent } from '../../../src/costs/event.ts';
import type { CostEventInput, ReportOutcome } from '../../../src/costs/reporter-options.ts';
import { createGenAi, type GenAiOptions } from '../../../src/genai/genai.ts';
import type { MetricDefinition } from '../../../src/telemetry/metrics/definition.ts';
import type { MetricsRecorder } from '../../../src/telemetry/metrics/recorder-contract.ts';

export type Recorded = { name: string; value: number; labels: Record<string, unknown> };
export type Line = { level: string; message: string; fields: Record<string, unknown> };

/** A GenAi whose spans, events, metrics and log lines are at hand; real OpenTelemetry, registered until `close`. */
export function startHarness(options: Partial<GenAiOptions> = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  const events: CostEventInput[] = [];
  const records: Recorded[] = [];
  const lines: Line[] = [];
  const record = (metric: MetricDefinition, value = 1, labels = {}) => {
    const unknown = Object.keys(labels).filter((label) => !metric.labels.includes(label));
    if (unknown.length > 0) throw new Error(`${metric.name} has no labels ${unknown.join()}`);
    records.push({ name: metric.name, value, labels });
  };
  const metrics = { incrementCounter: record, recordHistogram: record } as MetricsRecorder;
  const say =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      void lines.push({ level, message, fields });
  const report = (input: CostEventInput): ReportOutcome => {
    const complete = { currency: 'USD', ...input };
    const parsed = parseCostEvent(complete, { now: Date.now() });
    if (parsed.kind === 'invalid') return { kind: 'rejected', errors: parsed.errors };
    events.push(input);
    return { kind: 'accepted', id: input.id! };
  };
  const genAi = createGenAi({
    tracer: provider.getTracer('test'),
    metrics,
    log: { info: say('info'), warn: say('warn'), error: say('error') } as GenAiOptions['log'],
    reportCost: report,
    ...options,
  });
  return {
    genAi,
    events,
    records,
    lines,
    spans: (): ReadableSpan[] => exporter.getFinishedSpans(),
    span(name: string): ReadableSpan {
      const found = exporter.getFinishedSpans().find((span) => span.name === name);
      if (found === undefined) throw new Error(`No span ${name}`);
      return found;
    },
    sum: (name: string, labels: Attributes = {}): number =>
      records
        .filter((one) => one.name === name)
        .filter((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))
        .reduce((total, { value }) => total + value, 0),
    async close() {
      genAi.close();
      await provider.shutdown();
    },
  };
}

export const CALL = {
  workspaceId: 'acme',
  agentId: 'planner',
  provider: 'openai',
  model: 'gpt-4o',
} as const;

/** An answer of OpenAI's chat: 100 tokens in, 40 of them cached, 20 out. */
export function chatAnswer() {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    model: 'gpt-4o-2024-08-06',
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Good day' } },
    ],
    usage: {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 40 },
    },
  };
}

/** Chunks of OpenAI's chat, the last with usage if asked for. */
export function chatChunks(texts: readonly string[], usage?: Record<string, number>): unknown[] {
  const chunk = { id: 'chatcmpl-2', object: 'chat.completion.chunk', model: 'gpt-4o-2024-08-06' };
  return [
    ...texts.map((content) => ({ ...chunk, choices: [{ index: 0, delta: { content } }] })),
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ...(usage === undefined ? [] : [{ ...chunk, choices: [], usage }]),
  ];
}

export const CHAT_USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

/** A stream as OpenAI's and Anthropic's clients return it: what it hands out comes from its own `iterator`. */
export class ClientStream<T> {
  readonly controller = new AbortController();
  iterator: () => AsyncGenerator<T>;

  constructor(chunks: readonly T[]) {
    this.iterator = async function* chunksOf() {
      for (const chunk of chunks) {
        await Promise.resolve();
        yield chunk;
      }
    };
  }

  [Symbol.asyncIterator](): AsyncGenerator<T> {
    return this.iterator();
  }

  /** Splits by the iterator itself, as the clients do. */
  tee(): [AsyncIterable<T>, AsyncIterable<T>] {
    const whole: Promise<T[]> = readAll(this.iterator());
    const half = (): AsyncIterable<T> => ({
      async *[Symbol.asyncIterator]() {
        yield* await whole;
      },
    });
    return [half(), half()];
  }
}

/** All that comes out of a stream. */
export async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of stream) all.push(value);
  return all;
}
