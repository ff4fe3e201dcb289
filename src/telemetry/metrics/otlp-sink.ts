import { ExportResultCode } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { MetricSink } from './sink.ts';

const REQUEST_TIMEOUT_MS = 5_000;

/** Sends metrics as protobuf to `<endpoint>/v1/metrics`, cumulative, with headers that are asked for before each request. */
export function createOtlpSink(options: {
  endpoint: string;
  headers: () => Promise<Record<string, string>>;
}): MetricSink {
  const exporter = new OTLPMetricExporter({
    url: `${options.endpoint.replace(/\/$/, '')}/v1/metrics`,
    headers: options.headers,
    timeoutMillis: REQUEST_TIMEOUT_MS,
  });
  return {
    send: (metrics) =>
      new Promise((resolve, reject) => {
        exporter.export(metrics, ({ code, error }) => {
          if (code === ExportResultCode.SUCCESS) resolve();
          else reject(error ?? new Error('The export of metrics failed'));
        });
      }),
    close: () => exporter.shutdown(),
  };
}
