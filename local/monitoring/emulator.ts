import { Server } from '@grpc/grpc-js';
import { loadDescriptors } from '../grpc/descriptors.ts';
import { createRpcFaults, type RpcFaults, withFaults } from '../grpc/faults.ts';
import { createListener, unary } from '../grpc/server.ts';
import { toServiceError } from '../grpc/status.ts';
import { createMetricCalls } from './calls.ts';
import { createSeriesTable, type MonitoringStore } from './store.ts';

const MAX_REQUEST_BYTES = 10 * 1_048_576;

export type MonitoringEmulatorOptions = {
  projectId: string;
  /** 0 or absent: any free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Epoch ms; default the system clock. */
  now?: () => number;
  /** Least time between two points of a series. Default 10,000 ms: what the service was seen to refuse. */
  minIntervalMs?: number;
  /** Most series of one monitored resource with points in the last day. Default 200,000. */
  maxSeriesPerResource?: number;
  /** Points kept of each series. Default 1,440; none is kept longer than a day. */
  maxPointsPerSeries?: number;
};

export type MonitoringEmulator = {
  /** Listens; rejects when the port is taken. Once only. */
  start(): Promise<void>;
  /** Cuts every connection. What was written can still be read. Safe to call twice. */
  close(): Promise<void>;
  /** `host:port`, known once `start` has resolved. */
  readonly address: string;
  readonly store: MonitoringStore;
  /** How it misbehaves on purpose; not at all until told to. */
  readonly faults: RpcFaults;
};

/**
 * Cloud Monitoring's `MetricService` on this machine, for one project: the real wire protocol, and for custom metrics
 * the service's rules and, where they are known, its words. Everything is in memory. What it does not have it answers
 * with UNIMPLEMENTED, naming it.
 */
export function createMonitoringEmulator(options: MonitoringEmulatorOptions): MonitoringEmulator {
  const { projectId, host = '127.0.0.1', now = Date.now } = options;
  const table = createSeriesTable({
    projectId,
    now,
    minIntervalMs: options.minIntervalMs ?? 10_000,
    maxSeriesPerResource: options.maxSeriesPerResource ?? 200_000,
    maxPointsPerSeries: options.maxPointsPerSeries ?? 1_440,
  });
  const faults = createRpcFaults();
  let address = '';
  let shutDown = async () => {};

  return {
    get address() {
      return address;
    },
    store: table.store,
    faults,
    async start() {
      const { service, encodeStatus } = loadDescriptors({
        client: '@google-cloud/monitoring',
        path: '@google-cloud/monitoring/build/protos/protos.json',
        service: 'google.monitoring.v3.MetricService',
        decode: { longs: String, enums: String, defaults: true, oneofs: true },
      });
      const calls = createMetricCalls({ table, projectId, now, encodeStatus });
      const server = new Server({
        'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
        'grpc.max_send_message_length': -1,
      });
      server.addService(service, unary(withFaults(calls, faults), toServiceError));
      const listener = createListener(server);
      shutDown = listener.close;
      address = `${host}:${await listener.listen(host, options.port ?? 0)}`;
    },
    async close() {
      const once = shutDown;
      shutDown = async () => {};
      await once();
    },
  };
}
