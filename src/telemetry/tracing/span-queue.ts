import { context, TraceFlags } from '@opentelemetry/api';
import { ExportResultCode, suppressTracing } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-node';
import { within } from '../../core/within.ts';

/** Counts since creation: ended = exported + dropped + failed + waiting + on their way, at every moment. */
export type SpanStats = {
  /** Sampled spans that ended. */
  ended: number;
  exported: number;
  /** Lost because the queue was full or closed. */
  dropped: number;
  /** Lost because their export failed. */
  failed: number;
  /** Exports, of up to 512 spans each, that failed. */
  failedExports: number;
};

export type SpanQueue = SpanProcessor & { stats(): SpanStats };

const MAX_HELD = 2_048;
const MAX_BATCH = 512;
const DELAY_MS = 5_000;

/**
 * Holds ended spans, at most 2,048 with those on their way, and exports them in batches, one export at a time, whenever a batch is full or five
 * seconds have passed. Spans beyond are dropped and counted; OpenTelemetry's own processor only says so in a debug log.
 * `forceFlush` and `shutdown` resolve within `flushTimeoutMs` whatever the exporter does. Exports are not traced.
 */
export function createSpanQueue(options: {
  exporter: SpanExporter;
  onError: (error: unknown) => void;
  flushTimeoutMs: number;
}): SpanQueue {
  const { exporter, onError, flushTimeoutMs } = options;
  const stats: SpanStats = { ended: 0, exported: 0, dropped: 0, failed: 0, failedExports: 0 };
  let waiting: ReadableSpan[] = [];
  let onTheirWay = 0;
  let underWay: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  /** Exports what waits now; spans that end meanwhile are left to the next round unless they fill a batch. */
  async function drain(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    let left = waiting.length;
    while (left > 0 || waiting.length >= MAX_BATCH) {
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(batch.length);
      left -= batch.length;
      await exportBatch(batch);
    }
  }

  async function exportBatch(batch: readonly ReadableSpan[]): Promise<void> {
    onTheirWay = batch.length;
    try {
      const { resource } = batch[0]!;
      if (resource.asyncAttributesPending) await resource.waitForAsyncAttributes?.();
      await exported(exporter, batch);
      stats.exported += batch.length;
    } catch (error) {
      stats.failed += batch.length;
      stats.failedExports += 1;
      onError(error);
    } finally {
      onTheirWay = 0;
    }
  }

  function start(): Promise<void> {
    underWay ??= drain().finally(() => {
      underWay = undefined;
      if (waiting.length > 0) schedule();
    });
    return underWay;
  }

  function schedule(): void {
    if (waiting.length >= MAX_BATCH) void start();
    else timer ??= setTimeout(() => void start(), DELAY_MS).unref();
  }

  async function flush(): Promise<void> {
    // What an export under way did not take with it needs another round.
    while (underWay !== undefined) await underWay;
    await start();
  }

  const queue: SpanQueue = {
    onStart() {},
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      stats.ended += 1;
      if (isClosed || waiting.length + onTheirWay >= MAX_HELD) {
        stats.dropped += 1;
        return;
      }
      waiting.push(span);
      if (underWay === undefined) schedule();
    },
    forceFlush: () => within(flushTimeoutMs, flush()),
    async shutdown() {
      if (isClosed) return;
      await queue.forceFlush();
      isClosed = true;
      clearTimeout(timer);
      stats.dropped += waiting.length;
      waiting = [];
      await within(1_000, exporter.shutdown()).catch(onError);
    },
    stats: () => ({ ...stats }),
  };
  return queue;
}

function exported(exporter: SpanExporter, batch: readonly ReadableSpan[]): Promise<void> {
  return new Promise((resolve, reject) => {
    context.with(suppressTracing(context.active()), () => {
      exporter.export([...batch], ({ code, error }) => {
        if (code === ExportResultCode.SUCCESS) resolve();
        else reject(error ?? new Error('The export of spans failed'));
      });
    });
  });
}
