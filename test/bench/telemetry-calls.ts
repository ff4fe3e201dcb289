/* The calls that `bench telemetry` measures; ours and the bare ones take turns, and each figure is the median of its rounds. */
import { setImmediate } from 'node:timers/promises';
import { SpanKind } from '@opentelemetry/api';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createCostReporter, createReporterWith } from '../../src/costs/reporter.ts';
import { traceLlmCall } from '../../src/sdk/calls.ts';
import { startTelemetry } from '../../src/sdk/start.ts';
import { defineMetric } from '../../src/telemetry/metrics/definition.ts';
import { createNoopMetricExporter, createNoopSpanExporter } from './noop-exporters.ts';
import type { TelemetryFigures } from './telemetry.ts';

const ROUNDS = 9;
const CALLS_PER_ROUND = 20_000;
const LOG_CALLS_PER_ROUND = 5_000;
const LLM_CALLS_PER_ROUND = 2_000;
const MEMORY_CALLS = 1_000_000;
/** The event loop is free between bursts, as in a service. */
const BURST = 500;

const say = (line: string) => process.send?.(line);
/** Takes everything at once: what is measured is the call. Memory is looked at with the other one, which never gets through. */
const taken = createReporterWith(
  { send: async () => ({ kind: 'acknowledged' }), close: async () => undefined },
  {},
);
const refused = createCostReporter({
  target: { kind: 'http', url: process.env.BENCH_COST_URL!, apiKey: 'axk_benchmark' },
});
let costs = taken;
const telemetry = startTelemetry({
  service: 'bench',
  costs: {
    report: (event) => costs.report(event),
    flush: () => costs.flush(),
    close: () => costs.close(),
    stats: () => costs.stats(),
  },
  onSigterm: 'none',
});
const { metrics, log, tracer } = telemetry;

const counter = defineMetric({
  name: 'bench/calls',
  kind: 'counter',
  valueType: 'int',
  unit: '{call}',
  description: 'Calls.',
  labels: ['provider', 'status'],
});
const histogram = defineMetric({
  ...counter,
  name: 'bench/duration',
  kind: 'histogram',
  valueType: 'double',
  unit: 'ms',
  boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
});

const bareMeter = new MeterProvider({
  readers: [
    new PeriodicExportingMetricReader({
      exporter: createNoopMetricExporter(),
      exportIntervalMillis: 10_000,
    }),
  ],
}).getMeter('bare');
const bareCounter = bareMeter.createCounter('bench.calls');
const bareHistogram = bareMeter.createHistogram('bench.duration', {
  advice: { explicitBucketBoundaries: [...histogram.boundaries!] },
});
const bareTracer = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(createNoopSpanExporter())],
}).getTracer('bare');

const answer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Yes.' } }],
  usage: {
    prompt_tokens: 1_200,
    completion_tokens: 80,
    total_tokens: 1_280,
    prompt_tokens_details: { cached_tokens: 1_024 },
  },
};
const bareEntry = (i: number) => ({
  severity: 'INFO',
  message: 'call answered',
  timestamp: new Date().toISOString(),
  fields: { workspaceId: 'acme', attempt: i, model: 'gpt-4o', latencyMs: 812 },
});

const call = {
  counter: (i: number) =>
    metrics.incrementCounter(counter, 1, { provider: 'openai', status: i & 1 ? 'ok' : 'error' }),
  bareCounter: (i: number) =>
    bareCounter.add(1, { provider: 'openai', status: i & 1 ? 'ok' : 'error' }),
  histogram: (i: number) => metrics.recordHistogram(histogram, i % 700, { provider: 'openai' }),
  bareHistogram: (i: number) => bareHistogram.record(i % 700, { provider: 'openai' }),
  span: () =>
    tracer.startSpan('bench', { kind: SpanKind.CLIENT, attributes: { 'server.port': 1 } }).end(),
  bareSpan: () =>
    bareTracer
      .startSpan('bench', { kind: SpanKind.CLIENT, attributes: { 'server.port': 1 } })
      .end(),
  log: (i: number) =>
    log.info('call answered', { workspaceId: 'acme', attempt: i, model: 'gpt-4o', latencyMs: 812 }),
  bareLog: (i: number) => void process.stdout.write(`${JSON.stringify(bareEntry(i))}\n`),
};

/** Nanoseconds per call. */
async function time(run: (i: number) => unknown, calls: number): Promise<number> {
  let spent = 0n;
  for (let done = 0; done < calls; done += BURST) {
    const started = process.hrtime.bigint();
    for (let i = 0; i < BURST; i++) run(done + i);
    spent += process.hrtime.bigint() - started;
    await setImmediate();
  }
  return Number(spent) / calls;
}

async function timeLlmCalls(calls: number, traced: boolean): Promise<number> {
  const options = {
    workspaceId: 'acme',
    agentId: 'planner',
    provider: 'openai',
    model: 'gpt-4o',
  } as const;
  const client = async () => answer;
  let spent = 0n;
  for (let i = 0; i < calls; i++) {
    const started = process.hrtime.bigint();
    await (traced ? traceLlmCall(options, client) : client());
    spent += process.hrtime.bigint() - started;
    if (i % 100 === 0) await setImmediate();
  }
  return Number(spent) / calls;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const kinds = Object.keys(call) as (keyof typeof call)[];
const samples = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]]));
const llmSamples: number[] = [];
for (let round = -2; round < ROUNDS; round++) {
  say(`telemetry: round ${Math.max(0, round + 1)} of ${ROUNDS}`);
  for (const kind of kinds) {
    const calls = /log/i.test(kind) ? LOG_CALLS_PER_ROUND : CALLS_PER_ROUND;
    const ns = await time(call[kind], calls);
    if (round >= 0) samples[kind]!.push(ns);
  }
  const bare = await timeLlmCalls(LLM_CALLS_PER_ROUND, false);
  const traced = await timeLlmCalls(LLM_CALLS_PER_ROUND, true);
  if (round >= 0) llmSamples.push(traced - bare);
}

/** Heap after a collection, in MiB. */
const heap = () => {
  global.gc!();
  return process.memoryUsage().heapUsed / 1_048_576;
};
costs = refused;
let atHalf = 0;
for (const half of [1, 2]) {
  say(`telemetry: memory over ${MEMORY_CALLS} calls of each kind, half ${half}`);
  for (const kind of ['counter', 'histogram', 'span', 'log'] as const) {
    await time(call[kind], MEMORY_CALLS / 2);
  }
  await timeLlmCalls(MEMORY_CALLS / 2, true);
  if (half === 1) atHalf = heap();
}
const heapGrowthMiB = heap() - atHalf;
const sent = taken.stats();
if (sent.refused + sent.rejected > 0)
  throw new Error(`not all events were taken: ${JSON.stringify(sent)}`);

const figures = Object.fromEntries(
  kinds.map((kind) => [`${kind}Ns`, Math.round(median(samples[kind]!))]),
);
const result = {
  ...figures,
  traceLlmCallNs: Math.round(median(llmSamples)),
  heapGrowthMiB: Math.round(heapGrowthMiB * 100) / 100,
} as TelemetryFigures;
process.send?.(result, () => process.exit(0));
