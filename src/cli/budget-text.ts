import { formatDollarsRounded, formatUsd, parseUsd } from '../core/money.ts';
import { localDay } from '../core/periods.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/time.ts';
import type { Budget, BudgetBody, BudgetStatus, Scope } from './contract.ts';
import { bar, cut, dollars, shareOf, table, wrap } from './tables.ts';

const WIDEST_BAR = 72;
const MARK = '│';

/** Whose costs, in a few words. */
export function describeScope(scope: Scope): string {
  if ('key' in scope) return `label ${scope.key}=${scope.value}`;
  return 'value' in scope ? `${scope.dimension} ${scope.value}` : 'whole workspace';
}

/** How often it begins anew, in a few words. */
export function describePeriod({ every, startsOn }: BudgetBody['period']): string {
  if (every === 'week') return `week from ${startsOn}`;
  if (every === 'month' && startsOn !== 1) return `month from day ${startsOn}`;
  return every;
}

/** Thresholds with the amounts at which they are reached, to the nano-dollar: `50% ($2.50)`. */
export function describeThresholds(limitUsd: string, percents: readonly number[]): string {
  const limit = parseUsd(limitUsd);
  return percents
    .map((percent) => {
      const amount = (limit * BigInt(percent) + 99n) / 100n;
      return `${percent}% (${dollars(formatUsd(amount))})`;
    })
    .join(', ');
}

/** What was changed, a line for each field: `  limit: $5.00 → $7.50`. */
export function describeChanges(previous: Budget, budget: Budget): string[] {
  const [was, is] = [factsOf(previous), factsOf(budget)];
  return Object.keys(is).flatMap((name) =>
    was[name] === is[name] ? [] : [`  ${name}: ${was[name]} → ${is[name]}`],
  );
}

function factsOf(budget: Budget): Record<string, string> {
  const percents = (all: readonly number[]) => all.map((one) => `${one}%`).join(', ') || 'none';
  return {
    name: budget.name ?? 'none',
    of: describeScope(budget.scope),
    limit: dollars(budget.limitUsd),
    per: describePeriod(budget.period),
    'time zone': budget.timeZone,
    thresholds: percents(budget.thresholdsPercent),
    'projected thresholds': percents(budget.projectedThresholdsPercent),
    channels: budget.channels?.join(', ') ?? 'all',
  };
}

/** Budgets as a table, no wider than `width` if there is one. */
export function describeBudgets(budgets: readonly Budget[], width: number | undefined): string {
  const rows = budgets.map((budget) => [
    budget.id,
    budget.name ?? '',
    describeScope(budget.scope),
    dollars(budget.limitUsd),
    describePeriod(budget.period),
    budget.timeZone,
    [
      budget.thresholdsPercent.join(', '),
      ...budget.projectedThresholdsPercent.map((percent) => `${percent} projected`),
    ]
      .filter(Boolean)
      .join(', '),
    budget.channels?.join(', ') ?? 'all',
    String(budget.version),
  ]);
  const head = ['id', 'name', 'of', 'limit', 'per', 'zone', '%', 'channels', 'version'];
  return table(head, rows, { right: [3, 8], ids: [0], width });
}

/**
 * Where a budget stands: a head, a bar with its thresholds, and the figures, at most `width` characters wide. `nowMs` (epoch)
 * is for what is left of the last day.
 */
export function describeStatus(status: BudgetStatus, width: number, nowMs: number): string {
  const { id, name, scope, period, limitUsd, spentUsd, usedPercent, remainingUsd } = status;
  const { projectedUsd, projectedPercent, outlook } = status;
  const title = name === undefined ? id : `${id} · ${name}`;
  const { timeZone } = period;
  const [from, to] = [period.from, period.to].map((at) => localDay(Date.parse(at), timeZone));
  const days = `${from} to ${to} (${timeZone})`;
  const facts = `${describeScope(scope)}, ${days}`;
  const head = `${title}: ${facts}`;
  const left = remainingUsd.startsWith('-')
    ? `${dollars(remainingUsd.slice(1))} over`
    : `${dollars(remainingUsd)} left`;
  const projection =
    outlook === 'too-early'
      ? 'too early to project'
      : `projected ${formatDollarsRounded(parseUsd(projectedUsd))} (${projectedPercent}%): ${outlook}`;
  return [
    ...(head.length <= width ? [head] : [cut(title, width), ...wrap(facts, width, '  ')]),
    `  ${statusBar(status, Math.min(WIDEST_BAR, width - 4))}`,
    ...wrap(`${dollars(spentUsd)} of ${dollars(limitUsd)} (${usedPercent}%), ${left}`, width, '  '),
    ...wrap(`${timeLeft(status, nowMs)} left, ${projection}`, width, '  '),
    ...toldLines(status, width),
  ].join('\n');
}

/** `10.5 days`; on the last day `9 hours` or `40 minutes`. */
function timeLeft({ daysLeft, period }: BudgetStatus, nowMs: number): string {
  const text = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`;
  if (daysLeft >= 1) return text(daysLeft, 'day');
  const ms = Math.min(DAY_MS, Math.max(0, Date.parse(period.to) - nowMs));
  if (ms >= HOUR_MS) return text(Math.floor(ms / HOUR_MS), 'hour');
  return text(Math.floor(ms / MINUTE_MS), 'minute');
}

/** Spend as a bar up to the limit; a mark stands where each threshold of spend below the limit is reached. */
function statusBar({ spentUsd, limitUsd, thresholds }: BudgetStatus, width: number): string {
  const cells = [...bar(shareOf(parseUsd(spentUsd), parseUsd(limitUsd)), width).padEnd(width, '·')];
  for (const { percent, of } of thresholds) {
    if (of !== 'spend' || percent >= 100) continue;
    cells[Math.min(width - 1, Math.round((percent / 100) * width))] = MARK;
  }
  return `${cells.join('')}${MARK}`;
}

function toldLines({ thresholds }: BudgetStatus, width: number): string[] {
  const of = (state: string) =>
    thresholds
      .filter((threshold) => threshold.state === state)
      .map(({ percent, of }) => (of === 'spend' ? `${percent}%` : `${percent}% projected`))
      .join(', ');
  const parts = [
    of('told') && `told: ${of('told')}`,
    of('armed') && `still to come: ${of('armed')}`,
  ].filter(Boolean);
  return parts.length === 0 ? [] : wrap(parts.join('; '), width, '  ');
}
