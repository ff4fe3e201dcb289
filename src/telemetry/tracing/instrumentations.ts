import { errorMessage } from '../../core/errors.ts';
import { watchCloudCalls } from './cloud-calls.ts';
import type { DatabaseRecord } from './database-record.ts';
import { instrumentFastify } from './fastify.ts';
import { instrumentFetch } from './fetch.ts';
import { instrumentHttp } from './http.ts';
import type { HttpClientRecord, HttpServerRecord } from './http-records.ts';
import { instrumentRedis } from './redis.ts';

/**
 * Makes the libraries of this process tell of themselves in spans: HTTP servers and clients, `fetch`, fastify's routes,
 * ioredis. Pub/Sub and BigQuery do so by themselves in `src/cloud`. Call it once, after the tracing is registered and before
 * servers are created; `verifyInstrumentation` says whether it took hold. The callbacks are told of every request but health
 * checks and exports; they should be quick; one that throws becomes a
 * process warning.
 */
export function instrumentLibraries(
  options: {
    onHttpServerRequest?: ((record: HttpServerRecord) => void) | undefined;
    onHttpClientRequest?: ((record: HttpClientRecord) => void) | undefined;
    onDatabaseCall?: ((record: DatabaseRecord) => void) | undefined;
  } = {},
): { close(): void } {
  const onHttpServerRequest = guarded(options.onHttpServerRequest);
  const onHttpClientRequest = guarded(options.onHttpClientRequest);
  const onDatabaseCall = guarded(options.onDatabaseCall);
  const parts = [
    instrumentHttp({ onServerRequest: onHttpServerRequest, onClientRequest: onHttpClientRequest }),
    instrumentFetch({ onClientRequest: onHttpClientRequest }),
    instrumentFastify(),
    instrumentRedis({ onDatabaseCall }),
    ...(onDatabaseCall === undefined ? [] : [watchCloudCalls({ onDatabaseCall })]),
  ];
  return {
    close() {
      for (const part of parts) part.close();
    },
  };
}

/** What a diagnostics channel calls must not throw: Node would end the process. */
function guarded<T>(callback: ((record: T) => void) | undefined): typeof callback {
  if (callback === undefined) return undefined;
  return (record) => {
    try {
      callback(record);
    } catch (error) {
      process.emitWarning(`A callback of the instrumentation threw: ${errorMessage(error)}`);
    }
  };
}
