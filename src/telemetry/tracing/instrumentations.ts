import { instrumentFastify } from './fastify.ts';
import { instrumentFetch } from './fetch.ts';
import { instrumentHttp } from './http.ts';
import type { HttpClientRecord, HttpServerRecord } from './http-records.ts';
import { instrumentRedis } from './redis.ts';

/**
 * Makes the libraries of this process tell of themselves in spans: HTTP servers and clients, `fetch`, fastify's routes,
 * ioredis. Pub/Sub and BigQuery do so by themselves in `src/cloud`. Call it once, after the tracing is registered and before
 * servers are created; `verifyInstrumentation` says whether it took hold. The callbacks are told of every request but health
 * checks and exports; they must be quick.
 */
export function instrumentLibraries(
  options: {
    onHttpServerRequest?: ((record: HttpServerRecord) => void) | undefined;
    onHttpClientRequest?: ((record: HttpClientRecord) => void) | undefined;
  } = {},
): { close(): void } {
  const { onHttpServerRequest, onHttpClientRequest } = options;
  const parts = [
    instrumentHttp({ onServerRequest: onHttpServerRequest, onClientRequest: onHttpClientRequest }),
    instrumentFetch({ onClientRequest: onHttpClientRequest }),
    instrumentFastify(),
    instrumentRedis(),
  ];
  return {
    close() {
      for (const part of parts) part.close();
    },
  };
}
