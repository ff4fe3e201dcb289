import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MetricReader } from '@opentelemetry/sdk-metrics';
import { errorMessage } from '../../core/errors.ts';
import type { PushStats } from './push-reader.ts';

export type PrometheusEndpoint = {
  reader: MetricReader;
  /** The port it listens on; rejects when it cannot listen, of which `onError` has been told too. */
  listening: Promise<number>;
};

/**
 * Answers `GET /metrics` in Prometheus' text format with what is recorded at that moment; every other path is not found.
 * Listens on all interfaces, where scrapers come from other machines, and does not keep the process alive. Port 0 is any
 * free one. It ends with the reader's `shutdown`.
 */
export function createPrometheusEndpoint(options: {
  port: number;
  onError: (error: unknown) => void;
  stats: PushStats;
}): PrometheusEndpoint {
  const { port, onError, stats } = options;
  const serializer = new PrometheusSerializer();
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics') end(response, 404, 'Metrics are at /metrics.\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD') end(response, 405, '');
    else void scrape(response);
  });

  async function scrape(response: ServerResponse): Promise<void> {
    stats.exports += 1;
    try {
      const { resourceMetrics, errors } = await reader.collect();
      for (const error of errors) onError(error);
      end(response, 200, serializer.serialize(resourceMetrics));
    } catch (error) {
      stats.failedExports += 1;
      onError(error);
      end(response, 500, `${errorMessage(error)}\n`);
    }
  }

  async function listen(): Promise<number> {
    server.unref().listen(port);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  const listening = listen();
  listening.catch(onError);
  const reader = new ScrapeReader(async () => {
    await listening.catch(() => undefined);
    server.close();
    server.closeAllConnections();
  });
  return { reader, listening };
}

function end(response: ServerResponse, status: number, body: string): void {
  const type = 'text/plain; version=0.0.4; charset=utf-8';
  response.writeHead(status, { 'content-type': type }).end(body);
}

class ScrapeReader extends MetricReader {
  readonly #close: () => Promise<void>;

  constructor(close: () => Promise<void>) {
    super();
    this.#close = close;
  }

  /** Nothing waits: whoever scrapes gets what is there. */
  protected async onForceFlush(): Promise<void> {}

  protected onShutdown(): Promise<void> {
    return this.#close();
  }
}
