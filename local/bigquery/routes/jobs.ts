import type { Catalog } from '../catalog.ts';
import type { TimestampFormat } from '../encode.ts';
import type { Request, Route } from '../http.ts';
import type { Job, Jobs, QueryConfig } from '../jobs.ts';
import { pageOf } from './datasets.ts';

const DEFAULT_TIMEOUT_MS = 10_000;

/** How the request wants TIMESTAMP cells: only `useInt64Timestamp` gives microseconds. */
export function timestampFormat(query: URLSearchParams): TimestampFormat {
  return query.get('formatOptions.useInt64Timestamp') === 'true' ? 'int64' : 'float';
}

async function waitFor(job: Job, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([job.done, timeout]);
  clearTimeout(timer);
}

/** jobs.query, insert, get, list, getQueryResults, cancel. */
export function jobRoutes(catalog: Catalog, jobs: Jobs): Route[] {
  const check = ({ params }: Request) => catalog.checkProject(params.project!);
  return [
    {
      method: 'POST',
      path: '/projects/:project/queries',
      handle: async (request) => {
        check(request);
        const body = request.body as QueryConfig & {
          timeoutMs?: number;
          maxResults?: number;
          formatOptions?: { useInt64Timestamp?: boolean };
        };
        const job = jobs.query(body);
        await waitFor(job, body.timeoutMs ?? DEFAULT_TIMEOUT_MS);
        const format = body.formatOptions?.useInt64Timestamp === true ? 'int64' : 'float';
        return {
          body: {
            kind: 'bigquery#queryResponse',
            ...jobs.results(job, { startIndex: 0, maxResults: body.maxResults, format }),
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/projects/:project/queries/:job',
      handle: async (request) => {
        check(request);
        const { query, params } = request;
        const job = jobs.get(params.job!);
        await waitFor(job, Number(query.get('timeoutMs') ?? DEFAULT_TIMEOUT_MS));
        const limit = query.get('maxResults');
        const startIndex = Number(query.get('pageToken') ?? query.get('startIndex') ?? 0);
        const page = {
          startIndex,
          maxResults: limit === null ? undefined : Number(limit),
          format: timestampFormat(query),
        };
        return {
          body: {
            kind: 'bigquery#getQueryResultsResponse',
            etag: 'results',
            ...jobs.results(job, page),
          },
        };
      },
    },
    {
      method: 'POST',
      path: '/projects/:project/jobs',
      handle: async (request) => {
        check(request);
        const job = jobs.insert(request.body);
        // A dry run has no job to ask again: its answer is whole, and a wrong query is the request's error.
        if (job.dryRun) {
          await job.done;
          if (job.error !== undefined) throw job.error;
        }
        return { body: jobs.resource(job) };
      },
    },
    {
      method: 'GET',
      path: '/projects/:project/jobs',
      handle: (request) => {
        check(request);
        const { items, ...rest } = pageOf(jobs.list(), request.query);
        return {
          body: {
            kind: 'bigquery#jobList',
            etag: 'list',
            jobs: items.map((job) => ({
              ...jobs.resource(job),
              state: job.endedMs === undefined ? 'RUNNING' : 'DONE',
            })),
            ...rest,
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/projects/:project/jobs/:job',
      handle: (request) => {
        check(request);
        return { body: jobs.resource(jobs.get(request.params.job!)) };
      },
    },
    {
      method: 'POST',
      path: '/projects/:project/jobs/:job/cancel',
      handle: (request) => {
        check(request);
        const job = jobs.get(request.params.job!);
        if (job.endedMs === undefined) job.cancel();
        return { body: { kind: 'bigquery#jobCancelResponse', job: jobs.resource(job) } };
      },
    },
  ];
}
