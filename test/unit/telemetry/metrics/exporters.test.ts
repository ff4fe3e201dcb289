import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { createOtlpReceiver } from '../../../../local/otlp/receiver.ts';
import type { TelemetryConfig } from '../../../../src/core/telemetry-config.ts';
import { KPI } from '../../../../src/telemetry/metrics/catalogue.ts';
import { createMetrics, type MetricsOptions } from '../../../../src/telemetry/metrics/metrics.ts';
import { createPrometheusEndpoint } from '../../../../src/telemetry/metrics/prometheus-endpoint.ts';

const RESOURCE = resourceFromAttributes({
  'service.name': 'api',
  'service.instance.id': 'one',
  'cloud.region': 'europe-west1',
  'gcp.project_id': 'p',
});

function open(config: Partial<TelemetryConfig>, options: Partial<MetricsOptions> = {}) {
  const errors: string[] = [];
  const metrics = createMetrics({
    config: {
      metricsExporter: 'none',
      metricIntervalMs: 3_600_000,
      otlpEndpoint: 'http://127.0.0.1:1',
      otlpHeaders: {},
      prometheusPort: 0,
      ...config,
    },
    resource: RESOURCE,
    onError: (error) => errors.push(String(error)),
    ...options,
  });
  return { ...metrics, errors };
}

describe('otlp', () => {
  test('metrics arrive by the rules of telemetry.googleapis.com, and what came last with close', async () => {
    const receiver = createOtlpReceiver({ projectId: 'p' });
    await receiver.start();
    const { recorder, flush, close, stats } = open({
      metricsExporter: 'otlp',
      otlpEndpoint: receiver.url,
    });
    recorder.incrementCounter(KPI.llmTokens, 100, { provider: 'openai', token_type: 'input' });
    await flush();
    recorder.incrementCounter(KPI.llmTokens, 11, { provider: 'openai', token_type: 'input' });
    recorder.recordHistogram(KPI.llmDuration, 812);
    await close();
    expect(receiver.store.points.list()).toMatchObject([
      { name: 'agentworks/llm/duration', kind: 'histogram', value: 1, sum: 812, instance: 'one' },
      { name: 'agentworks/llm/tokens', kind: 'sum', value: 111, unit: '{token}' },
    ]);
    expect(stats()).toMatchObject({ exports: 2, failedExports: 0 });
    await receiver.close();
  });

  test('headers are asked for before each request', async () => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push([request.url, request.headers.authorization]);
      request.resume().on('end', () => response.end());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    let token = 0;
    const { recorder, flush, close } = open(
      { metricsExporter: 'otlp', otlpEndpoint: `http://127.0.0.1:${port}/` },
      { otlpHeaders: async () => ({ authorization: `Bearer ${++token}` }) },
    );
    recorder.incrementCounter(KPI.cards);
    await flush();
    await close();
    expect(seen).toEqual([
      ['/v1/metrics', 'Bearer 1'],
      ['/v1/metrics', 'Bearer 2'],
    ]);
    server.closeAllConnections();
    server.close();
  });

  test('headers that cannot be had are a failed export and nothing worse', async () => {
    const { recorder, flush, close, stats, errors } = open(
      { metricsExporter: 'otlp' },
      { otlpHeaders: () => Promise.reject(new Error('no credentials')) },
    );
    recorder.incrementCounter(KPI.cards);
    await flush();
    await close();
    expect(stats().failedExports).toBe(2);
    expect(errors.join()).toContain('no credentials');
  });
});

describe('prometheus', () => {
  test('a scrape gets what is recorded at that moment', async () => {
    const stats = { exports: 0, failedExports: 0 };
    const { reader, listening } = createPrometheusEndpoint({ port: 0, onError: () => {}, stats });
    const provider = new MeterProvider({ resource: RESOURCE, readers: [reader] });
    const url = `http://127.0.0.1:${await listening}`;
    const counter = provider.getMeter('test').createCounter('agentworks/llm/requests');
    for (const total of [2, 4]) {
      counter.add(2, { provider: 'openai' });
      const answer = await fetch(`${url}/metrics`);
      expect(answer.headers.get('content-type')).toContain('text/plain');
      const text = await answer.text();
      expect(text).toMatch(
        new RegExp(`^agentworks_llm_requests_total\\{provider="openai".*\\} ${total}$`, 'm'),
      );
    }
    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
    expect(stats.exports).toBe(2);
    await provider.shutdown();
    await expect(fetch(`${url}/metrics`)).rejects.toThrow();
  });

  test('a port that is taken is told of and stops nothing', async () => {
    const taken = createServer().listen(0);
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { recorder, close, errors } = open({
      metricsExporter: 'prometheus',
      prometheusPort: port,
    });
    recorder.incrementCounter(KPI.cards);
    await close();
    expect(errors.join()).toContain('EADDRINUSE');
    taken.close();
  });
});

test('with the exporter none everything can be called and nothing is sent', async () => {
  const { recorder, flush, close, stats } = open({});
  recorder.incrementCounter(KPI.cards);
  recorder.incrementCounter(KPI.cards, -1);
  await flush();
  await flush({ urgent: true });
  await close();
  await close();
  expect(stats()).toEqual({ exports: 0, failedExports: 0, refused: 1, overflowed: 0 });
});

test('Cloud Monitoring without a project is a wrong configuration', () => {
  expect(() => open({ metricsExporter: 'cloud-monitoring' })).toThrow('needs a project');
});
