import type { Warehouse } from '../../cloud/bigquery.ts';
import { DAY_MS, HOUR_MS } from '../../core/time.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Findings } from '../findings/findings.ts';
import { type Analysis, runAnalysis } from '../run-analysis.ts';
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
/** A missed run is caught up with for so long: what is older is no news. */
const CATCH_UP_MS = DAY_MS;

export type PatternDetection = ReturnType<typeof createPatternDetection>;

/** Looks through the logs for errors that are new or become more, of the platform and of each workspace. */
export function createPatternDetection(options: {
  warehouse: Pick<Warehouse, 'query'>;
  settings: Pick<Settings, 'list'>;
  runs: Runs;
  findings: Pick<Findings, 'during' | 'settle'>;
  /** In which findings about the platform itself are raised. */
  operationsWorkspace: string;
}) {
  const { warehouse, settings, operationsWorkspace } = options;
  const analysis: Analysis = {
    job: JOB,
    kinds: ['error_pattern'],
    everyMs: HOUR_MS,
    catchUpMs: CATCH_UP_MS,
    judge: async ({ fromMs, toMs }, known) => {
      const sinceMs = Math.min(fromMs, toMs - NOW_MS);
      const period = { fromMs: sinceMs - BEFORE_MS, sinceMs, toMs };
      const causes = await listKnownCauses(settings);
      const patterns = await findErrorPatterns(warehouse, period, causes);
      return settlePatterns(patterns, known, {
        period,
        risingSinceMs: fromMs,
        operationsWorkspace,
      });
    },
  };

  return {
    /**
     * Judges the errors since the last run, at least six hours of them, against the seven days before: what is new or rising
     * becomes a finding, and findings end that have gone quiet or are usual again. A second call in the same hour is
     * `nothing-new`; a run that died halfway is made up for by the next, without telling anybody twice. Throws what a step
     * throws, after it was recorded.
     */
    run: (): Promise<RunReport> => runAnalysis(options, analysis),
  };
}
