import type { TelemetryConfig } from '../core/telemetry-config.ts';
import {
  type BusinessMetrics,
  createBusinessMetrics,
} from '../telemetry/business/business-metrics.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';

const TABLE = 'business_metrics';

/**
 * Business metrics into the configured dataset, or undefined without a project. Google's client is loaded with the first
 * rows.
 */
export function openBusinessMetrics(options: {
  config: Pick<TelemetryConfig, 'projectId' | 'dataset' | 'bigqueryEndpoint'>;
  metrics: MetricsRecorder;
  log: Pick<Logger, 'error'>;
  workspaceId: string | undefined;
}): BusinessMetrics | undefined {
  const { config, metrics, log, workspaceId } = options;
  const { projectId, dataset, bigqueryEndpoint } = config;
  if (projectId === undefined) return undefined;
  const warehouse = lazily(async () => {
    const { createWarehouse } = await import('../cloud/bigquery.ts');
    return createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  });
  return createBusinessMetrics({
    insert: async (rows) => (await warehouse()).insert(TABLE, rows),
    metrics,
    now: Date.now,
    onError: (losses) => {
      const { reason, message } = losses[0]!;
      log.error('business metrics lost', { rows: losses.length, reason, message });
    },
    ...(workspaceId !== undefined && { workspaceId }),
  });
}

function lazily<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}
