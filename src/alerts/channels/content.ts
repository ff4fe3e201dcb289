import { formatDollars, formatDollarsRounded, parseUsd } from '../../core/money.ts';
import { describeSpan } from '../../core/periods.ts';
import { bucketEnd, bucketStart } from '../../core/time.ts';
import type { Alert } from '../alert.ts';

/** What every channel tells of an alert, as plain texts of one line each. */
export type Content = {
  title: string;
  message: string;
  /** Name and value, in the order to be shown. */
  facts: { name: string; value: string }[];
  /** Percent of the limit that is used, as a bar shows it; absent without a limit. */
  used?: { percent: string; filledOf20: number };
  recommendations: string[];
  /** When it was raised and its id. */
  footer: string;
};

const SCOPE_NAMES = {
  workspace: 'Whole workspace',
  project: 'Project',
  agent: 'Agent',
  model: 'Model',
  provider: 'Provider',
  user: 'User',
  team: 'Team',
  label: 'Label',
} as const;

/**
 * What to tell. Texts that people chose are taken as they are, but on one line: escaping is each channel's own, control
 * characters are nobody's. Pure.
 */
export function contentOf(alert: Alert): Content {
  const { budget, spike, finding, projectedMonth } = alert;
  const facts: Content['facts'] = [];
  const add = (name: string, value: string) => facts.push({ name, value: line(value) });
  add('Workspace', workspaceOf(alert));
  add('Scope', scopeOf(alert));
  if (budget)
    add('Budget', budget.name === undefined ? budget.id : `${budget.name} (${budget.id})`);
  if (alert.currentUsd !== undefined) add('Spent', dollars(alert.currentUsd));
  if (budget) {
    const { threshold, period } = budget;
    add('Limit', dollars(budget.limitUsd));
    const what = threshold.of === 'spend' ? 'spend' : 'projected total';
    add(
      'Threshold',
      `${threshold.percent} % of the limit by ${what} (${dollars(threshold.amountUsd)})`,
    );
    add('Projected for the period', estimate(budget.projectedPeriodUsd));
    const span = { startMs: Date.parse(period.from), endMs: Date.parse(period.to) };
    add('Period', describeSpan(span, period.timeZone));
  }
  if (spike) {
    add('Now per day', estimate(spike.currentDailyUsd));
    add('Usually per day', estimate(spike.usualDailyUsd));
    add('Increase', `${spike.increasePercent} %`);
  }
  if (finding) {
    add('Since', finding.since);
    if (finding.impactUsd !== undefined) add('Impact', estimate(finding.impactUsd));
    for (const { name, value } of finding.facts) add(name, value);
  }
  if (projectedMonth && !isAboutMonth(alert, projectedMonth.month)) {
    const { month, projectedUsd } = projectedMonth;
    add('Projected for the month', `${estimate(projectedUsd)} in ${month} (UTC), whole workspace`);
  }
  return {
    title: line(alert.title),
    message: line(alert.message),
    facts,
    ...(budget === undefined ? {} : { used: usedOf(budget.usedPercent) }),
    recommendations: alert.recommendations.map(({ text }) => line(text)),
    footer: `${alert.severity} ${alert.type} alert ${alert.id}, raised ${alert.raisedAt}`,
  };
}

/** Control characters and line breaks as blanks: nothing that a header or a terminal could take for its own. */
export function line(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
}

/** At most so many UTF-16 units, cut between characters, with an ellipsis where something was cut. */
export function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  return `${text
    .slice(0, maxLength - 1)
    .toWellFormed()
    .replace(/\ufffd$/, '')}…`;
}

function workspaceOf({ workspaceId, workspaceName }: Alert): string {
  return workspaceName === undefined ? workspaceId : `${workspaceName} (${workspaceId})`;
}

function scopeOf({ scope }: Alert): string {
  const name = SCOPE_NAMES[scope.dimension];
  if (scope.dimension === 'workspace') return name;
  if (scope.dimension === 'label') return `${name} ${scope.key} = ${scope.value}`;
  return `${name} ${scope.value}`;
}

/** Whether the budget's own projection is that of the whole workspace's UTC month, which then need not be said again. */
function isAboutMonth({ budget, scope }: Alert, month: string): boolean {
  if (budget === undefined || scope.dimension !== 'workspace') return false;
  const { from, to } = budget.period;
  return (
    Date.parse(from) === bucketStart('month', month) && Date.parse(to) === bucketEnd('month', month)
  );
}

function dollars(usd: string): string {
  return formatDollars(parseUsd(usd));
}

function estimate(usd: string): string {
  return formatDollarsRounded(parseUsd(usd));
}

function usedOf(percent: string): Content['used'] {
  const tenths = parseUsd(percent) / 100_000_000n;
  const filled = Number(tenths / 50n);
  return { percent, filledOf20: Math.min(20, Math.max(0, filled)) };
}
