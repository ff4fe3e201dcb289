import type { TokenSigner } from '../oidc.ts';
import { createLiveJob, type LiveJob, type RunReport } from './job.ts';
import { type JobConfig, parseJob } from './job-config.ts';
import { formatJob, mergeUpdate } from './job-json.ts';
import { invalid, SchedulerError } from './status.ts';
import type { Timers } from './timers.ts';

export type Jobs = ReturnType<typeof createJobs>;

const MAX_PAGE = 500;
type Json = Record<string, unknown>;

/** All jobs of one project, in memory; names are full resource names. Every method throws SchedulerError. */
export function createJobs(options: {
  projectId: string;
  signToken: TokenSigner;
  timers: Timers;
  onRun: (report: RunReport) => void;
}) {
  const { projectId, signToken, timers, onRun } = options;
  const jobs = new Map<string, LiveJob>();

  function find(name: string): LiveJob {
    const job = jobs.get(name);
    if (job === undefined) throw new SchedulerError('NOT_FOUND', 'Job not found.');
    return job;
  }

  function begin(config: JobConfig, before?: LiveJob): LiveJob {
    before?.close();
    const job = createLiveJob({
      config,
      paused: before?.state.paused ?? false,
      ...(before && { seen: before.state }),
      signToken,
      timers,
      onRun,
    });
    jobs.set(config.name, job);
    return job;
  }

  return {
    create(parent: string, body: Json): LiveJob {
      const project = parent.split('/')[1];
      if (project !== projectId) {
        throw new SchedulerError(
          'NOT_FOUND',
          `The local Cloud Scheduler has no project ${project}`,
        );
      }
      const config = parseJob({ ...body, name: body.name ?? `${parent}/jobs/${randomId()}` });
      if (!config.name.startsWith(`${parent}/jobs/`)) {
        throw invalid(`Job.name must begin with the parent, ${parent}.`);
      }
      if (jobs.has(config.name)) {
        throw new SchedulerError('ALREADY_EXISTS', `Job ${config.name} already exists.`);
      }
      return begin(config);
    },

    get: find,

    /** In order of their names, from after `pageToken`. */
    list(parent: string, pageSize: number, pageToken: string) {
      const names = [...jobs.keys()]
        .filter((name) => name.startsWith(`${parent}/jobs/`) && name > pageToken)
        .sort();
      const page = names.slice(0, pageSize > 0 ? Math.min(pageSize, MAX_PAGE) : MAX_PAGE);
      return {
        jobs: page.map((name) => jobs.get(name)!),
        nextPageToken: page.length < names.length ? page.at(-1) : undefined,
      };
    },

    /** Keeps what is not updated, also whether it is paused; a run under way is cancelled. */
    update(name: string, changes: Json, updateMask: string | null): LiveJob {
      const before = find(name);
      const current = formatJob(before.config, before.state, false) as Json;
      return begin(parseJob({ ...mergeUpdate(current, changes, updateMask), name }), before);
    },

    remove(name: string): void {
      find(name).close();
      jobs.delete(name);
    },

    pause(name: string): LiveJob {
      const job = find(name);
      if (job.state.paused) {
        throw new SchedulerError('FAILED_PRECONDITION', 'Job must be ENABLED to be paused.');
      }
      job.pause();
      return job;
    },

    resume(name: string): LiveJob {
      const job = find(name);
      if (!job.state.paused) {
        throw new SchedulerError('FAILED_PRECONDITION', 'Job must be PAUSED to be resumed.');
      }
      job.resume();
      return job;
    },

    run(name: string): LiveJob {
      const job = find(name);
      job.run();
      return job;
    },

    /** Ends all jobs. A second call is harmless. */
    close(): void {
      for (const job of jobs.values()) job.close();
      jobs.clear();
    },
  };
}

const randomId = () => String(Math.floor(Math.random() * 1e15));
