import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createOtlpReceiver, type OtlpReceiver } from '../../../local/otlp/receiver.ts';
import { readTelemetryConfig } from '../../../src/core/telemetry-config.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import { createResource } from '../../../src/telemetry/resource.ts';

const PROJECT = 'agentworks-local';
const RESOURCE = {
  'gcp.project_id': PROJECT,
  'service.name': 'shop',
  'service.instance.id': 'shop-1',
  'cloud.region': 'europe-west1',
};
const NOW = Date.parse('2026-11-20T12:00:00Z');
const TRACE = '0af7651916cd43dd8448eb211c80319c';

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = createOtlpReceiver({ projectId: PROJECT, now: () => NOW });
  await receiver.start();
});
afterEach(() => receiver.close());

/** What OpenTelemetry's own exporter sends of the spans that `work` makes. */
async function exported(work: (provider: NodeTracerProvider) => void, resource: object = RESOURCE) {
  const exporter = new OTLPTraceExporter({
    url: `${receiver.url}/v1/traces`,
    // gzip, as exporters are often configured.
    compression: 'gzip' as never,
  });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes(resource as typeof RESOURCE),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  work(provider);
  await provider.shutdown();
}

type Json = Record<string, unknown>;
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const span = (id: number, more: Json = {}): Json => ({
  traceId: TRACE,
  spanId: id.toString(16).padStart(16, '0'),
  name: `work ${id}`,
  startTimeUnixNano: String(BigInt(NOW) * 1_000_000n + BigInt(id)),
  endTimeUnixNano: String(BigInt(NOW) * 1_000_000n + 5_000_000n),
  ...more,
});
const request = (spans: Json[], resource: Json[] = [attribute('gcp.project_id', PROJECT)]) => ({
  resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ spans }] }],
});
const post = (body: unknown, headers: Record<string, string> = {}, path = '/v1/traces') =>
  fetch(`${receiver.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
  });

describe('traces by OTLP', () => {
  test("of OpenTelemetry's exporter, in zipped protobuf, are kept with all they say", async () => {
    await exported((provider) => {
      const tracer = provider.getTracer('shop', '1.2.3');
      tracer.startActiveSpan('order', { attributes: { big: 5, list: ['a', 'b'] } }, (root) => {
        const inner = tracer.startSpan('charge');
        inner.recordException(new Error('card declined'));
        inner.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
        inner.end();
        root.end();
      });
    });
    const [summary] = receiver.store.traces({ limit: 10 });
    // Without a context manager the two spans would be two traces: the provider is not registered here.
    expect(receiver.store.counts()).toMatchObject({ received: 2, spans: 2 });
    const all = receiver.store
      .traces({ limit: 10 })
      .flatMap(({ traceId }) => receiver.store.trace(traceId)!.spans);
    const charge = all.find(({ name }) => name === 'charge')!;
    expect(charge.status).toEqual({ code: 'error', message: 'declined' });
    expect(charge.events[0]!.attributes.get('exception.message')).toBe('card declined');
    expect(charge.scope).toMatchObject({ name: 'shop', version: '1.2.3' });
    expect(all.find(({ name }) => name === 'order')!.attributes.get('list')).toEqual(['a', 'b']);
    expect(summary!.services).toEqual(['shop']);
  });

  test('without gcp.project_id are refused as Google does, in the encoding of the request', async () => {
    const answer = await post(request([span(1)], []));
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      code: 3,
      message: 'Resource is missing required attribute "gcp.project_id"',
    });
    const withoutProject = { 'service.name': 'shop' };
    const sent = exported((it) => it.getTracer('t').startSpan('x').end(), withoutProject);
    await expect(sent).rejects.toThrow('Bad Request');
    expect(receiver.store.counts().received).toBe(0);
    expect(receiver.store.refusals.list().map(({ signal, reason }) => [signal, reason])).toEqual([
      ['traces', 'Resource is missing required attribute "gcp.project_id"'],
      ['traces', 'Resource is missing required attribute "gcp.project_id"'],
    ]);
  });

  test('of another project are refused', async () => {
    const answer = await post(request([span(1)], [attribute('gcp.project_id', 'elsewhere')]));
    expect(answer.status).toBe(403);
  });

  test('leave out the span that is too large and take its neighbours', async () => {
    const many = Array.from({ length: 257 }, () => ({ name: 'e', timeUnixNano: '1' }));
    const links = Array.from({ length: 129 }, () => ({
      traceId: TRACE,
      spanId: '00000000000000ff',
    }));
    const answer = await post(
      request([
        span(1),
        span(2, { name: 'ä'.repeat(513) }),
        span(3, { events: many }),
        span(4, { links }),
        span(5, { attributes: [attribute('k'.repeat(513), 'v')] }),
        span(6, { attributes: [attribute('prompt', 'x'.repeat(65_537))] }),
        span(7, { name: 'ä'.repeat(512), attributes: [attribute('p', 'x'.repeat(65_536))] }),
      ]),
    );
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { partialSuccess: Json };
    expect(body.partialSuccess).toMatchObject({ rejectedSpans: 5 });
    expect(body.partialSuccess.errorMessage).toContain('has 257 events, at most 256');
    expect(receiver.store.trace(TRACE)!.spans.map(({ spanId }) => Number(`0x${spanId}`))).toEqual([
      1, 7,
    ]);
  });

  test.each([
    ['something else than protobuf or JSON', 415, '{}', { 'content-type': 'text/plain' }],
    ['what is no JSON', 400, '{', {}],
    ['what is no gzip', 400, '{}', { 'content-encoding': 'gzip' }],
    ['another compression', 415, '{}', { 'content-encoding': 'br' }],
  ])('%s is answered %i', async (_what, status, body, headers) => {
    const answer = await post(Buffer.from(body), headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as Json).message).toEqual(expect.any(String));
  });

  test('that are larger than 16 MiB unzipped are refused', async () => {
    const bomb = gzipSync(Buffer.alloc(17 * 2 ** 20, ' '));
    expect((await post(bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
  });

  test('count a span that is sent again once', async () => {
    for (let time = 1; time <= 3; time += 1) await post(request([span(1), span(2)]));
    expect(receiver.store.trace(TRACE)!.spans).toHaveLength(2);
    expect(receiver.store.counts()).toMatchObject({ received: 6, traces: 1, spans: 2 });
  });

  test('are found by workspace, by failure and by text', async () => {
    const inWorkspace = { attributes: [attribute('agentworks.workspace.id', 'acme')] };
    await post(request([span(1, inWorkspace)]));
    const other = { traceId: '1'.repeat(32), status: { code: 2 }, name: 'Refund' };
    await post(request([span(2, other)]));
    const found = (filter: object) =>
      receiver.store.traces({ limit: 9, ...filter }).map(({ traceId }) => traceId);
    expect(found({ workspaceId: 'acme' })).toEqual([TRACE]);
    expect(found({ show: 'failed' })).toEqual(['1'.repeat(32)]);
    expect(found({ search: 'refund' })).toEqual(['1'.repeat(32)]);
    expect(found({ search: 'ACME' })).toEqual([TRACE]);
    expect(receiver.store.workspaces()).toEqual(['acme']);
  });
});

describe('metrics by OTLP', () => {
  async function exportMetrics(resource: typeof RESOURCE | object) {
    const provider = new MeterProvider({
      resource: resourceFromAttributes(resource as typeof RESOURCE),
      readers: [
        new PeriodicExportingMetricReader({
          exporter: new OTLPMetricExporter({ url: `${receiver.url}/v1/metrics` }),
          exportIntervalMillis: 3_600_000,
        }),
      ],
    });
    const meter = provider.getMeter('shop');
    meter.createCounter('orders', { unit: '{order}' }).add(41, { kind: 'new' });
    meter.createHistogram('latency', { unit: 'ms' }).record(12.5);
    await provider.shutdown().catch(() => {});
  }

  test("of OpenTelemetry's exporter are counted and their latest points kept", async () => {
    await exportMetrics(RESOURCE);
    expect(receiver.store.points.list()).toEqual([
      expect.objectContaining({ name: 'latency', kind: 'histogram', value: 1, sum: 12.5 }),
      {
        name: 'orders',
        kind: 'sum',
        unit: '{order}',
        service: 'shop',
        instance: 'shop-1',
        labels: { kind: 'new' },
        timeMs: expect.any(Number),
        value: 41,
      },
    ]);
  });

  test.each([
    ['gcp.project_id', 'gcp.project_id'],
    ['cloud.region', 'location'],
    ['service.instance.id', 'instance'],
  ])('without %s are refused', async (left, named) => {
    const resource = Object.fromEntries(Object.entries(RESOURCE).filter(([key]) => key !== left));
    await exportMetrics(resource);
    expect(receiver.store.points.list()).toEqual([]);
    expect(receiver.store.refusals.list()[0]!.reason).toBe(
      `Resource is missing required attribute "${named}"`,
    );
  });

  test('of our own SDK on a machine that is in no region are taken', async () => {
    const config = readTelemetryConfig({
      GOOGLE_CLOUD_PROJECT: PROJECT,
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    });
    const resource = createResource({ service: 'shop', config });
    const failures: unknown[] = [];
    const onError = (error: unknown) => void failures.push(error);
    const metrics = createMetrics({ config, resource, onError });
    metrics.meterProvider.getMeter('shop').createCounter('orders').add(3);
    await metrics.close();
    expect(failures).toEqual([]);
    expect(receiver.store.points.list()).toEqual([
      expect.objectContaining({ name: 'orders', service: 'shop', value: 3 }),
    ]);
  });

  test('leave out a metric whose name Cloud Monitoring could not take', async () => {
    const point = { asInt: '3', timeUnixNano: '1' };
    const metrics = ['good/name', 'bad-name'].map((name) => ({
      name,
      sum: { dataPoints: [point] },
    }));
    const attributes = Object.entries(RESOURCE).map(([key, value]) => attribute(key, value));
    const body = { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] };
    const answer = await post(body, {}, '/v1/metrics');
    expect(await answer.json()).toMatchObject({ partialSuccess: { rejectedDataPoints: 1 } });
    expect(receiver.store.points.list().map(({ name, value }) => [name, value])).toEqual([
      ['good/name', 3],
    ]);
  });
});

test('what is not there is said to be not there', async () => {
  expect((await post({}, {}, '/v1/logs')).status).toBe(404);
  expect((await fetch(`${receiver.url}/v1/traces`)).status).toBe(405);
  expect((await fetch(`${receiver.url}/healthz`)).status).toBe(200);
});
