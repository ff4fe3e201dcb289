import { readQuery } from '../../cloud/query-file.ts';
import { type NanoUsd, parseUsd } from '../../core/money.ts';
import { DAY_MS, formatInstant, HOUR_MS } from '../../core/time.ts';
import type { Asks } from './detect.ts';

/** What a cost anomaly is about, and the hour it began in (epoch ms). */
export type FollowedCost = {
  id: string;
  workspaceId: string;
  level: 'combination' | 'workspace';
  provider: string;
  model: string;
  agent: string;
  sinceMs: number;
};

/** A complete hour since a cost anomaly began. */
export type CostHour = {
  /** Start of the hour, epoch ms. */
  hourMs: number;
  costNanoUsd: NanoUsd;
  /** On other days at this hour, before the anomaly began. */
  usualNanoUsd: NanoUsd;
  /** What was seen at that time of the day before, in USD, a statistic; undefined where nothing was. */
  range: { low: number; high: number } | undefined;
};

type Row = {
  id: string;
  hour: string;
  costUsd: string;
  usualUsd: string;
  lowUsd: number | null;
  highUsd: number | null;
};

const SQL = readQuery('cost_anomaly_hours');

/**
 * The hours of each cost anomaly, named once, from its first one to `toMs` (exclusive, the start of an hour), by its id
 * (`bigquery/queries/cost_anomaly_hours.sql`). Reads only. Throws `warehouse_failed`.
 */
export async function readCostAnomalyHours(
  warehouse: Asks,
  followed: readonly FollowedCost[],
  toMs: number,
): Promise<Map<string, CostHour[]>> {
  const hours = new Map<string, CostHour[]>(followed.map(({ id }) => [id, []]));
  if (followed.length === 0) return hours;
  const firstMs = Math.min(...followed.map(({ sinceMs }) => sinceMs));
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      ids: followed.map(({ id }) => id),
      workspaceIds: followed.map(({ workspaceId }) => workspaceId),
      isWhole: followed.map(({ level }) => level === 'workspace'),
      providers: followed.map(({ provider }) => provider),
      models: followed.map(({ model }) => model),
      agents: followed.map(({ agent }) => agent),
      sinces: followed.map(({ sinceMs }) => formatInstant(sinceMs)),
      from: formatInstant(firstMs - 7 * DAY_MS - HOUR_MS),
      to: formatInstant(toMs),
    },
    types: {
      ids: ['STRING'],
      workspaceIds: ['STRING'],
      isWhole: ['BOOL'],
      providers: ['STRING'],
      models: ['STRING'],
      agents: ['STRING'],
      sinces: ['TIMESTAMP'],
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
    },
  });
  for (const { id, hour, costUsd, usualUsd, lowUsd, highUsd } of rows) {
    hours.get(id)?.push({
      hourMs: Date.parse(hour),
      costNanoUsd: parseUsd(costUsd),
      usualNanoUsd: parseUsd(usualUsd),
      range: lowUsd === null || highUsd === null ? undefined : { low: lowUsd, high: highUsd },
    });
  }
  return hours;
}
