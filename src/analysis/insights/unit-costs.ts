import { readQuery } from '../../cloud/query-file.ts';
import { divideHalfEven, formatUsd, parseUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { Asks } from '../anomalies/detect.ts';
import type { Compared } from './movers.ts';

/** What is paid for: a request to a model, an agent's part of a trace, a user's work. */
export const UNITS = ['request', 'run', 'user'] as const;
export type Unit = (typeof UNITS)[number];

/** The cost of one of something, with what it is made of. */
export type UnitCost = {
  costUsd: string;
  /** How many there were. */
  units: number;
  /** `costUsd / units`, rounded half to even to the nano-dollar; absent where there were none. */
  perUnitUsd?: string;
  /** Events among them without a known price: they make it too small. */
  unpriced: number;
};

/** The cost of a unit in a period and in the one before it; a unit that neither has is left out. */
export type UnitCosts = { unit: Unit; now: UnitCost; before: UnitCost }[];

type Row = {
  workspaceId: string;
  unit: Unit;
  costUsd: string;
  beforeUsd: string;
  units: string;
  unitsBefore: string;
  unpriced: string;
  unpricedBefore: string;
};

const SQL = readQuery('unit_costs');

/**
 * What a request, a run and a user cost in a period and in the one before it, by workspace
 * (`bigquery/queries/unit_costs.sql`). Reads only. Throws `warehouse_failed`.
 */
export async function readUnitCosts(
  warehouse: Asks,
  workspaceIds: readonly string[],
  { beforeMs, fromMs, toMs }: Compared,
): Promise<Map<string, UnitCosts>> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      workspaceIds,
      before: formatInstant(beforeMs),
      from: formatInstant(fromMs),
      to: formatInstant(toMs),
    },
    types: {
      workspaceIds: ['STRING'],
      before: 'TIMESTAMP',
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
    },
  });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  return new Map([...byWorkspace].map(([workspaceId, own]) => [workspaceId, own.map(toUnit)]));
}

function toUnit(row: Row): UnitCosts[number] {
  return {
    unit: row.unit,
    now: unitCost(row.costUsd, row.units, row.unpriced),
    before: unitCost(row.beforeUsd, row.unitsBefore, row.unpricedBefore),
  };
}

function unitCost(costUsd: string, count: string, unpriced: string): UnitCost {
  const units = Number(count);
  return {
    costUsd,
    units,
    ...(units > 0 && { perUnitUsd: formatUsd(divideHalfEven(parseUsd(costUsd), BigInt(units))) }),
    unpriced: Number(unpriced),
  };
}
