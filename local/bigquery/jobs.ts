import { randomUUID } from 'node:crypto';
import type { Resource } from './catalog.ts';
import { encodeRows, resultSchema, type TimestampFormat } from './encode.ts';
import type { DatasetRef } from './environment.ts';
import {
  alreadyExists,
  BigQueryError,
  invalid,
  messageOf,
  notFound,
  unsupported,
} from './errors.ts';
import type { QueryParameter } from './params.ts';
import type { StatementRequest, StatementResult } from './run-statement.ts';

/** The parts of `configuration.query` (and of a jobs.query request) that decide what runs. */
export type QueryConfig = {
  query?: string;
  useLegacySql?: boolean;
  defaultDataset?: DatasetRef;
  queryParameters?: QueryParameter[];
  destinationTable?: unknown;
  [other: string]: unknown;
};

/** A query job; `result` or `error` is there once `endedMs` is. */
export type Job = {
  id: string;
  configuration: Resource;
  createdMs: number;
  endedMs: number | undefined;
  result: StatementResult | undefined;
  error: BigQueryError | undefined;
  dryRun: boolean;
  /** Settles (never rejects) when the job has ended. */
  done: Promise<void>;
  cancel: () => void;
};

/** Which rows of a result are wanted; without `maxResults` as many as fit a page. */
export type Page = { startIndex: number; maxResults: number | undefined; format: TimestampFormat };

const LOCATION = 'US';
const KEPT_JOBS = 1_000;
const KEPT_ROWS = 2_000_000;
const PAGE_ROWS = 50_000;
const REQUEST_ID_MS = 15 * 60_000;

/** Query jobs: they start at once, run side by side, and keep their result until newer ones push them out. */
export function createJobs(options: {
  projectId: string;
  run: (request: StatementRequest) => Promise<StatementResult>;
  now: () => number;
}) {
  const { projectId, run, now } = options;
  const jobs = new Map<string, Job>();
  const byRequestId = new Map<string, { job: Job; at: number }>();

  function forgetOld(): void {
    let rows = [...jobs.values()].reduce((sum, job) => sum + (job.result?.rows.length ?? 0), 0);
    for (const [id, job] of jobs) {
      if (jobs.size <= KEPT_JOBS && rows <= KEPT_ROWS) break;
      // A running job stays, and so does the newest, whose reader is about to come.
      if (job.endedMs === undefined || id === [...jobs.keys()].at(-1)) continue;
      rows -= job.result?.rows.length ?? 0;
      jobs.delete(id);
    }
    for (const [id, { at }] of byRequestId) {
      if (now() - at < REQUEST_ID_MS) break;
      byRequestId.delete(id);
    }
  }

  function start(
    config: QueryConfig,
    configuration: Resource,
    settings: { jobId?: string; dryRun: boolean },
  ): Job {
    if (typeof config.query !== 'string')
      throw new BigQueryError('required', 'Required parameter is missing: query');
    // The REST default is legacy SQL; the clients all say false, and the bq command does when asked.
    if (config.useLegacySql === true) throw unsupported('Legacy SQL');
    if (config.destinationTable !== undefined)
      throw unsupported('A destination table (use CREATE TABLE AS or INSERT … SELECT)');
    const id = settings.jobId ?? `job_${randomUUID().replaceAll('-', '')}`;
    if (jobs.has(id)) throw alreadyExists('Job', `${projectId}:${LOCATION}.${id}`);
    const job: Job = {
      id,
      configuration,
      createdMs: now(),
      endedMs: undefined,
      result: undefined,
      error: undefined,
      dryRun: settings.dryRun,
      done: Promise.resolve(),
      cancel: () => undefined,
    };
    const request: StatementRequest = {
      sql: config.query,
      defaultDataset: config.defaultDataset,
      parameters: config.queryParameters ?? [],
      dryRun: settings.dryRun,
      onStart: (interrupt) => {
        job.cancel = interrupt;
      },
    };
    job.done = run(request)
      .then((result) => {
        job.result = result;
      })
      .catch((error: unknown) => {
        job.error =
          error instanceof BigQueryError
            ? error
            : new BigQueryError('internalError', messageOf(error));
      })
      .finally(() => {
        job.endedMs = now();
        forgetOld();
      });
    jobs.set(id, job);
    return job;
  }

  return {
    /** jobs.insert: starts a query job. Throws 409 for a job id that exists, 400 for other kinds of jobs. */
    insert(body: {
      configuration?: Resource & { query?: QueryConfig; dryRun?: boolean };
      jobReference?: { jobId?: string };
    }): Job {
      const { configuration } = body;
      if (configuration === undefined)
        throw new BigQueryError('required', 'Required parameter is missing');
      if (configuration.query === undefined)
        throw invalid('A job other than a query is not supported by the local BigQuery endpoint');
      const { jobId } = body.jobReference ?? {};
      return start(
        configuration.query,
        { ...configuration, jobType: 'QUERY' },
        { ...(jobId === undefined ? {} : { jobId }), dryRun: configuration.dryRun === true },
      );
    },

    /** jobs.query: starts a query; a request id seen in the last 15 minutes gives the job it started then. */
    query(body: QueryConfig & { requestId?: string; dryRun?: boolean }): Job {
      const known = body.requestId === undefined ? undefined : byRequestId.get(body.requestId);
      if (known !== undefined) return known.job;
      const job = start(
        body,
        { jobType: 'QUERY', query: { query: body.query, useLegacySql: false } },
        { dryRun: body.dryRun === true },
      );
      if (body.requestId !== undefined) byRequestId.set(body.requestId, { job, at: now() });
      return job;
    },

    /** Throws 404. */
    get(id: string): Job {
      const job = jobs.get(id);
      if (job === undefined) throw notFound('Job', `${projectId}:${LOCATION}.${id}`);
      return job;
    },

    list: (): Job[] => [...jobs.values()].reverse(),

    /** The job as jobs.get shows it. */
    resource(job: Job): Resource {
      const query = {
        totalBytesProcessed: '0',
        totalBytesBilled: '0',
        cacheHit: false,
        ...(job.result === undefined ? {} : queryStatistics(job.result)),
        ...(job.result !== undefined && job.dryRun
          ? { schema: resultSchema(job.result.columns) }
          : {}),
      };
      const ended = job.endedMs === undefined ? {} : { endTime: String(job.endedMs) };
      return {
        kind: 'bigquery#job',
        id: `${projectId}:${LOCATION}.${job.id}`,
        jobReference: reference(job),
        configuration: job.configuration,
        user_email: 'local@example.com',
        status: {
          state: job.endedMs === undefined ? 'RUNNING' : 'DONE',
          ...(job.error === undefined
            ? {}
            : { errorResult: job.error.toErrorProto(), errors: [job.error.toErrorProto()] }),
        },
        statistics: {
          creationTime: String(job.createdMs),
          startTime: String(job.createdMs),
          ...ended,
          totalBytesProcessed: '0',
          query,
        },
      };
    },

    /** Rows of an ended job as jobs.query and getQueryResults answer. Throws the job's error. */
    results(job: Job, page: Page): Resource {
      if (job.endedMs === undefined) return { jobReference: reference(job), jobComplete: false };
      if (job.error !== undefined) throw job.error;
      const { columns, rows } = job.result!;
      const count = Math.min(page.maxResults ?? PAGE_ROWS, PAGE_ROWS);
      const end = Math.min(page.startIndex + count, rows.length);
      const types = columns.map((column) => column.type);
      const isSelect = job.result!.statementType === 'SELECT';
      return {
        jobReference: reference(job),
        jobComplete: true,
        ...(isSelect
          ? { schema: resultSchema(columns), totalRows: String(rows.length) }
          : { totalRows: '0' }),
        ...(isSelect && !job.dryRun
          ? { rows: encodeRows(rows.slice(page.startIndex, end), types, page.format) }
          : {}),
        ...(end < rows.length ? { pageToken: String(end) } : {}),
        totalBytesProcessed: '0',
        totalBytesBilled: '0',
        cacheHit: false,
        ...queryStatistics(job.result!),
      };
    },
  };

  function reference(job: Job) {
    return { projectId, jobId: job.id, location: LOCATION };
  }

  function queryStatistics(result: StatementResult): Resource {
    const { statementType, affected, ddl } = result;
    const counts: Record<string, string> = {
      INSERT: 'insertedRowCount',
      UPDATE: 'updatedRowCount',
      DELETE: 'deletedRowCount',
    };
    const target = ddl?.target;
    return {
      statementType,
      ...(affected === undefined ? {} : { numDmlAffectedRows: String(affected) }),
      ...(affected === undefined || counts[statementType] === undefined
        ? {}
        : { dmlStats: { [counts[statementType]]: String(affected) } }),
      ...(ddl === undefined ? {} : { ddlOperationPerformed: ddl.operation }),
      ...(target === undefined
        ? {}
        : { ddlTargetTable: { projectId, datasetId: target.dataset, tableId: target.table } }),
    };
  }
}

export type Jobs = ReturnType<typeof createJobs>;
