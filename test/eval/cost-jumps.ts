import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type CostAnomaly,
  detectCostAnomalies,
} from '../../src/analysis/anomalies/cost-anomalies.ts';
import { toCostFound } from '../../src/analysis/anomalies/cost-findings.ts';
import { DEFAULT_SENSITIVITY } from '../../src/analysis/sensitivity.ts';
import { DAY_MS, HOUR_MS } from '../../src/core/time.ts';
import {
  type AnalysisWorld,
  createAnalysisWorld,
  type HourlyCost,
} from '../support/analysis-world.ts';
import { madeCosts } from '../support/made-costs.ts';
import { chance } from '../unit/costs/forecast/series.ts';

const FILE = 'servegen-hourly-30-tenants.csv.gz';
const START = Date.parse('2026-11-02T00:00:00Z');
const DAYS = 14;
const END = START + DAYS * DAY_MS;
/** The first days are history only. */
const JUDGE_FROM = START + 2 * DAY_MS;
const JUMP_HOURS = 5;
/** The hours that jumps begin in, in turn. */
const JUMPS_FROM = [9, 10, 11, 12, 13].map(
  (day, at) => START + day * DAY_MS + (2 + 5 * at) * HOUR_MS,
);
const SEEDS = [1, 2, 3];
/** USD per million tokens, in and out, as such sizes are sold. */
const PRICES: Record<string, [number, number]> = {
  'm-large': [2.5, 10],
  'm-mid': [0.4, 1.6],
  'm-small': [0.1, 0.4],
};
/** Real tenants have no agents: their requests are those of three, by these shares. */
const SHARES: [string, number][] = [
  ['support-bot', 0.6],
  ['researcher', 0.3],
  ['triage', 0.1],
];

type Counts = {
  tenants: number;
  tenantDays: number;
  /** Told to somebody, in days without a jump. */
  falseAlerts: number;
  /** Only on record: of low severity. */
  falseRecords: number;
  jumps: number;
  /** Whose first hour was at least the least impact beyond what it would have been. */
  jumpsThatCount: number;
  foundInFirstHour: number;
  toldInFirstHour: number;
};

/**
 * What the scheduled analysis makes of costs that are as they are, and of the same with three times the costs of one agent for
 * five hours, in each tenant at five times: made tenants, and real ones where their file is there.
 */
export async function evaluateCostJumps(folder: string, say: (line: string) => void) {
  const world = await createAnalysisWorld(END + HOUR_MS);
  const sets: [string, HourlyCost[]][] = SEEDS.map((seed) => [
    `made, seed ${seed}`,
    madeCosts({ tenants: 30, startMs: START, days: DAYS, seed }),
  ]);
  const file = join(folder, FILE);
  if (existsSync(file)) sets.push(['real usage', realCosts(file)]);
  const figures: Record<string, Counts> = {};
  for (const [name, costs] of sets) {
    say(`Judging ${name} …`);
    figures[name] = await judge(world, costs);
  }
  await world.close();
  const lines = Object.entries(figures).map(([name, counts]) => row(name, counts));
  const missing = existsSync(file) ? [] : [`${file} is not there: real usage is left out.`];
  return { figures, text: ['', HEAD, ...lines, ...missing].join('\n') };
}

async function judge(world: AnalysisWorld, costs: HourlyCost[]): Promise<Counts> {
  const workspaces = [...new Set(costs.map(({ workspaceId }) => workspaceId))];
  const undisturbed = await anomaliesOf(world, costs, JUDGE_FROM);
  const told = undisturbed.filter(isTold);
  const counts: Counts = {
    tenants: workspaces.length,
    tenantDays: (workspaces.length * (END - JUDGE_FROM)) / DAY_MS,
    falseAlerts: told.length,
    falseRecords: undisturbed.length - told.length,
    ...{ jumps: 0, jumpsThatCount: 0, foundInFirstHour: 0, toldInFirstHour: 0 },
  };
  for (const jumpMs of JUMPS_FROM) {
    const agents = largestAgents(costs);
    const jumps = (cost: HourlyCost) =>
      agents.get(cost.workspaceId) === cost.agent &&
      cost.hourMs >= jumpMs &&
      cost.hourMs < jumpMs + JUMP_HOURS * HOUR_MS;
    const changed = costs.map((cost) =>
      jumps(cost) ? { ...cost, costNanoUsd: 3n * cost.costNanoUsd } : cost,
    );
    const anomalies = await anomaliesOf(world, changed, jumpMs);
    for (const workspaceId of workspaces) {
      counts.jumps += 1;
      const first = costs.filter(
        (cost) => cost.workspaceId === workspaceId && cost.hourMs === jumpMs && jumps(cost),
      );
      const isLarge = ({ costNanoUsd }: HourlyCost) =>
        2n * costNanoUsd >= DEFAULT_SENSITIVITY.minimumImpactNanoUsd;
      if (!first.some(isLarge)) continue;
      counts.jumpsThatCount += 1;
      const found = anomalies.find(
        (one) => one.workspaceId === workspaceId && one.hourMs === jumpMs && one.impactNanoUsd > 0n,
      );
      if (found === undefined || found.agent !== agents.get(workspaceId)) continue;
      counts.foundInFirstHour += 1;
      if (isTold(found)) counts.toldInFirstHour += 1;
    }
  }
  return counts;
}

async function anomaliesOf(
  world: AnalysisWorld,
  costs: HourlyCost[],
  judgeFromMs: number,
): Promise<CostAnomaly[]> {
  await world.forget('cost_events');
  // Ids of inserts are remembered for a minute.
  world.clock.ms += 2 * 60_000;
  await world.spend(costs.filter(({ costNanoUsd }) => costNanoUsd > 0n));
  return await detectCostAnomalies(world.warehouse, {
    ...{ judgeFromMs, toMs: END, defaults: DEFAULT_SENSITIVITY, workspaces: new Map() },
  });
}

function isTold(anomaly: CostAnomaly): boolean {
  return toCostFound(anomaly, DEFAULT_SENSITIVITY.minimumImpactNanoUsd).severity !== 'low';
}

/** The agent of each workspace that costs most. */
function largestAgents(costs: readonly HourlyCost[]): Map<string, string> {
  const totals = new Map<string, Map<string, bigint>>();
  for (const { workspaceId, agent, costNanoUsd } of costs) {
    const agents = totals.get(workspaceId) ?? new Map<string, bigint>();
    totals.set(workspaceId, agents.set(agent, (agents.get(agent) ?? 0n) + costNanoUsd));
  }
  return new Map(
    [...totals].map(([workspaceId, agents]) => {
      const [[agent]] = [...agents].toSorted(([, a], [, b]) => (a < b ? 1 : -1)) as [
        [string, bigint],
      ];
      return [workspaceId, agent];
    }),
  );
}

function realCosts(file: string): HourlyCost[] {
  const [, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  const { normal } = chance(7);
  return lines.flatMap((line) => {
    const [workspaceId, model, hour, requests, input, output] = line.split(',') as [
      string,
      string,
      ...string[],
    ];
    const [perInput, perOutput] = PRICES[model]!;
    const usd = (Number(requests) * (Number(input) * perInput + Number(output) * perOutput)) / 1e6;
    return SHARES.map(
      ([agent, share]): HourlyCost => ({
        ...{ workspaceId, provider: 'alibaba', model, agent },
        hourMs: START + Number(hour) * HOUR_MS,
        costNanoUsd: BigInt(Math.round(usd * share * Math.exp(0.05 * normal()) * 1e9)),
      }),
    );
  });
}

const HEAD = [
  '                    false alerts      on record only     jumps of $2 and more',
  '                  in all   a tenant   in all   a tenant   in all  found in the  told in the',
  '                           and day             and day            first hour    first hour',
].join('\n');

function row(name: string, counts: Counts): string {
  const perDay = (count: number) => (count / counts.tenantDays).toFixed(4).padStart(10);
  const share = (count: number) =>
    `${((100 * count) / counts.jumpsThatCount).toFixed(1)} %`.padStart(12);
  return [
    name.padEnd(18),
    String(counts.falseAlerts).padStart(6),
    perDay(counts.falseAlerts),
    String(counts.falseRecords).padStart(8),
    perDay(counts.falseRecords),
    String(counts.jumpsThatCount).padStart(8),
    share(counts.foundInFirstHour),
    share(counts.toldInFirstHour),
  ].join(' ');
}
