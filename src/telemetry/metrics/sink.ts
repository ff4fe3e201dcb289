import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

export type SendOptions = {
  /** Perhaps nothing comes after it: what there is must be sent now, and again if that fails. */
  urgent: boolean;
  /** After which it must have ended, with whatever it has reached. */
  timeoutMs: number;
};

/** Where collected metrics are sent. Metrics are cumulative: what one sending loses the next one makes up for. */
export type MetricSink = {
  /** Rejects when not everything was taken. Never called while the one before runs, unless that one is past its time. */
  send(metrics: ResourceMetrics, options: SendOptions): Promise<void>;
  close(): Promise<void>;
};
