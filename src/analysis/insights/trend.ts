import { readQuery } from '../../cloud/query-file.ts';
import { parseUsd } from '../../core/money.ts';
import { DAY_MS, formatInstant } from '../../core/time.ts';
import type { Asks } from '../anomalies/detect.ts';

/** The costs of whole UTC days, and of the weeks that end with the last of them. */
export type Trend = {
  days: { day: string; costUsd: string; events: number; unpriced: number }[];
  /** Weeks of seven days, the last one first. */
  weeks: { endsWith: string; costUsd: string }[];
  /**
   * How many times in a row, up to now, a week cost more than the one before it; negative: less. Weeks that were not over
   * whole since the first cost of the 35 days count for nothing: a beginning is no rise.
   */
  weeksInARow: number;
};

type Row = {
  workspaceId: string;
  day: string;
  costUsd: string;
  events: string;
  unpriced: string;
  last7DaysUsd: string | null;
};

const SQL = readQuery('cost_trends');
const DAYS = 35;

/**
 * The costs of the last 35 whole UTC days before an instant (epoch ms), by workspace, days without costs included
 * (`bigquery/queries/cost_trends.sql`). Reads only. Throws `warehouse_failed`.
 */
export async function readTrends(
  warehouse: Asks,
  workspaceIds: readonly string[],
  toMs: number,
): Promise<Map<string, Trend>> {
  const endMs = toMs - (toMs % DAY_MS);
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      workspaceIds,
      from: formatInstant(endMs - DAYS * DAY_MS),
      to: formatInstant(endMs),
    },
    types: { workspaceIds: ['STRING'], from: 'TIMESTAMP', to: 'TIMESTAMP' },
  });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  return new Map([...byWorkspace].map(([workspaceId, own]) => [workspaceId, toTrend(own)]));
}

function toTrend(rows: readonly Row[]): Trend {
  const weeks = rows
    .toReversed()
    .filter((_, daysAgo) => daysAgo % 7 === 0)
    .flatMap(({ day, last7DaysUsd }) =>
      last7DaysUsd === null ? [] : [{ endsWith: day, costUsd: last7DaysUsd }],
    );
  return {
    days: rows.map(({ day, costUsd, events, unpriced }) => ({
      day,
      costUsd,
      events: Number(events),
      unpriced: Number(unpriced),
    })),
    weeks,
    weeksInARow: inARow(weeks.slice(0, wholeWeeks(rows)).map(({ costUsd }) => parseUsd(costUsd))),
  };
}

/** How many whole weeks the days hold since the first that cost anything. */
function wholeWeeks(rows: readonly Row[]): number {
  const first = rows.findIndex(({ costUsd }) => parseUsd(costUsd) !== 0n);
  return first < 0 ? 0 : Math.floor((rows.length - first) / 7);
}

/** `amounts`: the latest first. */
function inARow(amounts: readonly bigint[]): number {
  const steps = amounts.slice(1).map((earlier, at) => {
    const later = amounts[at]!;
    return later > earlier ? 1 : later < earlier ? -1 : 0;
  });
  const [first = 0] = steps;
  if (first === 0) return 0;
  const end = steps.findIndex((step) => step !== first);
  return first * (end === -1 ? steps.length : end);
}
