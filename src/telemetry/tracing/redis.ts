import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';
import { watchRedisCalls } from '../../cloud/redis-calls.ts';
import type { DatabaseRecord } from './database-record.ts';

const SYSTEM = 'redis';

/**
 * Spans for Redis commands within a trace; a pipeline or transaction is one. What happens outside any trace, such as a
 * connection's own commands, makes none, and is only told of. Of a command only the name is kept: keys and values are
 * tenants'.
 */
export function instrumentRedis(
  options: { onDatabaseCall?: ((record: DatabaseRecord) => void) | undefined } = {},
): { close(): void } {
  const { onDatabaseCall } = options;
  return watchRedisCalls(({ operation, database, host, port }) => {
    const startedAt = performance.now();
    const at = context.active();
    const isTraced = trace.getSpan(at) !== undefined && !isTracingSuppressed(at);
    const span = !isTraced
      ? undefined
      : trace.getTracer('agentworks-observability/redis').startSpan(operation, {
          kind: SpanKind.CLIENT,
          attributes: {
            [ATTR_DB_SYSTEM_NAME]: SYSTEM,
            [ATTR_DB_OPERATION_NAME]: operation,
            ...(database !== undefined && { [ATTR_DB_NAMESPACE]: String(database) }),
            ...(host !== undefined && { [ATTR_SERVER_ADDRESS]: host }),
            ...(port !== undefined && { [ATTR_SERVER_PORT]: port }),
          },
        });
    if (span === undefined && onDatabaseCall === undefined) return undefined;
    return (error) => {
      // Redis repeats a command's arguments in its errors: the text stays out.
      const errorType =
        error === undefined ? undefined : error instanceof Error ? error.name : 'Error';
      if (errorType !== undefined) {
        span?.setAttribute(ATTR_ERROR_TYPE, errorType);
        span?.setStatus({ code: SpanStatusCode.ERROR });
      }
      span?.end();
      const durationMs = performance.now() - startedAt;
      onDatabaseCall?.({ system: SYSTEM, operation, durationMs, errorType });
    };
  });
}
