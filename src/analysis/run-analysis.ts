import type { Ended, FindingKind, FindingState, Found } from './findings/finding.ts';
import type { Findings } from './findings/findings.ts';
import type { RunReport, Runs, RunWindow } from './runs.ts';

/** What is abnormal in a window, and which of the open findings (their ids) have ended. */
export type Judged = { found: Found[]; over: Ended[] };

/** One scheduled analysis: the findings it is about, how often it runs, and how it judges. */
export type Analysis = {
  /** Its name in `analysis_runs`. */
  job: string;
  kinds: readonly FindingKind[];
  everyMs: number;
  /** How far back what was missed is caught up with. */
  catchUpMs: number;
  /** How much of what was judged is judged again, for what came late; absent: nothing. */
  rejudgeMs?: number;
  /** `known`: findings that are open or have ended within the window. Judging a window again says the same. */
  judge: (window: RunWindow, known: readonly FindingState[]) => Promise<Judged>;
};

/**
 * One run of an analysis: judges what was not judged yet, and what may have changed since, and settles what it found. Safe to call at any time, and again
 * after a failure (`createRuns`, `createFindings`).
 */
export async function runAnalysis(
  { runs, findings }: { runs: Runs; findings: Pick<Findings, 'during' | 'settle'> },
  { job, kinds, everyMs, catchUpMs, rejudgeMs, judge }: Analysis,
): Promise<RunReport> {
  return await runs.run({ job, everyMs, catchUpMs, rejudgeMs }, async (window) => {
    const known = await findings.during(kinds, window.fromMs);
    const { found, over } = await judge(window, known);
    const settled = await findings.settle({ runId: window.runId, kinds, found, over });
    return { found: found.length, ...settled };
  });
}
