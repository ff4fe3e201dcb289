import { CloudSchedulerClient, type protos } from '@google-cloud/scheduler';
import { PassThroughClient } from 'google-auth-library';
import { AppError, errorMessage } from '../core/errors.ts';

/** One job of Cloud Scheduler; times are ISO strings. */
export type Job = {
  /** Without project and location. */
  name: string;
  description: string;
  /** unix-cron, read in `timeZone`. */
  schedule: string;
  timeZone: string;
  state: 'enabled' | 'paused' | 'disabled' | 'update-failed' | 'unknown';
  /** When the last attempt began; absent before the first. */
  lastAttemptAt?: string;
  /**
   * How the last attempt ended: `ok`, or the code and text of google.rpc.Status, code -1 while it is under way; absent
   * before the first.
   */
  lastStatus?: 'ok' | { code: number; message: string };
  /** When it will be attempted next; absent while paused. */
  nextRunAt?: string;
};

export type Scheduler = ReturnType<typeof createScheduler>;

const TIMEOUT_MS = 10_000;
const NOT_FOUND = 5;
/** google.rpc.Code: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE. */
const RETRYABLE_CODES = [4, 8, 10, 13, 14];
const STATES = ['unknown', 'enabled', 'paused', 'disabled', 'update-failed'] as const;

/** The jobs of one location of Cloud Scheduler. `apiEndpoint`: base URL when it is not Google's. */
export function createScheduler(options: {
  projectId: string;
  location: string;
  apiEndpoint?: string;
}) {
  const { projectId, location, apiEndpoint } = options;
  const client = new CloudSchedulerClient({
    projectId,
    fallback: true,
    ...(apiEndpoint !== undefined && endpointOptions(apiEndpoint)),
  });
  const call = { timeout: TIMEOUT_MS };
  const jobName = (name: string) => client.jobPath(projectId, location, name);

  async function ask<T>(name: string | undefined, question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      throw failed(name, error);
    }
  }

  return {
    /** All jobs, by name. Throws `scheduler_failed`. */
    async list(): Promise<Job[]> {
      const parent = client.locationPath(projectId, location);
      const [jobs] = await ask(undefined, () => client.listJobs({ parent }, call));
      return jobs.map(toJob).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    /** Throws `not_found` and `scheduler_failed`. */
    async get(name: string): Promise<Job> {
      const [job] = await ask(name, () => client.getJob({ name: jobName(name) }, call));
      return toJob(job);
    },

    /**
     * Has the job run now, also when it runs already or is paused, and answers with the job as it was then, not with
     * the outcome. Throws `not_found` and `scheduler_failed`; a call repeated after that may run the job twice.
     */
    async run(name: string): Promise<Job> {
      const [job] = await ask(name, () => client.runJob({ name: jobName(name) }, call));
      return toJob(job);
    },

    /** Ends the connection. A second call is harmless. */
    async close(): Promise<void> {
      await client.close();
    },
  };
}

function endpointOptions(apiEndpoint: string) {
  const { protocol, hostname, port } = new URL(apiEndpoint);
  return {
    protocol: protocol.slice(0, -1),
    apiEndpoint: hostname,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    authClient: new PassThroughClient(),
  };
}

function toJob(job: protos.google.cloud.scheduler.v1.IJob): Job {
  const { name, lastAttemptTime, scheduleTime, status } = job;
  const state = typeof job.state === 'number' ? STATES[job.state] : undefined;
  return {
    name: name?.slice(name.lastIndexOf('/') + 1) ?? '',
    description: job.description ?? '',
    schedule: job.schedule ?? '',
    timeZone: job.timeZone || 'UTC',
    state:
      state ?? STATES.find((it) => it.toUpperCase().replace('-', '_') === job.state) ?? 'unknown',
    ...(lastAttemptTime && { lastAttemptAt: toIso(lastAttemptTime) }),
    ...(status && {
      lastStatus: status.code ? { code: status.code, message: status.message ?? '' } : 'ok',
    }),
    ...(scheduleTime && { nextRunAt: toIso(scheduleTime) }),
  };
}

function toIso({ seconds, nanos }: protos.google.protobuf.ITimestamp): string {
  return new Date(Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1e6)).toISOString();
}

function failed(name: string | undefined, error: unknown): AppError {
  const code = Number((error as { code?: unknown }).code);
  if (name !== undefined && code === NOT_FOUND) {
    const message = `There is no job ${name}`;
    return new AppError({ code: 'not_found', message, cause: error });
  }
  return new AppError({
    code: 'scheduler_failed',
    message: `Cloud Scheduler failed: ${errorMessage(error)}`,
    publicMessage: 'The scheduler did not answer.',
    // Without a code of its own it was the connection.
    retryable: Number.isNaN(code) || RETRYABLE_CODES.includes(code),
    cause: error,
  });
}
