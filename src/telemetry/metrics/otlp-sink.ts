import { ExportResultCode } from '@opentelemetry/core';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  ATTR_CLOUD_AVAILABILITY_ZONE,
  ATTR_CLOUD_REGION,
} from '@opentelemetry/semantic-conventions/incubating';
import type { MetricSink } from './sink.ts';

const REQUEST_TIMEOUT_MS = 5_000;
/** Where Google's endpoint looks for the place that metrics come from. Without one it refuses the whole request. */
const PLACES = ['location', ATTR_CLOUD_AVAILABILITY_ZONE, ATTR_CLOUD_REGION];

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
        const resource = placed(metrics.resource);
        exporter.export({ ...metrics, resource }, ({ code, error }) => {
          if (code === ExportResultCode.SUCCESS) resolve();
          else reject(error ?? new Error('The export of metrics failed'));
        });
      }),
    close: () => exporter.shutdown(),
  };
}

/** The resource with a place: who knows none, outside Google Cloud say, is `global`, as in Cloud Monitoring. */
function placed(resource: Resource): Resource {
  if (PLACES.some((key) => resource.attributes[key])) return resource;
  return resource.merge(resourceFromAttributes({ location: 'global' }));
}
