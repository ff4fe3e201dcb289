import { HOUR_MS } from '../../core/time.ts';
import { canonicalSubject, type Found } from '../findings/finding.ts';
import type { ErrorPattern, PatternPeriod } from './error-patterns.ts';
import { severityOfPattern } from './pattern-severity.ts';

const MAX_TITLE_CHARS = 80;
const MAX_QUOTED_CHARS = 200;
const MAX_SAMPLE_CHARS = 500;
const MAX_NAMES = 5;

/** What a finding about a pattern is about. The platform's patterns are told from those of the workspace they are raised in. */
export function subjectOfPattern({ workspaceId, id }: ErrorPattern): string {
  return canonicalSubject({
    pattern: id,
    scope: workspaceId === '' ? 'platform' : undefined,
  });
}

/**
 * The finding in a new or rising pattern of `period`; `risingSinceMs` is since when a rising one counts as such (a new one began
 * when it was seen first). Pure, and the same for the same pattern, so that repeating a run finds the same.
 */
export function toPatternFinding(
  pattern: ErrorPattern,
  { period, risingSinceMs, operationsWorkspace }: PatternContext,
): Found {
  const { template, trend, count, expected, suggestion, services, versions } = pattern;
  const facts = [
    { name: 'Pattern', value: cut(template, MAX_SAMPLE_CHARS) },
    { name: 'Latest', value: cut(pattern.sample, MAX_SAMPLE_CHARS) },
    { name: 'Services', value: listed(services) },
    { name: 'Versions', value: listed(versions) },
    { name: 'Workspaces', value: pattern.workspaceId === '' ? listed(pattern.workspaces) : '' },
    { name: 'Trace', value: pattern.sampleTrace ?? '' },
    { name: 'Likely cause', value: suggestion?.cause ?? '' },
    { name: 'What to do', value: suggestion?.fix ?? '' },
  ];
  return {
    workspaceId: pattern.workspaceId === '' ? operationsWorkspace : pattern.workspaceId,
    kind: 'error_pattern',
    subject: subjectOfPattern(pattern),
    sinceMs: trend === 'new' ? pattern.firstSeenMs : risingSinceMs,
    severity: severityOfPattern(pattern),
    title: `${trend === 'new' ? 'New error' : 'Rising error'}: ${cut(template, MAX_TITLE_CHARS)}`,
    sentence: explainPattern(pattern, period),
    ...(trend === 'rising' && { score: risingScore(count, expected) }),
    details: detailsOf(pattern),
    facts: facts.filter(({ value }) => value !== ''),
  };
}

/** What a pattern is judged in. */
export type PatternContext = {
  period: PatternPeriod;
  risingSinceMs: number;
  /** Where the platform's patterns are raised. */
  operationsWorkspace: string;
};

function detailsOf(pattern: ErrorPattern): Record<string, unknown> {
  const { id, template, trend, severity, count, countBefore, expected, suggestion } = pattern;
  const { services, versions, workspaces, workspaceCount, sample, sampleTrace } = pattern;
  return {
    ...{ pattern: id, template, trend, logSeverity: severity, count, countBefore, expected },
    ...{ services, versions, workspaces, workspaceCount, sample },
    ...(sampleTrace !== undefined && { sampleTrace }),
    ...(suggestion !== undefined && { suggestion }),
  };
}

function explainPattern(pattern: ErrorPattern, { fromMs, sinceMs, toMs }: PatternPeriod): string {
  const { template, trend, count, expected, services, workspaceId, workspaceCount } = pattern;
  const times = count === 1 ? 'once' : `${count.toLocaleString('en-US')} times`;
  const by = services.length === 0 ? '' : ` by ${listed(services)}`;
  const spread = workspaceId === '' && workspaceCount > 1 ? ` in ${workspaceCount} workspaces` : '';
  const before =
    trend === 'new'
      ? `never in the ${inWords(sinceMs - fromMs)} before`
      : `usually ${often(expected)} in as long`;
  return `“${cut(template, MAX_QUOTED_CHARS)}” was logged ${times} in ${inWords(toMs - sinceMs)}${by}${spread}, and ${before}.`;
}

function often(times: number): string {
  if (times < 1) return 'less than once';
  const whole = Math.round(times);
  return whole === 1 ? 'once' : `${whole.toLocaleString('en-US')} times`;
}

/** In multiples of what makes it rising: twice as many, and three standard deviations more; the lesser decides. */
function risingScore(count: number, expected: number): number {
  const least = Math.max(expected, 1);
  const score = Math.min(count / (2 * expected), (count - expected) / (3 * Math.sqrt(least)));
  return Math.round(score * 100) / 100;
}

/** `6 hours`, `7 days`. */
function inWords(lengthMs: number): string {
  const hours = Math.round(lengthMs / HOUR_MS);
  if (hours >= 48 && hours % 24 === 0) return `${hours / 24} days`;
  return hours === 1 ? '1 hour' : `${hours} hours`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES);
  const rest = names.length - shown.length;
  return rest === 0 ? shown.join(', ') : `${shown.join(', ')} and ${rest} more`;
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1).toWellFormed()}…`;
}
