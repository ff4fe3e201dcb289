import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  createMonitoringEmulator,
  type MonitoringEmulator,
  type MonitoringEmulatorOptions,
} from '../../../local/monitoring/emulator.ts';
import { defineMetric } from '../../../src/telemetry/metrics/definition.ts';
import { createMetrics, type Metrics } from '../../../src/telemetry/metrics/metrics.ts';

export const PROJECT = 'contract-tests';
/** 20 November 2026, 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);
export const TYPE = 'custom.googleapis.com/agentworks/';

export const CALLS = defineMetric({
  name: 'test/calls',
  kind: 'counter',
  valueType: 'int',
  unit: '{call}',
  description: 'Calls.',
  labels: ['status'],
  labelDescriptions: { status: 'ok or error.' },
});
export const DEPTH = defineMetric({
  ...CALLS,
  name: 'test/depth',
  kind: 'gauge',
  description: 'Depth.',
});
export const DURATION = defineMetric({
  ...CALLS,
  name: 'test/duration',
  kind: 'histogram',
  valueType: 'double',
  unit: 'ms',
  description: 'Durations.',
  boundaries: [1, 10, 100],
});

export type Harness = {
  emulator: MonitoringEmulator;
  /** The clock of the emulator and of every process. */
  clock: { ms: number };
  /** What processes were told of failures. */
  errors: string[];
  /** The metrics of one process, sent only when flushed; closed with the harness. */
  openProcess(options?: { instance?: string; attributes?: Record<string, unknown> }): Metrics;
  /** The newest value of every series of the metric, added up. */
  total(name: string): number;
  close(): Promise<void>;
};

/** The local Cloud Monitoring on a free port, its clock standing at noon, and processes that write to it. */
export async function startHarness(
  options: Partial<MonitoringEmulatorOptions> = {},
): Promise<Harness> {
  const clock = { ms: NOON };
  const emulator = createMonitoringEmulator({
    projectId: PROJECT,
    now: () => clock.ms,
    ...options,
  });
  await emulator.start();
  const errors: string[] = [];
  const processes: Metrics[] = [];
  return {
    emulator,
    clock,
    errors,
    openProcess({ instance = 'one', attributes = {} } = {}) {
      const metrics = createMetrics({
        config: {
          metricsExporter: 'cloud-monitoring',
          projectId: PROJECT,
          monitoringEndpoint: emulator.address,
          metricIntervalMs: 3_600_000,
          otlpEndpoint: 'http://127.0.0.1:1',
          otlpHeaders: {},
          prometheusPort: 0,
        },
        resource: resourceFromAttributes({
          'service.name': 'api',
          'service.instance.id': instance,
          'deployment.environment.name': 'test',
          'cloud.region': 'europe-west1',
          ...attributes,
        }),
        onError: (error) => errors.push(String(error)),
        now: () => clock.ms,
      });
      processes.push(metrics);
      return metrics;
    },
    total(name) {
      const series = emulator.store.series({ metricType: TYPE + name });
      return series.reduce((sum, { points }) => sum + Number(points.at(-1)!.value), 0);
    },
    async close() {
      await Promise.all(processes.map((metrics) => metrics.close()));
      await emulator.close();
    },
  };
}
