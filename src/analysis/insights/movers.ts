import { readQuery } from '../../cloud/query-file.ts';
import { divideHalfEven, type NanoUsd, parseUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { Asks } from '../anomalies/detect.ts';

/** The finest first: what a change is explained with where it explains enough of it. */
export const MOVER_DIMENSIONS = [
  'agent',
  'model',
  'user',
  'project',
  'team',
  'provider',
  'resource',
] as const;
export type MoverDimension = (typeof MOVER_DIMENSIONS)[number];

/** Why something costs another amount than before. */
export type MoverReason = 'new' | 'gone' | 'requests' | 'cost-per-request' | 'unchanged';

/** What a value of a dimension contributes to the change of a workspace's costs. */
export type Mover = {
  /** Empty for events that do not name the dimension. */
  value: string;
  costNanoUsd: NanoUsd;
  beforeNanoUsd: NanoUsd;
  changeNanoUsd: NanoUsd;
  requests: number;
  requestsBefore: number;
  /** What as many requests more or less would have changed at the cost per request of before; the rest is `rateNanoUsd`. */
  volumeNanoUsd: NanoUsd;
  rateNanoUsd: NanoUsd;
  because: MoverReason;
};

/** How a workspace's costs changed from one period to the next, and the values of each dimension that moved most. */
export type Movement = {
  total: Mover & { unpriced: number; unpricedBefore: number };
  dimensions: { dimension: MoverDimension; valueCount: number; movers: Mover[] }[];
};

/** A period (epoch ms, half open) that begins where the one before it ends. */
export type Compared = { beforeMs: number; fromMs: number; toMs: number };

type Row = {
  workspaceId: string;
  dimension: string;
  value: string;
  costUsd: string;
  beforeUsd: string;
  requests: string;
  requestsBefore: string;
  unpriced: string;
  unpricedBefore: string;
  valueCount: string;
};

const SQL = readQuery('top_movers');
const VALUES_PER_DIMENSION = 5;

/**
 * What explains the change between two periods, by workspace (`bigquery/queries/top_movers.sql`); workspaces without costs
 * in either are left out. Reads only. Throws `warehouse_failed`.
 */
export async function readMovers(
  warehouse: Asks,
  workspaceIds: readonly string[],
  { beforeMs, fromMs, toMs }: Compared,
): Promise<Map<string, Movement>> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      workspaceIds,
      before: formatInstant(beforeMs),
      from: formatInstant(fromMs),
      to: formatInstant(toMs),
      valuesPerDimension: VALUES_PER_DIMENSION,
    },
    types: {
      workspaceIds: ['STRING'],
      before: 'TIMESTAMP',
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
      valuesPerDimension: 'INT64',
    },
  });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  return new Map([...byWorkspace].map(([workspaceId, own]) => [workspaceId, toMovement(own)]));
}

function toMovement(rows: readonly Row[]): Movement {
  const total = rows.find(({ dimension }) => dimension === 'total')!;
  return {
    total: {
      ...toMover(total),
      unpriced: Number(total.unpriced),
      unpricedBefore: Number(total.unpricedBefore),
    },
    dimensions: MOVER_DIMENSIONS.map((dimension) => {
      const own = rows.filter((row) => row.dimension === dimension);
      return { dimension, valueCount: Number(own[0]?.valueCount ?? 0), movers: own.map(toMover) };
    }),
  };
}

function toMover(row: Row): Mover {
  const costNanoUsd = parseUsd(row.costUsd);
  const beforeNanoUsd = parseUsd(row.beforeUsd);
  const changeNanoUsd = costNanoUsd - beforeNanoUsd;
  const requests = Number(row.requests);
  const requestsBefore = Number(row.requestsBefore);
  const volumeNanoUsd =
    requestsBefore > 0
      ? divideHalfEven(beforeNanoUsd * BigInt(requests - requestsBefore), BigInt(requestsBefore))
      : changeNanoUsd;
  const parts = { changeNanoUsd, volumeNanoUsd, rateNanoUsd: changeNanoUsd - volumeNanoUsd };
  const { value } = row;
  const because = reasonOf({ beforeNanoUsd, costNanoUsd, ...parts });
  return { value, costNanoUsd, beforeNanoUsd, requests, requestsBefore, ...parts, because };
}

function reasonOf(
  mover: Omit<Mover, 'value' | 'requests' | 'requestsBefore' | 'because'>,
): MoverReason {
  const { costNanoUsd, beforeNanoUsd, changeNanoUsd, volumeNanoUsd, rateNanoUsd } = mover;
  if (changeNanoUsd === 0n) return 'unchanged';
  if (beforeNanoUsd === 0n) return 'new';
  if (costNanoUsd === 0n) return 'gone';
  // What goes against the change does not explain it.
  const sign = changeNanoUsd > 0n ? 1n : -1n;
  return volumeNanoUsd * sign >= rateNanoUsd * sign ? 'requests' : 'cost-per-request';
}
