import { formatUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import { type MonthProjection, projectMonth } from '../forecast/month.ts';
import type { ProjectionState, Sums } from '../rollups/read.ts';
import { latestEnd, type Period } from './plan.ts';

/** What costs can be cut by; `day` and `hour` are UTC. */
export type CutDimension =
  | 'resource'
  | 'provider'
  | 'model'
  | 'project'
  | 'agent'
  | 'user'
  | 'team'
  | 'day'
  | 'hour';

/** What a breakdown holds when nothing else is asked for. */
export const BREAKDOWN_DIMENSIONS = [
  'resource',
  'provider',
  'model',
  'project',
  'agent',
  'user',
  'team',
  'day',
] as const satisfies CutDimension[];
export type BreakdownDimension = (typeof BREAKDOWN_DIMENSIONS)[number];

/** One group of a cut; an empty key is what is not attributed. */
export type Group = { key: string; sums: Sums };

/** Sums before they are put into words; `source` says which store answered. */
export type Figures = {
  source: 'redis' | 'bigquery';
  total: Sums;
  groups?: Group[];
  breakdown?: Record<BreakdownDimension, Group[]>;
  monthSpent: Sums;
  /** Of the projection, when it answered. */
  state?: ProjectionState;
};

type GroupJson = ReturnType<typeof groupJson>;

/** The answer of a cost query as JSON: decimals as strings, instants as RFC 3339. */
export type CostReport = ReturnType<typeof costReport>;

export function costReport(
  workspaceId: string,
  period: Period,
  figures: Figures,
  details: ReportDetails,
  now: number,
) {
  return {
    ...head(workspaceId, period, figures, now),
    ...details,
    projectedMonth: projectionJson(projectMonth(figures.monthSpent.cost, now)),
  };
}

/** The part of a report that does not depend on when it is given; the costly one to put into words. */
export type ReportDetails = ReturnType<typeof reportDetails>;

export function reportDetails({ total, groups, breakdown }: Figures) {
  return {
    ...measures(total),
    groups: groups?.map(groupJson),
    breakdown: breakdown && breakdownJson(breakdown),
  };
}

/** The part that every answer about costs begins with. */
export function head(
  workspaceId: string,
  period: Period,
  figures: Pick<Figures, 'source' | 'total' | 'state'>,
  now: number,
) {
  const { source, total, state } = figures;
  const newestEvent = state?.newestEvent;
  return {
    workspaceId,
    totalUsd: formatUsd(total.cost),
    currency: 'USD',
    period: { from: formatInstant(period.from), to: formatInstant(period.to) },
    source,
    freshness: {
      asOf: formatInstant(now),
      lastEventAt: newestEvent === undefined ? undefined : formatInstant(newestEvent),
    },
  };
}

/** Without an end a period runs up to the last hour that can hold costs; without a start, from the month's start. */
export function completePeriod(period: Partial<Period>, now: number): Period {
  const to = period.to ?? latestEnd(now);
  const date = new Date(Math.min(to - 1, now));
  const from = period.from ?? Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  return { from, to };
}

/** Dearest first; days and hours in their order. */
export function sortGroups(groups: Group[], by: readonly CutDimension[]): Group[] {
  const byTime = by.includes('day') || by.includes('hour');
  return groups.sort((a, b) => {
    if (!byTime && a.sums.cost !== b.sums.cost) return a.sums.cost > b.sums.cost ? -1 : 1;
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  });
}

function measures(sums: Sums) {
  return {
    events: sums.events,
    unpricedEvents: sums.unpriced,
    tokens: {
      input: sums.inputTokens,
      output: sums.outputTokens,
      cacheRead: sums.cacheReadTokens,
      cacheWrite: sums.cacheWriteTokens,
      reasoning: sums.reasoningTokens,
    },
  };
}

function groupJson({ key, sums }: Group) {
  return { key, costUsd: formatUsd(sums.cost), ...measures(sums) };
}

function breakdownJson(breakdown: Record<BreakdownDimension, Group[]>) {
  const entries = BREAKDOWN_DIMENSIONS.map((by) => [by, breakdown[by].map(groupJson)]);
  return Object.fromEntries(entries) as Record<BreakdownDimension, GroupJson[]>;
}

function projectionJson({ month, spentNanoUsd, projectedNanoUsd, method }: MonthProjection) {
  return {
    month,
    spentUsd: formatUsd(spentNanoUsd),
    projectedUsd: formatUsd(projectedNanoUsd),
    method,
  };
}
