import type { InsertResult, InsertRow } from '../../cloud/bigquery.ts';
import { AppError, errorMessage } from '../../core/errors.ts';

/** `refused`: BigQuery will never take the row. `gave-up`: it could not be written in time. */
export type RowLoss = { row: InsertRow; reason: 'refused' | 'gave-up'; message: string };

export type RowQueueStats = {
  buffered: number;
  stored: number;
  lost: number;
  retries: number;
};

export type RowQueue = {
  /** Takes all of them, or none where there is no room. */
  add(rows: readonly InsertRow[]): 'taken' | 'full' | 'closed';
  /** Resolves when what was buffered by now is stored or lost, or after `timeoutMs`. Never rejects. */
  flush(timeoutMs: number): Promise<void>;
  /** Flushes, gives up what is left then, and takes no more. Never rejects; a second call returns the first one's promise. */
  close(timeoutMs: number): Promise<void>;
  stats(): RowQueueStats;
};

const MAX_ROWS_PER_INSERT = 500;
const LINGER_MS = 1_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

/**
 * A bounded queue of rows in front of an insert: at most 500 rows an insert, a second after the first at the latest, one
 * insert at a time. What could not be written is tried again with growing, jittered pauses under the same insert ids,
 * while newer rows wait behind it; after `retryForMs` it is given up. Rows that BigQuery refuses as invalid are lost,
 * their neighbours are not. Every loss is told to `onLoss`. Its timers do not keep a process alive.
 */
export function createRowQueue(options: {
  insert: (rows: readonly InsertRow[]) => Promise<InsertResult>;
  onLoss: (losses: readonly RowLoss[]) => void;
  maxBufferedRows?: number;
  retryForMs?: number;
  now: () => number;
}): RowQueue {
  const { insert, onLoss, maxBufferedRows = 10_000, retryForMs = 600_000, now } = options;
  let rows: InsertRow[] = [];
  let underWay: InsertRow[] = [];
  let working: Promise<void> | undefined;
  let lingering: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  const giveUp = new AbortController();
  const counts = { stored: 0, lost: 0, retries: 0 };

  const buffered = () => rows.length + underWay.length;

  function work(): Promise<void> {
    clearTimeout(lingering);
    lingering = undefined;
    working ??= drain().finally(() => {
      working = undefined;
    });
    return working;
  }

  async function drain(): Promise<void> {
    while (rows.length > 0) {
      underWay = rows.slice(0, MAX_ROWS_PER_INSERT);
      rows = rows.slice(MAX_ROWS_PER_INSERT);
      await store();
    }
  }

  /** Ends with `underWay` empty: each row stored or lost. */
  async function store(): Promise<void> {
    const startedAt = now();
    for (let attempt = 0; underWay.length > 0; attempt++) {
      const message = await attemptInsert();
      if (message === undefined) continue;
      if (now() - startedAt < retryForMs) {
        await pause(Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt));
        if (!giveUp.signal.aborted) {
          counts.retries += 1;
          continue;
        }
      }
      lose(underWay, 'gave-up', message);
    }
  }

  /** One insert; takes off `underWay` what is settled, and says why the rest is not. */
  async function attemptInsert(): Promise<string | undefined> {
    try {
      const result = await insert(underWay);
      const errors = result.kind === 'ok' ? [] : result.errors;
      const refused = new Map(
        errors.filter(({ reason }) => reason === 'invalid').map((error) => [error.index, error]),
      );
      const held = new Set(errors.map(({ index }) => index));
      const batch = underWay;
      for (const [index, { location, message }] of refused) {
        lose([batch[index]!], 'refused', location === '' ? message : `${location}: ${message}`);
      }
      counts.stored += batch.length - held.size;
      underWay = batch.filter((_, index) => held.has(index) && !refused.has(index));
      const other = errors.find(({ reason }) => reason !== 'invalid');
      // Good rows that were held up by bad ones go again at once, without them.
      if (other === undefined || refused.size > 0) return undefined;
      return `${other.reason} ${other.message}`;
    } catch (error) {
      if (error instanceof AppError && !error.retryable) {
        lose(underWay, 'refused', error.message);
        return undefined;
      }
      return errorMessage(error);
    }
  }

  function lose(lost: readonly InsertRow[], reason: RowLoss['reason'], message: string): void {
    if (lost.length === 0) return;
    const gone = new Set(lost);
    underWay = underWay.filter((row) => !gone.has(row));
    counts.lost += lost.length;
    try {
      onLoss(lost.map((row) => ({ row, reason, message })));
    } catch (error) {
      process.emitWarning(`onError of business metrics threw: ${errorMessage(error)}`);
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (giveUp.signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        giveUp.signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms).unref();
      giveUp.signal.addEventListener('abort', end);
    });
  }

  async function flush(timeoutMs: number): Promise<void> {
    if (buffered() === 0) return;
    let timer: NodeJS.Timeout | undefined;
    // Not unref'ed: whoever awaits a flush must not exit in a retry's pause.
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([work(), timeout]);
    clearTimeout(timer);
  }

  async function closeOnce(timeoutMs: number): Promise<void> {
    await flush(timeoutMs);
    giveUp.abort();
    clearTimeout(lingering);
    lose(rows, 'gave-up', 'closed before it could be written');
    rows = [];
    // A batch in a retry's pause is given up now; one whose insert is under way is left to it.
    await Promise.race([working, new Promise(setImmediate)]);
  }

  return {
    add(added) {
      if (closing !== undefined) return 'closed';
      if (buffered() + added.length > maxBufferedRows) return 'full';
      rows.push(...added);
      if (rows.length >= MAX_ROWS_PER_INSERT) setImmediate(work).unref();
      else lingering ??= setTimeout(work, LINGER_MS).unref();
      return 'taken';
    },
    flush,
    close(timeoutMs) {
      closing ??= closeOnce(timeoutMs);
      return closing;
    },
    stats: () => ({ buffered: buffered(), ...counts }),
  };
}
