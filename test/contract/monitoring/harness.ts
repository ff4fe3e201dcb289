import { MetricServiceClient, type protos } from '@google-cloud/monitoring';
import { credentials } from '@grpc/grpc-js';
import {
  createMonitoringEmulator,
  type MonitoringEmulator,
  type MonitoringEmulatorOptions,
} from '../../../local/monitoring/emulator.ts';

export const PROJECT = 'contract-tests';
export const NAME = `projects/${PROJECT}`;
/** 20 November 2026, 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);

export type TimeSeries = protos.google.monitoring.v3.ITimeSeries;
export type Summary = protos.google.monitoring.v3.ICreateTimeSeriesSummary;

export type Harness = {
  emulator: MonitoringEmulator;
  client: MetricServiceClient;
  /** The emulator's clock. */
  clock: { ms: number };
  /** Writes and resolves to what the client rejected with, undefined when it took all. */
  write(...timeSeries: TimeSeries[]): Promise<Refused | undefined>;
  close(): Promise<void>;
};

export type Refused = { code: number; details: string; summary: Summary | undefined };

/** The emulator on a free port, its clock standing at noon, with Google's own client pointed at it. */
export async function startHarness(
  options: Partial<MonitoringEmulatorOptions> = {},
): Promise<Harness> {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const clock = { ms: NOON };
  const emulator = createMonitoringEmulator({
    projectId: PROJECT,
    now: () => clock.ms,
    ...options,
  });
  await emulator.start();
  const [servicePath, port] = emulator.address.split(':');
  const client = new MetricServiceClient({
    projectId: PROJECT,
    servicePath: servicePath!,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
  });
  return {
    emulator,
    client,
    clock,
    async write(...timeSeries) {
      try {
        await client.createTimeSeries({ name: NAME, timeSeries });
        return undefined;
      } catch (error) {
        const { code, details } = error as { code: number; details: string };
        return { code, details, summary: summaryOf(error) };
      }
    },
    async close() {
      await client.close();
      await emulator.close();
    },
  };
}

/** What an exporter gets to see of a partial failure: the client decodes this detail. */
function summaryOf(error: unknown): Summary | undefined {
  const [detail] = (error as { statusDetails?: Summary[] }).statusDetails ?? [];
  if (detail?.totalPointCount === undefined) return undefined;
  // Without the prototypes of the decoder's messages.
  return JSON.parse(JSON.stringify({ successPointCount: 0, ...detail }));
}

/** A protobuf Timestamp. */
export function at(ms: number): protos.google.protobuf.ITimestamp {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

export const TASK = {
  type: 'generic_task',
  labels: { location: 'europe-west1', namespace: 'test', job: 'api', task_id: 'one' },
};

/** A gauge of the double 1 at noon, changed as told. */
export function gauge(
  options: { metric?: string; endMs?: number; labels?: Record<string, string> } = {},
  change: TimeSeries = {},
): TimeSeries {
  const { metric = 'gauge', endMs = NOON, labels = {} } = options;
  return {
    metric: { type: `custom.googleapis.com/agentworks/${metric}`, labels },
    resource: TASK,
    metricKind: 'GAUGE',
    points: [{ interval: { endTime: at(endMs) }, value: { doubleValue: 1 } }],
    ...change,
  };
}

/** A counter at 1 of the minute before `endMs`, changed as told. */
export function counter(
  options: { metric?: string; startMs?: number; endMs?: number; value?: number } = {},
  change: TimeSeries = {},
): TimeSeries {
  const { metric = 'counter', endMs = NOON, startMs = endMs - 60_000, value = 1 } = options;
  return {
    metric: { type: `custom.googleapis.com/agentworks/${metric}`, labels: {} },
    resource: TASK,
    metricKind: 'CUMULATIVE',
    points: [
      {
        interval: { startTime: at(startMs), endTime: at(endMs) },
        value: { int64Value: value },
      },
    ],
    ...change,
  };
}

/** A counted distribution over `bounds` (default 1 and 10), changed as told. */
export function distribution(
  change: protos.google.api.IDistribution = {},
  metric = 'distribution',
): TimeSeries {
  const distributionValue = {
    count: 3,
    mean: 4,
    sumOfSquaredDeviation: 2,
    bucketOptions: { explicitBuckets: { bounds: [1, 10] } },
    bucketCounts: [1, 2, 0],
    ...change,
  };
  return counter(
    { metric },
    {
      points: [
        {
          interval: { startTime: at(NOON - 60_000), endTime: at(NOON) },
          value: { distributionValue },
        },
      ],
    },
  );
}
