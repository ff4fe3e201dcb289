import type { TokenSigner } from '../oidc.ts';
import { attempt } from './attempt.ts';
import type { JobConfig } from './job-config.ts';
import type { JobState } from './job-json.ts';
import { decideRetry } from './retry.ts';
import type { RpcStatus } from './status.ts';
import type { Timers } from './timers.ts';

/** What a job's `status` says until an attempt has ended. */
const UNDER_WAY: RpcStatus = { code: -1 };

/** How one run of a job ended. */
export type RunReport = {
  job: string;
  trigger: 'schedule' | 'request';
  attempts: number;
  ms: number;
  status: RpcStatus;
};

export type LiveJob = ReturnType<typeof createLiveJob>;

/**
 * One job and its clock. Scheduled runs never overlap: one that comes due while another is under way starts when that
 * has ended. A run that was asked for starts at once. Begins at once unless `paused`.
 */
export function createLiveJob(options: {
  config: JobConfig;
  paused: boolean;
  /** What an earlier form of the same job had seen. */
  seen?: Pick<JobState, 'lastAttemptMs' | 'lastStatus'>;
  signToken: TokenSigner;
  timers: Timers;
  onRun: (report: RunReport) => void;
}) {
  const { config, signToken, timers, onRun } = options;
  const ended = new AbortController();
  const state: JobState = {
    paused: options.paused,
    updatedAtMs: timers.now(),
    lastAttemptMs: options.seen?.lastAttemptMs,
    lastStatus: options.seen?.lastStatus,
    nextMs: undefined,
  };
  let callOff = () => {};
  let runsOnSchedule = false;

  function schedule(afterMs: number): void {
    callOff();
    state.nextMs = undefined;
    if (state.paused || runsOnSchedule || ended.signal.aborted) return;
    const dueMs = config.times.next(afterMs);
    state.nextMs = dueMs;
    if (dueMs === undefined) return;
    callOff = timers.at(dueMs, () => {
      const startedMs = Math.max(dueMs, timers.now());
      runsOnSchedule = true;
      void run('schedule', dueMs).then(() => {
        runsOnSchedule = false;
        // In the past when something came due meanwhile: it is run once, however often it was missed.
        schedule(startedMs);
      });
    });
  }

  async function run(trigger: RunReport['trigger'], scheduledMs: number): Promise<void> {
    const firstAttemptMs = timers.now();
    for (let attempts = 1; ; attempts += 1) {
      state.lastAttemptMs = timers.now();
      state.lastStatus = UNDER_WAY;
      const status = await attempt(config, { signToken, scheduledMs, cancel: ended.signal });
      state.lastStatus = status;
      const nowMs = timers.now();
      const nextDueMs = config.times.next(scheduledMs);
      const decision = status.code
        ? decideRetry(attempts, config.retry, { nowMs, firstAttemptMs, nextDueMs })
        : undefined;
      if (decision?.kind !== 'retry' || ended.signal.aborted) {
        onRun({ job: config.name, trigger, attempts, ms: nowMs - firstAttemptMs, status });
        return;
      }
      await untilTime(nowMs + decision.delayMs);
    }
  }

  function untilTime(atMs: number): Promise<void> {
    return new Promise((resolve) => {
      const off = timers.at(atMs, resolve);
      ended.signal.addEventListener(
        'abort',
        () => {
          off();
          resolve();
        },
        { once: true },
      );
    });
  }

  schedule(timers.now());

  return {
    config,
    state: state as Readonly<JobState>,
    /** Dispatches now, whatever else is under way, paused or not; does not wait for the answer. */
    run(): void {
      void run('request', timers.now());
    },
    /** No scheduled runs until `resume`; one under way goes on. A second call does nothing. */
    pause(): void {
      state.paused = true;
      state.nextMs = undefined;
      callOff();
    },
    resume(): void {
      state.paused = false;
      schedule(timers.now());
    },
    /** Ends it for good; requests under way are cancelled. */
    close(): void {
      ended.abort();
      callOff();
    },
  };
}
