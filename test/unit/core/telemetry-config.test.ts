import { expect, test } from '@jest/globals';
import type { AppError } from '../../../src/core/errors.ts';
import { readTelemetryConfig } from '../../../src/core/telemetry-config.ts';

test('outside Google Cloud nothing is sent unless asked for', () => {
  expect(readTelemetryConfig({})).toMatchObject({
    metricsExporter: 'none',
    tracesExporter: 'none',
    environmentName: 'local',
    cpuThrottled: false,
    metricIntervalMs: 60_000,
  });
});

test('on Cloud Run metrics go to Cloud Monitoring and traces to Google by OTLP', () => {
  const env = { K_SERVICE: 'api', K_REVISION: 'api-7', GOOGLE_CLOUD_PROJECT: 'p' };
  expect(readTelemetryConfig(env)).toMatchObject({
    projectId: 'p',
    cloudRun: { name: 'api', revision: 'api-7' },
    metricsExporter: 'cloud-monitoring',
    tracesExporter: 'otlp',
    otlpEndpoint: 'https://telemetry.googleapis.com',
    environmentName: 'production',
    cpuThrottled: true,
  });
});

test('takes OpenTelemetry’s own variables', () => {
  const env = {
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x, team = a=b',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
  };
  expect(readTelemetryConfig(env)).toMatchObject({
    metricsExporter: 'prometheus',
    tracesExporter: 'otlp',
    otlpEndpoint: 'http://jaeger:4318',
    otlpHeaders: { authorization: 'Bearer x', team: 'a=b' },
    traceSampleRatio: 0.25,
    metricIntervalMs: 5_000,
  });
});

test('reports every fault at once', () => {
  const env = {
    OTEL_METRICS_EXPORTER: 'cloud-monitoring',
    OTEL_TRACES_EXPORTER: 'zipkin',
    OTEL_TRACES_SAMPLER_ARG: '2',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_EXPORTER_OTLP_HEADERS: 'nothing',
  };
  const fields = (() => {
    try {
      readTelemetryConfig(env);
      return [];
    } catch (error) {
      return (error as AppError).details.map(({ field }) => field);
    }
  })();
  expect(fields.sort()).toEqual([
    'GOOGLE_CLOUD_PROJECT',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_METRIC_EXPORT_INTERVAL',
    'OTEL_TRACES_EXPORTER',
    'OTEL_TRACES_SAMPLER_ARG',
  ]);
});
