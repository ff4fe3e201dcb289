import { NAME_PATTERN } from '../../core/ids.ts';
import { HOUR_MS } from '../../core/time.ts';
import type { FindingState } from '../findings/finding.ts';
import type { Judged } from '../run-analysis.ts';
import { covers } from './covers.ts';
import type { ErrorPattern } from './error-patterns.ts';
import { type PatternContext, subjectOfPattern, toPatternFinding } from './pattern-finding.ts';

/** So many times what came before is still more than usual, once it was found to rise. */
const STILL_RISING = 1.5;
/** What ended as it began would not be known any more to what comes late of it, and be opened again. */
const SHORTEST_MS = HOUR_MS;
const NAME = new RegExp(NAME_PATTERN);

/**
 * What the patterns of a period say about findings: which are new or rising, and which open findings have ended, because
 * nothing of the kind came in the period (`gone-quiet`), or no more than before it (`usual-again`), which goes for an error
 * that nobody mends as well once it has come for days. A pattern whose template has become wider than that of an open finding
 * is the same finding; one whose template has become narrower keeps it open. Workspaces with ids that none can have are left
 * out: what they say is the platform's. Pure.
 */
export function settlePatterns(
  patterns: readonly ErrorPattern[],
  known: readonly FindingState[],
  context: PatternContext,
): Judged {
  const open = known.filter(({ status }) => status === 'open');
  const { period, operationsWorkspace } = context;
  const workspaceOf = ({ workspaceId }: ErrorPattern) =>
    workspaceId === '' ? operationsWorkspace : workspaceId;
  const isBeside = (pattern: ErrorPattern, finding: FindingState): boolean =>
    workspaceOf(pattern) === finding.workspaceId &&
    isOfPlatform(finding) === (pattern.workspaceId === '');
  const isAbout = (pattern: ErrorPattern, finding: FindingState): boolean =>
    isBeside(pattern, finding) &&
    (subjectOfPattern(pattern) === finding.subject ||
      covers(pattern.template, String(finding.details.template)));
  // Once fewer messages are at hand, the rest of it may come under a narrower template.
  const goesOnIn = (pattern: ErrorPattern, finding: FindingState): boolean =>
    isAbout(pattern, finding) ||
    (isBeside(pattern, finding) && covers(String(finding.details.template), pattern.template));

  const told = patterns.filter(({ workspaceId }) => workspaceId === '' || NAME.test(workspaceId));
  const found = told
    .filter(({ trend }) => trend !== 'steady')
    .map((pattern) => {
      const one = toPatternFinding(pattern, context);
      const same = open.find((finding) => isAbout(pattern, finding));
      return same === undefined ? one : { ...one, subject: same.subject };
    });

  const over = open.flatMap((finding): Judged['over'] => {
    const still = told.filter((pattern) => goesOnIn(pattern, finding));
    const { id, sinceMs } = finding;
    if (still.length === 0) {
      const untilMs = Math.max(sinceMs + SHORTEST_MS, period.sinceMs);
      return [{ id, untilMs, reason: 'gone-quiet' }];
    }
    if (still.some((pattern) => pattern.trend !== 'steady' || isStillMore(pattern))) return [];
    return [{ id, untilMs: period.toMs, reason: 'usual-again' }];
  });
  return { found, over };
}

function isStillMore({ count, expected }: ErrorPattern): boolean {
  return count >= STILL_RISING * expected;
}

function isOfPlatform({ subject }: FindingState): boolean {
  return (JSON.parse(subject) as { scope?: string }).scope === 'platform';
}
