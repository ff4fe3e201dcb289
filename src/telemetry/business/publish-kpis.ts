import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { ATTR_SERVICE_INSTANCE_ID } from '@opentelemetry/semantic-conventions';
import { AppError, errorMessage } from '../../core/errors.ts';
import { createMetrics, type MetricsOptions } from '../metrics/metrics.ts';
import type { MetricRecord } from '../metrics/recorder-contract.ts';

/** In place of an instance's id: the figures are the platform's, whoever tells them. */
const TELLER = 'platform';

/**
 * Sends gauges of the platform, each a single point, and resolves when all were taken. They are written in the name of the
 * platform and not of an instance, so that every gauge is one series for good. Throws `not_published` (retryable), with the
 * first reason, when one of them was not taken, which is so when a gauge is sent twice within ten seconds; and
 * `invalid_configuration` where metrics go nowhere or wait to be fetched. Sending the same again later is one more point.
 */
export async function publishKpis(
  records: readonly MetricRecord[],
  options: Pick<MetricsOptions, 'config' | 'resource' | 'now' | 'otlpHeaders'>,
): Promise<void> {
  const { config } = options;
  if (config.metricsExporter !== 'cloud-monitoring' && config.metricsExporter !== 'otlp') {
    throw new AppError({
      code: 'invalid_configuration',
      message: `OTEL_METRICS_EXPORTER is ${config.metricsExporter}: business KPIs are sent by cloud-monitoring or otlp`,
    });
  }
  const errors: unknown[] = [];
  const metrics = createMetrics({
    ...options,
    resource: inTheNameOfThePlatform(options.resource),
    onError: (error) => errors.push(error),
  });
  metrics.recorder.recordMetrics(records);
  await metrics.close();
  const { exports, refused, pointsWritten } = metrics.stats();
  const isWhole = pointsWritten === undefined || pointsWritten === records.length;
  if (errors.length === 0 && refused === 0 && exports > 0 && isWhole) return;
  const reason = errors.length > 0 ? errorMessage(errors[0]) : 'they were not sent in time';
  throw new AppError({
    code: 'not_published',
    message: `Business KPIs were not all taken: ${reason}`,
    publicMessage: 'The metrics were not taken.',
    retryable: true,
    cause: errors[0],
  });
}

function inTheNameOfThePlatform(resource: Resource): Resource {
  return resource.merge(resourceFromAttributes({ [ATTR_SERVICE_INSTANCE_ID]: TELLER }));
}
