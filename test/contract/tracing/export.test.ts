import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { context, propagation, trace } from '@opentelemetry/api';
import { createResource } from '../../../src/telemetry/resource.ts';
import { createTracing, type Tracing } from '../../../src/telemetry/tracing/tracing.ts';
import { startCollector } from './collector.ts';

let collector: Awaited<ReturnType<typeof startCollector>>;
let answer: () => number | 'never';
let tracing: Tracing | undefined;
const errors: unknown[] = [];
beforeEach(async () => {
  answer = () => 200;
  collector = await startCollector(() => answer());
});
afterEach(async () => {
  await collector.close();
  await tracing?.close();
  tracing = undefined;
  errors.length = 0;
});

const ENVIRONMENT = { projectId: 'p-1', environmentName: 'test' };

function start(
  config: Partial<Parameters<typeof createTracing>[0]['config']> = {},
  resource = createResource({ service: 'svc', version: '1.2.3', config: ENVIRONMENT }),
): Tracing {
  tracing = createTracing({
    config: {
      tracesExporter: 'otlp',
      otlpEndpoint: collector.url,
      otlpHeaders: { 'x-key': 'secret' },
      traceSampleRatio: 1,
      ...config,
    },
    resource,
    onError: (error) => errors.push(error),
  });
  return tracing;
}

function makeSpans(count: number): void {
  const tracer = tracing!.tracerProvider.getTracer('test');
  for (let i = 0; i < count; i += 1) tracer.startSpan(`span ${i}`).end();
}

test('spans arrive as OTLP protobuf under /v1/traces, with the headers and the resource', async () => {
  start();
  makeSpans(3);
  await tracing!.flush();
  expect(collector.received.map(({ path }) => path)).toEqual(['/v1/traces']);
  expect(collector.received[0]!.headers).toMatchObject({
    'x-key': 'secret',
    'content-type': 'application/x-protobuf',
  });
  const spans = collector.spans();
  expect(spans.map(({ name }) => name)).toEqual(['span 0', 'span 1', 'span 2']);
  expect(Object.fromEntries(spans[0]!.resource)).toMatchObject({
    'service.name': 'svc',
    'service.version': '1.2.3',
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'deployment.environment.name': 'test',
    'gcp.project_id': 'p-1',
    'telemetry.sdk.language': 'nodejs',
  });
  expect(tracing!.stats()).toEqual({
    ended: 3,
    exported: 3,
    dropped: 0,
    failed: 0,
    failedExports: 0,
  });
});

test('what the metadata server says is waited for and then sent', async () => {
  const facts = Promise.withResolvers<{ region?: string; instanceId?: string }>();
  const cloudRun = { name: 'api', revision: 'api-001' };
  const resource = createResource({
    service: 'svc',
    config: { ...ENVIRONMENT, cloudRun },
    instanceFacts: () => facts.promise,
  });
  start({}, resource);
  makeSpans(1);
  const flushed = tracing!.flush();
  facts.resolve({ region: 'europe-west1', instanceId: '00aa' });
  await flushed;
  expect(Object.fromEntries(collector.spans()[0]!.resource)).toMatchObject({
    'cloud.provider': 'gcp',
    'cloud.platform': 'gcp_cloud_run',
    'cloud.region': 'europe-west1',
    'faas.name': 'api',
    'faas.version': 'api-001',
    'faas.instance': '00aa',
  });
});

test('of more spans than the queue holds the rest is dropped and counted, and none is counted twice', async () => {
  start();
  makeSpans(5_000);
  expect(tracing!.stats()).toMatchObject({ ended: 5_000, dropped: 5_000 - 2_048 });
  await tracing!.flush();
  expect(collector.spans()).toHaveLength(2_048);
  expect(tracing!.stats()).toMatchObject({ exported: 2_048, failed: 0 });
});

test('an export that fails is counted and told of, and the next one goes on', async () => {
  answer = () => 400;
  start();
  makeSpans(1);
  await tracing!.flush();
  expect(tracing!.stats()).toMatchObject({ exported: 0, failed: 1, failedExports: 1 });
  expect(errors).toHaveLength(1);
  answer = () => 200;
  makeSpans(1);
  await tracing!.flush();
  expect(tracing!.stats()).toMatchObject({ ended: 2, exported: 1, failed: 1 });
});

describe('with an endpoint that never answers', () => {
  test('flush and close give up within seconds, and never reject', async () => {
    answer = () => 'never';
    start();
    makeSpans(600);
    const startedAt = performance.now();
    await tracing!.flush();
    await tracing!.close();
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    const { ended, exported, dropped, failed } = tracing!.stats();
    expect({ ended, exported }).toEqual({ ended: 600, exported: 0 });
    expect(dropped + failed).toBeLessThanOrEqual(600);
  });
});

test('an endpoint nobody listens on costs spans and nothing else', async () => {
  await collector.close();
  start();
  makeSpans(10);
  await tracing!.close();
  expect(tracing!.stats()).toMatchObject({ ended: 10, exported: 0, failed: 10 });
});

test('without an exporter spans are made all the same, and go nowhere', async () => {
  start({ tracesExporter: 'none' });
  const span = tracing!.tracerProvider.getTracer('test').startSpan('x');
  expect(span.spanContext().traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  span.end();
  await tracing!.flush();
  expect(collector.received).toEqual([]);
});

test('a share of the traces is kept, and whoever called decides for theirs', async () => {
  start({ traceSampleRatio: 0 });
  makeSpans(5);
  const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
  const tracer = tracing!.tracerProvider.getTracer('test');
  tracer.startSpan('theirs', {}, trace.setSpanContext(context.active(), parent)).end();
  await tracing!.flush();
  expect(collector.spans().map(({ name }) => name)).toEqual(['theirs']);
});

test('registering carries the context across awaits and onto requests; closing takes it back', async () => {
  start();
  tracing!.register();
  const tracer = trace.getTracer('test');
  await tracer.startActiveSpan('outer', async (outer) => {
    await new Promise((resolve) => setImmediate(resolve));
    expect(trace.getActiveSpan()).toBe(outer);
    const carrier: Record<string, string> = {};
    propagation.inject(context.active(), carrier);
    expect(carrier.traceparent).toContain(outer.spanContext().traceId);
    outer.end();
  });
  await tracing!.close();
  expect(trace.getTracer('test').startSpan('late').isRecording()).toBe(false);
  await tracing!.close();
});
