import { readQuery } from '../../cloud/query-file.ts';
import { formatDollarsRounded, formatUsd, type NanoUsd, parseUsd } from '../../core/money.ts';
import { formatInstant, HOUR_MS } from '../../core/time.ts';
import type { Asks } from '../anomalies/detect.ts';
import { amount, sumOf } from './arithmetic.ts';
import type { Insight } from './insight.ts';
import { isWorthSaying } from './worth.ts';

/** Compute of a workspace and the hours in which nothing was done with it. */
export type IdleCompute = {
  provider: string;
  resourceId: string;
  /** `''` where its events name none. */
  project: string;
  agent: string;
  /** Hours with costs, and those among them without work. */
  hours: number;
  idleHours: number;
  costNanoUsd: NanoUsd;
  idleNanoUsd: NanoUsd;
  /** From the first hour with costs to the last, both included. */
  spanHours: number;
};

type Row = {
  workspaceId: string;
  provider: string;
  resourceId: string;
  project: string;
  agent: string;
  hours: string;
  idleHours: string;
  costUsd: string;
  idleCostUsd: string;
  firstHour: string;
  lastHour: string;
};

const SQL = readQuery('idle_compute');
/** Fewer hours with costs do not tell what is usual. */
const MIN_HOURS = 24;
/** What is reported by the day or the month costs something in few hours only, and says nothing about the others. */
const MIN_REPORTED_SHARE = 0.5;

/**
 * Compute with idle hours in a period (epoch ms, half open, whole hours), by workspace (`bigquery/queries/idle_compute.sql`).
 * Reads only. Throws `warehouse_failed`.
 */
export async function readIdleCompute(
  warehouse: Asks,
  workspaceIds: readonly string[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<Map<string, IdleCompute[]>> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: { workspaceIds, from: formatInstant(fromMs), to: formatInstant(toMs) },
    types: { workspaceIds: ['STRING'], from: 'TIMESTAMP', to: 'TIMESTAMP' },
  });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  return new Map([...byWorkspace].map(([workspaceId, own]) => [workspaceId, own.map(toIdle)]));
}

/** Compute, metered by the hour, that could have been off. Pure. */
export function idleInsights(all: readonly IdleCompute[], spentNanoUsd: NanoUsd): Insight[] {
  return all.flatMap((one): Insight[] => {
    const { provider, resourceId, project, agent, hours, idleHours, costNanoUsd } = one;
    if (hours < MIN_HOURS || hours < one.spanHours * MIN_REPORTED_SHARE) return [];
    const { arithmetic, nanoUsd } = sumOf([
      amount(`cost of ${hours} hours`, costNanoUsd),
      amount(
        `less the cost of ${hours - idleHours} hours with work`,
        one.idleNanoUsd - costNanoUsd,
      ),
    ]);
    if (!isWorthSaying(nanoUsd, spentNanoUsd)) return [];
    const idle = formatDollarsRounded(nanoUsd);
    const whose =
      agent !== '' ? ` of agent ${agent}` : project !== '' ? ` of project ${project}` : '';
    const nobody = agent !== '' ? 'the agent' : project !== '' ? 'the project' : 'the workspace';
    return [
      {
        kind: 'idle-compute',
        subject: {
          provider,
          resourceId,
          ...(project !== '' && { project }),
          ...(agent !== '' && { agent }),
        },
        title: `${resourceId} cost ${idle} while idle`,
        text:
          `${resourceId} of ${provider}${whose} cost ${idle} in ${idleHours} of ${hours} hours in which ${nobody} made no model ` +
          `call and served no request, of ${formatDollarsRounded(costNanoUsd)} in all.`,
        savingUsd: formatUsd(nanoUsd),
        arithmetic,
      },
    ];
  });
}

function toIdle({ workspaceId: _, firstHour, lastHour, ...row }: Row): IdleCompute {
  return {
    provider: row.provider,
    resourceId: row.resourceId,
    project: row.project,
    agent: row.agent,
    hours: Number(row.hours),
    idleHours: Number(row.idleHours),
    costNanoUsd: parseUsd(row.costUsd),
    idleNanoUsd: parseUsd(row.idleCostUsd),
    spanHours: (Date.parse(lastHour) - Date.parse(firstHour)) / HOUR_MS + 1,
  };
}
