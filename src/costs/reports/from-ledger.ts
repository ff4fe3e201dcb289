import { readFileSync } from 'node:fs';
import type { Warehouse } from '../../cloud/bigquery.ts';
import { parseUsd } from '../../core/money.ts';
import { bucketEnd, bucketStart, formatInstant, monthOf } from '../../core/time.ts';
import { addSums, noSums, type Sums } from '../rollups/read.ts';
import type { Period } from './plan.ts';
import {
  BREAKDOWN_DIMENSIONS,
  type BreakdownDimension,
  type CutDimension,
  type Figures,
  type Group,
  sortGroups,
} from './report.ts';

const QUERIES = new URL('../../../bigquery/queries/', import.meta.url);
const CUT_SQL = readFileSync(new URL('costs_by_dimensions.sql', QUERIES), 'utf8');
const BREAKDOWN_SQL = readFileSync(new URL('costs_breakdown.sql', QUERIES), 'utf8');

const CUT_DIMENSIONS: readonly CutDimension[] = [...BREAKDOWN_DIMENSIONS, 'hour'];

type SumsRow = { costUsd: string } & Record<Exclude<keyof Sums, 'cost'>, string>;

/** The figures from the ledger: any period, any cut. Throws `warehouse_failed` when BigQuery does not answer. */
export async function figuresFromLedger(
  warehouse: Warehouse,
  query: { workspaceId: string; period: Period; by: readonly CutDimension[] },
  now: number,
): Promise<Figures> {
  const { workspaceId, period, by } = query;
  const month = monthOf(now);
  const monthPeriod = { from: bucketStart('month', month), to: bucketEnd('month', month) };
  const monthSpent = cut(warehouse, workspaceId, monthPeriod, []).then(totalOf);
  if (by.length === 0) {
    const [cells, spent] = await Promise.all([
      breakdown(warehouse, workspaceId, period),
      monthSpent,
    ]);
    return { source: 'bigquery', ...cells, monthSpent: spent };
  }
  const [groups, spent] = await Promise.all([cut(warehouse, workspaceId, period, by), monthSpent]);
  return { source: 'bigquery', total: totalOf(groups), groups, monthSpent: spent };
}

/** Sums per combination of the dimensions' values, joined by ` / ` where there are several; one group without any. */
async function cut(
  warehouse: Warehouse,
  workspaceId: string,
  period: Period,
  by: readonly CutDimension[],
): Promise<Group[]> {
  const rows = await warehouse.query<SumsRow & Record<CutDimension, string>>({
    sql: CUT_SQL,
    params: { ...periodParams(workspaceId, period), dimensions: by },
    types: { ...PERIOD_TYPES, dimensions: ['STRING'] },
  });
  const chosen = CUT_DIMENSIONS.filter((dimension) => by.includes(dimension));
  const groups = rows.map((row) => ({
    key: chosen.map((dimension) => row[dimension]).join(' / '),
    sums: toSums(row),
  }));
  return sortGroups(groups, by);
}

async function breakdown(warehouse: Warehouse, workspaceId: string, period: Period) {
  const rows = await warehouse.query<SumsRow & { dimension: string; value: string }>({
    sql: BREAKDOWN_SQL,
    params: periodParams(workspaceId, period),
    types: PERIOD_TYPES,
  });
  const groupsOf = (dimension: string): Group[] =>
    rows
      .filter((row) => row.dimension === dimension)
      .map((row) => ({ key: row.value, sums: toSums(row) }));
  const groups = BREAKDOWN_DIMENSIONS.map((by) => [by, sortGroups(groupsOf(by), [by])]);
  return {
    total: totalOf(groupsOf('total')),
    breakdown: Object.fromEntries(groups) as Record<BreakdownDimension, Group[]>,
  };
}

const PERIOD_TYPES = { workspaceId: 'STRING', from: 'TIMESTAMP', to: 'TIMESTAMP' };

function periodParams(workspaceId: string, { from, to }: Period) {
  return { workspaceId, from: formatInstant(from), to: formatInstant(to) };
}

function totalOf(groups: readonly Group[]): Sums {
  const total = noSums();
  for (const { sums } of groups) addSums(total, sums);
  return total;
}

function toSums(row: SumsRow): Sums {
  return {
    cost: parseUsd(row.costUsd),
    events: Number(row.events),
    unpriced: Number(row.unpriced),
    inputTokens: Number(row.inputTokens),
    outputTokens: Number(row.outputTokens),
    cacheReadTokens: Number(row.cacheReadTokens),
    cacheWriteTokens: Number(row.cacheWriteTokens),
    reasoningTokens: Number(row.reasoningTokens),
  };
}
