import { readQuery } from '../../cloud/query-file.ts';
import { formatDollarsRounded, formatUsd, type NanoUsd, parseUsd } from '../../core/money.ts';
import type { Asks } from './detect.ts';
import { type AnomalyKind, type AnomalySignal, heldFor } from './finding.ts';
import { JUDGED_HOURS_TYPES, type JudgedHours, judgedHours } from './judged-hours.ts';

/** How readily a workspace is alarmed. */
export type CostSensitivity = {
  /** 1 as tuned; 2 alarms at half the score. */
  sensitivity: number;
  /** What an hour has to differ by from what is usual; more than 0. */
  minimumImpactNanoUsd: NanoUsd;
};

/** A provider, model and agent, and how much the hour differed there from what is usual; `''` where an event named none. */
export type Contribution = {
  provider: string;
  model: string;
  agent: string;
  impactNanoUsd: NanoUsd;
};

/** An hour of a workspace whose costs are outside everything seen before. */
export type CostAnomaly = {
  workspaceId: string;
  /** Start of the hour, epoch ms. */
  hourMs: number;
  /** One combination of provider, model and agent, or the workspace as a whole where no combination explains it. */
  level: 'combination' | 'workspace';
  /** The combination; `''` throughout for the whole workspace. */
  provider: string;
  model: string;
  agent: string;
  kind: AnomalyKind;
  signal: AnomalySignal;
  score: number;
  costNanoUsd: NanoUsd;
  usualNanoUsd: NanoUsd;
  /** The cost less what is usual; negative for a drop. */
  impactNanoUsd: NanoUsd;
  /** USD, a statistic. */
  expectedUsd: { low: number; high: number };
  /** The combinations that differ most from what is usual, the largest first, at most three. */
  contributions: Contribution[];
  /** One English sentence. */
  reason: string;
};

type Row = Omit<CostAnomaly, 'hourMs' | 'contributions' | 'expectedUsd' | 'reason'> & {
  hour: string;
  days: number;
  costUsd: string;
  usualUsd: string;
  impactUsd: string;
  lowUsd: number;
  highUsd: number;
  contributions: { provider: string; model: string; agent: string; impactUsd: string }[] | null;
};

const SQL = readQuery('cost_anomalies');

/**
 * The cost anomalies of all workspaces in complete hours (`bigquery/queries/cost_anomalies.sql`): those from `judgeFromMs`
 * (inclusive) to `toMs` (exclusive), both starts of hours. Reads only; asking again gives the same, as long as no late
 * entries come. Throws `warehouse_failed`.
 */
export async function detectCostAnomalies(
  warehouse: Asks,
  request: JudgedHours & {
    defaults: CostSensitivity;
    /** Of workspaces that have their own. */
    workspaces: ReadonlyMap<string, CostSensitivity>;
  },
): Promise<CostAnomaly[]> {
  const { defaults } = request;
  const own = [...request.workspaces];
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      ...judgedHours(request),
      sensitivity: defaults.sensitivity,
      minimumImpactUsd: formatUsd(defaults.minimumImpactNanoUsd),
      workspaceIds: own.map(([workspaceId]) => workspaceId),
      workspaceSensitivities: own.map(([, { sensitivity }]) => sensitivity),
      workspaceMinimumImpactsUsd: own.map(([, one]) => formatUsd(one.minimumImpactNanoUsd)),
    },
    types: TYPES,
  });
  return rows.map(toAnomaly);
}

const TYPES = {
  ...JUDGED_HOURS_TYPES,
  sensitivity: 'FLOAT64',
  minimumImpactUsd: 'NUMERIC',
  workspaceIds: ['STRING'],
  workspaceSensitivities: ['FLOAT64'],
  workspaceMinimumImpactsUsd: ['NUMERIC'],
};

function toAnomaly(row: Row): CostAnomaly {
  const { hour, days, costUsd, usualUsd, impactUsd, lowUsd, highUsd, contributions, ...rest } = row;
  const costNanoUsd = parseUsd(costUsd);
  const usualNanoUsd = parseUsd(usualUsd);
  return {
    ...rest,
    hourMs: Date.parse(hour),
    costNanoUsd,
    usualNanoUsd,
    impactNanoUsd: costNanoUsd - usualNanoUsd,
    expectedUsd: { low: lowUsd, high: highUsd },
    contributions: (contributions ?? []).map(({ impactUsd, ...combination }) => ({
      ...combination,
      impactNanoUsd: parseUsd(impactUsd),
    })),
    reason: explainCost(row, costNanoUsd, usualNanoUsd),
  };
}

function explainCost(row: Row, cost: NanoUsd, usual: NanoUsd): string {
  const more = cost >= usual;
  const difference = more ? cost - usual : usual - cost;
  const amounts = `${formatDollarsRounded(cost)} in one hour, ${formatDollarsRounded(difference)} ${more ? 'more' : 'less'} than usual`;
  const limit = more ? `at most $${row.highUsd.toFixed(2)}` : `at least $${row.lowUsd.toFixed(2)}`;
  return `${subject(row)} cost ${amounts} (expected ${limit}, by the ${heldFor(row.days)} before).`;
}

function subject({ level, provider, model, agent }: Row): string {
  if (level === 'workspace') return 'The workspace as a whole';
  const what = model === '' ? provider : `${model} of ${provider}`;
  return agent === '' ? what : `Agent ${agent} with ${what}`;
}
