import type { Command } from 'commander';
import { connectApi } from './api.ts';
import type { Job } from './contract.ts';
import { EXIT } from './exit.ts';
import { answer, type Io, note, terminalWidth } from './io.ts';
import { type ConnectionOptions, withConnection } from './options.ts';
import { pollUntil } from './polling.ts';
import { table } from './tables.ts';

/** Longer than an attempt may take (`attempt_deadline` of the schedules). */
const RUN = { pollMs: 250, patienceMs: 300_000 };
/** What Cloud Scheduler says of an attempt that is under way. */
const UNDER_WAY = -1;

/** `ax jobs`: what runs on a schedule, and running it now. */
export function addJobsCommand(program: Command, io: Io, exit: (code: number) => void): void {
  const jobs = program
    .command('jobs')
    .summary('what runs on a schedule; run it now')
    .description('What Cloud Scheduler runs for the platform. Needs a key of the platform.')
    .addHelpText(
      'after',
      `
Examples:
  ax jobs list
  ax jobs run check-budgets`,
    );

  const list = jobs
    .command('list')
    .summary('list them')
    .description('Lists the jobs, when they run, and how their last run ended.')
    .addHelpText('after', '\nExample:\n  ax jobs list --json');
  withConnection(list).action(async (options: ConnectionOptions) => {
    const api = await connectApi(io, options);
    const result = await api.call<{ jobs: Job[] }>('GET', '/v1/jobs');
    answer(io, options.json, result, () => describe(result.jobs, terminalWidth(io)));
  });

  const run = jobs
    .command('run')
    .summary('run one now')
    .description('Runs a job now and waits until the run has ended. Exit code 1 when it failed.')
    .argument('<name>', 'its name, as ax jobs list shows it')
    .addHelpText('after', '\nExample:\n  ax jobs run check-budgets');
  withConnection(run).action(async (name: string, options: ConnectionOptions) => {
    const api = await connectApi(io, options);
    const path = `/v1/jobs/${encodeURIComponent(name)}`;
    const before = await api.call<Job>('GET', path);
    const startMs = io.now();
    await api.call<Job>('POST', `${path}/run`);
    if (options.json !== true) note(io, `Running ${name} …`);
    const ended = (job: Job) =>
      job.lastAttemptAt !== before.lastAttemptAt && outcomeOf(job).kind !== 'under-way';
    const job = await pollUntil(io, () => api.call<Job>('GET', path), ended, RUN);
    const outcome = ended(job) ? outcomeOf(job) : { kind: 'under-way' as const };
    const tookMs = io.now() - startMs;
    answer(io, options.json, { ...job, outcome: outcome.kind, tookMs }, () => {
      const when = `began ${job.lastAttemptAt}, took ${(tookMs / 1_000).toFixed(1)} s`;
      if (outcome.kind === 'ok')
        return `${name} ended well: ${when}. Next run: ${job.nextRunAt ?? 'none'}.`;
      if (outcome.kind === 'failed') return `${name} failed (${when}): ${outcome.why}`;
      return `${name} has not ended after ${RUN.patienceMs / 1_000} seconds. See: ax jobs list`;
    });
    if (outcome.kind !== 'ok') exit(EXIT.failed);
  });
}

type Outcome = { kind: 'ok' } | { kind: 'failed'; why: string } | { kind: 'under-way' };

function outcomeOf({ lastStatus }: Job): Outcome {
  if (lastStatus === 'ok') return { kind: 'ok' };
  if (lastStatus === undefined || lastStatus.code === UNDER_WAY) return { kind: 'under-way' };
  return { kind: 'failed', why: lastStatus.message || `code ${lastStatus.code}` };
}

function describe(jobs: readonly Job[], width: number | undefined): string {
  if (jobs.length === 0) return 'No jobs.';
  const rows = jobs.map((job) => {
    const outcome = outcomeOf(job);
    const last = outcome.kind === 'failed' ? `failed: ${outcome.why}` : outcome.kind;
    return [
      job.name,
      `${job.schedule} (${job.timeZone})`,
      job.state,
      job.lastAttemptAt ?? 'never',
      job.lastAttemptAt === undefined ? '' : last,
      job.nextRunAt ?? '',
    ];
  });
  const head = ['name', 'schedule', 'state', 'last run', 'outcome', 'next run'];
  return table(head, rows, { ids: [0], width });
}
