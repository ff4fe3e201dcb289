import { AsyncLocalStorage } from 'node:async_hooks';
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
import type { DatabaseRecord } from './database-record.ts';

const SYSTEM = 'redis';

type Call = { operation: string; startedAt: number; span?: Span; errorType?: string };

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
 * connection's own commands, makes none, and is only told of. Of a command only the name is kept: keys and values are
 * tenants'.
 */
export function instrumentRedis(
  options: { onDatabaseCall?: ((record: DatabaseRecord) => void) | undefined } = {},
): { close(): void } {
  const calls = new WeakMap<object, Call>();
  /** Set while the commands of a MULTI are sent, which is told of as a whole. */
  const inBatch = new AsyncLocalStorage<true>();

  const subscribers = {
    start(told: Told) {
      if (told.batchMode === undefined && inBatch.getStore() === true) return;
      const operation = (told.batchMode ?? told.command ?? 'command').toUpperCase();
      const call: Call = { operation, startedAt: performance.now() };
      calls.set(told, call);
      const at = context.active();
      if (trace.getSpan(at) === undefined || isTracingSuppressed(at)) return;
      const { database, serverAddress, serverPort, batchSize } = told;
      call.span = trace.getTracer('agentworks-observability/redis').startSpan(operation, {
        kind: SpanKind.CLIENT,
        attributes: {
          [ATTR_DB_SYSTEM_NAME]: SYSTEM,
          [ATTR_DB_OPERATION_NAME]: operation,
          ...(database !== undefined && { [ATTR_DB_NAMESPACE]: String(database) }),
          ...(serverAddress !== undefined && { [ATTR_SERVER_ADDRESS]: serverAddress }),
          ...(serverPort !== undefined && { [ATTR_SERVER_PORT]: serverPort }),
          ...(batchSize !== undefined && { [ATTR_DB_OPERATION_BATCH_SIZE]: batchSize }),
        },
      });
    },
    error(told: Told) {
      const call = calls.get(told);
      if (call === undefined) return;
      // Redis repeats a command's arguments in its errors: the text stays out.
      call.errorType = told.error instanceof Error ? told.error.name : 'Error';
      call.span?.setAttribute(ATTR_ERROR_TYPE, call.errorType);
      call.span?.setStatus({ code: SpanStatusCode.ERROR });
    },
    end() {},
    asyncStart() {},
    asyncEnd(told: Told) {
      const call = calls.get(told);
      if (call === undefined) return;
      calls.delete(told);
      const { span, operation, startedAt, errorType } = call;
      span?.end();
      const durationMs = performance.now() - startedAt;
      options.onDatabaseCall?.({ system: SYSTEM, operation, durationMs, errorType });
    },
  };

  const channels = ['ioredis:command', 'ioredis:batch'].map((name) =>
    tracingChannel<unknown, object>(name),
  );
  for (const channel of channels) channel.subscribe(subscribers);
  const batches = tracingChannel<unknown, object>('ioredis:batch');
  batches.start.bindStore(inBatch, () => true);
  return {
    close() {
      for (const channel of channels) channel.unsubscribe(subscribers);
      batches.start.unbindStore(inBatch);
    },
  };
}
