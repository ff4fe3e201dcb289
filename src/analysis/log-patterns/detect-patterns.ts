import type { Warehouse } from '../../cloud/bigquery.ts';
import { DAY_MS, HOUR_MS } from '../../core/time.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Findings } from '../findings/findings.ts';
import type { RunReport, Runs } from '../runs.ts';
import { listKnownCauses } from './causes-in-force.ts';
import { findErrorPatterns } from './error-patterns.ts';
import { settlePatterns } from './settle-patterns.ts';

/** The job's name: on the schedule, and in `analysis_runs`. */
export const JOB = 'detect-error-patterns';

/** What counts as now: an error that did not come for so long has gone. */
const NOW_MS = 6 * HOUR_MS;
/** What it is compared with. */
const BEFORE_MS = 7 * DAY_MS;
const KINDS = ['error_pattern'] as const;

export type PatternDetection = ReturnType<typeof createPatternDetection>;

/** Looks through the logs for errors that are new or become more, of the platform and of each workspace. */
export function createPatternDetection({
  warehouse,
  settings,
  runs,
  findings,
  operationsWorkspace,
}: {
  warehouse: Pick<Warehouse, 'query'>;
  settings: Pick<Settings, 'list'>;
  runs: Runs;
  findings: Pick<Findings, 'open' | 'settle'>;
  operationsWorkspace: string;
}) {
  return {
    /**
     * Judges the errors since the last run, at least six hours of them, against the seven days before:
     *
     * 1. Group them by template, and say what is known of them.
     * 2. Take what is new or rising for findings, and close those that have gone quiet or are usual again.
     *
     * A second call in the same hour is `nothing-new`; one that died halfway is made up for by the next, without telling
     * anybody twice. Throws what a step throws, after it was recorded.
     */
    async run(): Promise<RunReport> {
      const plan = { job: JOB, everyMs: HOUR_MS, catchUpMs: DAY_MS };
      return await runs.run(plan, async ({ runId, fromMs, toMs }) => {
        const sinceMs = Math.min(fromMs, toMs - NOW_MS);
        const period = { fromMs: sinceMs - BEFORE_MS, sinceMs, toMs };
        const causes = await listKnownCauses(settings);
        const patterns = await findErrorPatterns(warehouse, period, causes);
        const open = await findings.open(KINDS);
        const context = { period, risingSinceMs: fromMs, operationsWorkspace };
        const { found, over } = settlePatterns(patterns, open, context);
        const settled = await findings.settle({ runId, kinds: KINDS, found, over });
        return { found: found.length, ...settled };
      });
    },
  };
}
