import { formatDollarsRounded, formatUsd, parseUsd } from '../core/money.ts';
import { localDay } from '../core/periods.ts';
import type { Budget, BudgetBody, BudgetStatus, Scope } from './contract.ts';
import { bar, dollars, shareOf, table } from './tables.ts';

const WIDEST_BAR = 72;
const MARK = '│';
const MIN_TITLE_WIDTH = 12;

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

/** Budgets as a table. */
export function describeBudgets(budgets: readonly Budget[]): string {
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
  return table(head, rows, { right: [3, 8] });
}

/** Where a budget stands: a head, a bar with its thresholds, and the figures, at most `width` characters wide. */
export function describeStatus(status: BudgetStatus, width: number): string {
  const { id, name, scope, period, limitUsd, spentUsd, usedPercent, remainingUsd } = status;
  const { projectedUsd, projectedPercent, outlook, daysLeft } = status;
  const title = name === undefined ? id : `${id} · ${name}`;
  const { timeZone } = period;
  const [from, to] = [period.from, period.to].map((at) => localDay(Date.parse(at), timeZone));
  const days = `${from} to ${to} (${timeZone})`;
  const facts = cut(`: ${describeScope(scope)}, ${days}`, width - MIN_TITLE_WIDTH);
  const left = remainingUsd.startsWith('-')
    ? `${dollars(remainingUsd.slice(1))} over`
    : `${dollars(remainingUsd)} left`;
  const projection =
    outlook === 'too-early'
      ? 'too early to project'
      : `projected ${formatDollarsRounded(parseUsd(projectedUsd))} (${projectedPercent}%): ${outlook}`;
  return [
    cut(title, width - facts.length) + facts,
    `  ${statusBar(status, Math.min(WIDEST_BAR, width - 4))}`,
    `  ${dollars(spentUsd)} of ${dollars(limitUsd)} (${usedPercent}%), ${left}`,
    `  ${daysLeft} days left, ${projection}`,
    ...toldLines(status, width),
  ].join('\n');
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
  return parts.length === 0 ? [] : [cut(`  ${parts.join('; ')}`, width)];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
