import { setTimeout as sleep } from 'node:timers/promises';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import type { LogEntry } from './entry.ts';
import { type LogRow, rowOf } from './rows.ts';

const MAX_ROWS = 500;
const FLUSH_AFTER_MS = 1_000;
const MAX_WAITING = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;

export type LogWarehouse = ReturnType<typeof createLogWarehouse>;

/**
 * Puts log entries into the table `logs` of a dataset, in batches: at 500 rows or after a second. What cannot be put in
 * now is tried again with the next batch; of more than 10,000 that wait, the newest are dropped and counted.
 */
export function createLogWarehouse(options: {
  projectId: string;
  /** Base URL of BigQuery. */
  apiEndpoint: string;
  dataset: string;
  /** Default `logs`. */
  table?: string;
}) {
  const { table = 'logs' } = options;
  const warehouse = createWarehouse(options);
  const counts = { inserted: 0, dropped: 0 };
  let waiting: LogRow[] = [];
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let lastError: string | undefined;
  let closed = false;

  function schedule(): void {
    if (timer !== undefined || flushing !== undefined || closed) return;
    timer = setTimeout(() => void flush(), FLUSH_AFTER_MS);
    timer.unref();
  }

  /** Inserts what waits; on a failure what is left waits for the next time. Never rejects. */
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= insertAll().finally(() => {
      flushing = undefined;
      if (waiting.length > 0) schedule();
    });
    return flushing;
  }

  /** What is under way may have failed before the last entries came. */
  async function flushAll(): Promise<void> {
    await flush();
    await flush();
  }

  async function insertAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_ROWS);
      // An insertId keeps a batch whose answer was lost from being stored twice.
      const rows = batch.map((json) => ({
        insertId: `${json.timestamp_unix_nanos}-${json.insert_id}`,
        json,
      }));
      try {
        const result = await warehouse.insert(table, rows);
        // A row that the table does not take stays one; it must not keep the others waiting.
        const refused = result.kind === 'ok' ? [] : result.errors;
        counts.inserted += batch.length - refused.length;
        counts.dropped += refused.length;
        lastError = refused[0]?.message;
      } catch (error) {
        lastError = (error as Error).message;
        return;
      }
      waiting = waiting.slice(batch.length);
    }
  }

  return {
    /** Never blocks and never throws. */
    add(entry: LogEntry): void {
      if (closed || waiting.length >= MAX_WAITING) {
        counts.dropped += 1;
        return;
      }
      waiting.push(rowOf(entry));
      if (waiting.length >= MAX_ROWS && lastError === undefined) {
        void flush();
      } else {
        schedule();
      }
    },
    /** Resolves when what waits has been tried once more, however long that takes; what could not be inserted still waits. */
    flush: flushAll,
    /** Rows inserted, dropped and waiting, and why the last insert did not take all, if it did not. */
    stats: () => ({ ...counts, waiting: waiting.length, lastError }),
    /** Inserts what waits, for two seconds at most. A second call is harmless. */
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      await Promise.race([flushAll(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
      counts.dropped += waiting.length;
      waiting = [];
    },
  };
}
