import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createOtlpServer } from './http.ts';
import { createPointStore } from './point-store.ts';
import { createReceive } from './receive.ts';
import { createRefusalLog } from './refusals.ts';
import { createTraceStore } from './trace-store.ts';

export type OtlpReceiver = ReturnType<typeof createOtlpReceiver>;

/**
 * Stands in for telemetry.googleapis.com on 127.0.0.1: takes OTLP/HTTP by its rules and keeps in memory what came last.
 * `start` once; `close` cuts what is under way and may be called twice.
 */
export function createOtlpReceiver(options: {
  /** 0 or absent: any free one. */
  port?: number;
  /** The project that resources have to name. */
  projectId: string;
  now?: () => number;
}) {
  const { projectId, now = Date.now } = options;
  const traces = createTraceStore();
  const points = createPointStore();
  const refusals = createRefusalLog(now);
  const receive = createReceive({ projectId, traces, points, refusals });
  const server = createOtlpServer({ receive, refusals });
  let url = '';

  return {
    store: { ...traces, points, refusals },
    /** What exporters are pointed at; known once `start` has resolved. */
    get url(): string {
      return url;
    },
    /** Listens; rejects when the port is taken. */
    async start(): Promise<void> {
      server.listen(options.port ?? 0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async close(): Promise<void> {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
