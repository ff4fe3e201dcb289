import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createLoggingEmulator, type LoggingEmulatorOptions } from '../logging/emulator.ts';
import { createMonitoringEmulator } from '../monitoring/emulator.ts';
import { createOtlpReceiver } from '../otlp/receiver.ts';
import { createConsoleServer } from './http.ts';
import type { ReadTraceCost } from './trace-costs.ts';

/**
 * Where the local cloud's telemetry arrives, by the real protocols of Cloud Monitoring, Cloud Logging and OTLP, and the
 * page that shows it; everything in one process and in memory. `start` once; `close` may be called twice.
 */
export function createConsole(options: {
  projectId: string;
  /** Ports: 0 or absent is any free one. */
  port?: number;
  monitoringPort?: number;
  loggingPort?: number;
  otlpPort?: number;
  traceCost: ReadTraceCost;
  /** Where log entries go as well. */
  logSink?: LoggingEmulatorOptions['sink'];
  now?: () => number;
}) {
  const { projectId, traceCost, logSink, now = Date.now } = options;
  const monitoring = createMonitoringEmulator({ projectId, port: options.monitoringPort, now });
  const logging = createLoggingEmulator({
    projectId,
    port: options.loggingPort,
    now,
    ...(logSink && { sink: logSink }),
  });
  const otlp = createOtlpReceiver({ projectId, port: options.otlpPort, now });
  const server = createConsoleServer({
    monitoring: monitoring.store,
    logging: logging.store,
    otlp: otlp.store,
    traceCost,
    now,
  });
  let url = '';

  return {
    /** Known once `start` has resolved: `host:port` of monitoring and logging, URLs of the others. */
    get addresses() {
      return { url, monitoring: monitoring.address, logging: logging.address, otlp: otlp.url };
    },
    /** Listens on all ports; rejects when one is taken. */
    async start(): Promise<void> {
      await Promise.all([monitoring.start(), logging.start(), otlp.start()]);
      server.listen(options.port ?? 0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async close(): Promise<void> {
      if (server.listening) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
      await Promise.all([monitoring.close(), logging.close(), otlp.close()]);
    },
  };
}
