import { tracingChannel } from 'node:diagnostics_channel';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import {
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '@opentelemetry/semantic-conventions';

/** What ioredis tells of a command, or of a MULTI as a whole. Arguments are there too, and never written down. */
type Told = {
  command?: string;
  batchMode?: string;
  batchSize?: number;
  database?: number;
  serverAddress?: string;
  serverPort?: number;
  error?: unknown;
};

/**
 * Spans for Redis commands within a trace, by the channels ioredis tells them on. What happens outside any trace, such as a
 * connection's own commands, makes none. Only the command's name is kept: keys and values are tenants'.
 */
export function instrumentRedis(): { close(): void } {
  const spans = new WeakMap<object, Span>();

  const subscribers = {
    start(told: Told) {
      const at = context.active();
      if (trace.getSpan(at) === undefined || isTracingSuppressed(at)) return;
      const operation = (told.batchMode ?? told.command ?? 'command').toUpperCase();
      const { database, serverAddress, serverPort, batchSize } = told;
      const span = trace.getTracer('agentworks-observability/redis').startSpan(operation, {
        kind: SpanKind.CLIENT,
        attributes: {
          [ATTR_DB_SYSTEM_NAME]: 'redis',
          [ATTR_DB_OPERATION_NAME]: operation,
          ...(database !== undefined && { [ATTR_DB_NAMESPACE]: String(database) }),
          ...(serverAddress !== undefined && { [ATTR_SERVER_ADDRESS]: serverAddress }),
          ...(serverPort !== undefined && { [ATTR_SERVER_PORT]: serverPort }),
          ...(batchSize !== undefined && { [ATTR_DB_OPERATION_BATCH_SIZE]: batchSize }),
        },
      });
      spans.set(told, span);
    },
    error(told: Told) {
      const name = told.error instanceof Error ? told.error.name : 'Error';
      // Redis repeats a command's arguments in its errors: the text stays out.
      spans
        .get(told)
        ?.setAttribute(ATTR_ERROR_TYPE, name)
        .setStatus({ code: SpanStatusCode.ERROR });
    },
    end() {},
    asyncStart() {},
    asyncEnd(told: Told) {
      spans.get(told)?.end();
      spans.delete(told);
    },
  };

  const channels = ['ioredis:command', 'ioredis:batch'].map((name) =>
    tracingChannel<unknown, object>(name),
  );
  for (const channel of channels) channel.subscribe(subscribers);
  return {
    close() {
      for (const channel of channels) channel.unsubscribe(subscribers);
    },
  };
}
