import { randomUUID } from 'node:crypto';
import type { Warehouse } from '../cloud/bigquery.ts';
import { readQuery } from '../cloud/query-file.ts';
import type { Redis } from '../cloud/redis.ts';
import { withRedisLock } from '../cloud/redis-lock.ts';
import { AppError, errorMessage } from '../core/errors.ts';
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS, parseInstant } from '../core/time.ts';

/** What a run judges: `[fromMs, toMs)`, epoch ms. */
export type RunWindow = { runId: string; fromMs: number; toMs: number };

/** What a run found and did. */
export type RunOutcome = {
  found: number;
  opened: number;
  seen: number;
  closed: number;
  /** What else there is to say, in words. */
  message?: string;
};

export type RunReport =
  | ({ kind: 'ok'; window: RunWindow } & RunOutcome)
  /** All that is complete was judged before. */
  | { kind: 'nothing-new'; judgedToMs: number }
  /** Another run of the job is at work. */
  | { kind: 'overlapped' };

export type Runs = ReturnType<typeof createRuns>;

/** What belongs to an hour arrives this long after its end at the latest, but for stragglers. */
const INGEST_GRACE_MS = 5 * MINUTE_MS;
/** A job that has not succeeded for longer begins anew. */
const REMEMBERED_MS = 100 * DAY_MS;
const TABLE = 'analysis_runs';
const MAX_MESSAGE_CHARS = 1_000;
const SQL = readQuery('analysis_runs_latest');

/** Held by the run of a job that is at work. */
export function runLockKey(job: string): string {
  return `analysis:{${job}}:run`;
}

/** Runs of scheduled analyses: one at a time, each going on where the last one ended. */
export function createRuns({
  warehouse,
  redis,
  now,
}: {
  warehouse: Pick<Warehouse, 'query' | 'insert'>;
  redis: Redis;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  async function judgedTo(job: string): Promise<number | undefined> {
    const [row] = await warehouse.query<{ judgedTo: string | null }>({
      sql: SQL,
      params: { job, from: formatInstant(now() - REMEMBERED_MS) },
      types: { job: 'STRING', from: 'TIMESTAMP' },
    });
    return row?.judgedTo ? parseInstant(row.judgedTo) : undefined;
  }

  return {
    /**
     * Does a job's work for what it has not judged yet:
     *
     * 1. Take the job's lock; while another run holds it, this one is `overlapped` and does nothing.
     * 2. Begin where the last successful run ended, less `rejudgeMs` (absent: 0) for what came late, at most `catchUpMs`
     *    back (so that a missed run is caught up), or `everyMs` back where there was none in 100 days; end at the last
     *    complete hour, or `everyMs` where that is shorter, five minutes after it. All in milliseconds.
     * 3. Do the work. It may be asked to judge the same again: when it failed, or died before 4.
     * 4. Record how it ended in `analysis_runs`.
     *
     * A second call in the same hour is `nothing-new`. Throws what the work throws, after it was recorded, and
     * `warehouse_failed` or what Redis throws when they do not answer.
     */
    async run(
      plan: { job: string; everyMs: number; catchUpMs: number; rejudgeMs?: number | undefined },
      work: (window: RunWindow) => Promise<RunOutcome>,
    ): Promise<RunReport> {
      const { job, everyMs, catchUpMs, rejudgeMs = 0 } = plan;
      const runId = randomUUID();
      const startedAtMs = now();
      let window: RunWindow | undefined;

      const record = async (
        outcome: 'ok' | 'failed' | 'overlapped',
        facts: Partial<RunOutcome>,
      ): Promise<void> => {
        const { message, ...counts } = facts;
        const result = await warehouse.insert(TABLE, [
          {
            insertId: runId,
            json: {
              job,
              run_id: runId,
              window_from: window && formatInstant(window.fromMs),
              window_to: window && formatInstant(window.toMs),
              started_at: formatInstant(startedAtMs),
              ended_at: formatInstant(now()),
              outcome,
              message: message?.slice(0, MAX_MESSAGE_CHARS).toWellFormed(),
              ...counts,
            },
          },
        ]);
        if (result.kind === 'partial') throw refused(result.errors[0]?.message ?? '');
      };

      const judge = async (): Promise<RunReport> => {
        const grainMs = Math.min(everyMs, HOUR_MS);
        const toMs = floorTo(startedAtMs - INGEST_GRACE_MS, grainMs);
        const lastMs = await judgedTo(job);
        if (lastMs !== undefined && lastMs >= toMs)
          return { kind: 'nothing-new', judgedToMs: lastMs };
        const beginMs = lastMs === undefined ? toMs - everyMs : lastMs - rejudgeMs;
        const fromMs = Math.max(beginMs, floorTo(toMs - catchUpMs, grainMs));
        window = { runId, fromMs, toMs };
        const outcome = await work(window);
        await record('ok', outcome);
        return { kind: 'ok', window, ...outcome };
      };

      try {
        const locked = await withRedisLock(redis, runLockKey(job), judge, { waitMs: 0 });
        if (locked.kind === 'done') return locked.value;
      } catch (error) {
        await record('failed', { message: errorMessage(error) }).catch(() => {});
        throw error;
      }
      await record('overlapped', {});
      return { kind: 'overlapped' };
    },
  };
}

function floorTo(ms: number, grainMs: number): number {
  return ms - (ms % grainMs);
}

function refused(reason: string): AppError {
  return new AppError({
    code: 'run_log_refused',
    message: `${TABLE} refused a row: ${reason}`,
    publicMessage: 'The run could not be recorded.',
  });
}
