import { readQuery } from '../../cloud/query-file.ts';
import {
  divideHalfEven,
  formatDollarsRounded,
  formatUsd,
  type NanoUsd,
  parseUsd,
} from '../../core/money.ts';
import { wholePercent } from '../../core/percent.ts';
import { DAY_MS, formatInstant } from '../../core/time.ts';
import type { Asks } from '../anomalies/detect.ts';
import { amount, sumOf, unitsAt } from './arithmetic.ts';
import type { Insight } from './insight.ts';
import { isWorthSaying } from './worth.ts';

/** What the runs of an agent that began in one week cost. */
export type RunWeek = {
  /** 0 for the last seven days. */
  weeksAgo: number;
  runs: number;
  costNanoUsd: NanoUsd;
  /** Events without a known price; they count nothing. */
  unpriced: number;
  /** Calls of models. */
  requests: number;
  tokens: number;
};

type Row = {
  workspaceId: string;
  agent: string;
  weeksAgo: number;
  runs: string;
  costUsd: string;
  unpriced: string;
  requests: string;
  inputTokens: string;
  outputTokens: string;
};

const SQL = readQuery('agent_run_costs');
const WEEKS = 8;
/** Fewer runs in a week do not tell what one costs. */
const MIN_RUNS = 20;
const MIN_EARLIER_WEEKS = 3;
/** A run has drifted that costs so much of what it did. */
const DRIFTED_PERCENT = 120n;
/** What has grown less does not explain it. */
const MIN_GROWTH = 1.1;

/**
 * What the runs of each agent cost in each of the last eight weeks up to `toMs` (epoch ms), by workspace and agent, the last
 * week first (`bigquery/queries/agent_run_costs.sql`). Reads only. Throws `warehouse_failed`.
 */
export async function readRunWeeks(
  warehouse: Asks,
  workspaceIds: readonly string[],
  toMs: number,
): Promise<Map<string, Map<string, RunWeek[]>>> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      workspaceIds,
      from: formatInstant(toMs - WEEKS * 7 * DAY_MS),
      to: formatInstant(toMs),
    },
    types: { workspaceIds: ['STRING'], from: 'TIMESTAMP', to: 'TIMESTAMP' },
  });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  return new Map(
    [...byWorkspace].map(([workspaceId, own]) => {
      const byAgent = [...Map.groupBy(own, ({ agent }) => agent)];
      return [workspaceId, new Map(byAgent.map(([agent, weeks]) => [agent, weeks.map(toWeek)]))];
    }),
  );
}

/**
 * Agents whose runs of the last seven days cost more than in any of the weeks before, and at least a fifth more than in all of
 * them together; an agent with unpriced events is not judged. Pure.
 */
export function driftInsights(
  agents: ReadonlyMap<string, readonly RunWeek[]>,
  spentNanoUsd: NanoUsd,
): Insight[] {
  return [...agents].flatMap(([agent, weeks]): Insight[] => {
    const drift = driftOf(weeks);
    if (drift.kind === 'steady' || !isWorthSaying(drift.extraNanoUsd, spentNanoUsd)) return [];
    const { last, usual, usualNanoUsd, extraNanoUsd } = drift;
    const perRun = divideHalfEven(last.costNanoUsd, BigInt(last.runs));
    const { arithmetic } = sumOf([
      amount(`cost of ${last.runs} runs in the last 7 days`, last.costNanoUsd),
      unitsAt('less as many at the cost of the weeks before', {
        count: last.runs,
        priceNanoUsd: usualNanoUsd,
        unit: 'run',
        sign: -1,
      }),
    ]);
    const [now, before] = [perRun, usualNanoUsd].map(formatDollarsRounded);
    return [
      {
        kind: 'dearer-runs',
        subject: { agent },
        title: `A run of ${agent} costs ${now} instead of ${before}`,
        text:
          `In the last 7 days ${last.runs} runs of agent ${agent} cost ${now} each, ${wholePercent(perRun - usualNanoUsd, usualNanoUsd)} % ` +
          `more than the ${usual.runs} of the weeks before (${before}) and more than in any of these: ` +
          `${formatDollarsRounded(extraNanoUsd)} more in all. ${causeText(last, usual)}`,
        savingUsd: formatUsd(extraNanoUsd),
        arithmetic,
      },
    ];
  });
}

type Drift =
  | { kind: 'steady'; reason: 'too-few-runs' | 'unpriced' | 'not-dearer' }
  | {
      kind: 'drifted';
      last: RunWeek;
      usual: RunWeek;
      /** Of one run. */
      usualNanoUsd: NanoUsd;
      /** What the last week's runs cost more than they used to. */
      extraNanoUsd: NanoUsd;
    };

function driftOf(weeks: readonly RunWeek[]): Drift {
  const last = weeks.find(({ weeksAgo }) => weeksAgo === 0);
  const earlier = weeks.filter(({ weeksAgo, runs }) => weeksAgo > 0 && runs >= MIN_RUNS);
  if (last === undefined || last.runs < MIN_RUNS || earlier.length < MIN_EARLIER_WEEKS) {
    return { kind: 'steady', reason: 'too-few-runs' };
  }
  if ([last, ...earlier].some(({ unpriced }) => unpriced !== 0)) {
    return { kind: 'steady', reason: 'unpriced' };
  }
  const usual = earlier.reduce(addWeeks);
  const isDearer = earlier.every((week) => costsMore(last, week, 100n));
  if (usual.costNanoUsd <= 0n || !isDearer || !costsMore(last, usual, DRIFTED_PERCENT)) {
    return { kind: 'steady', reason: 'not-dearer' };
  }
  const usualNanoUsd = divideHalfEven(usual.costNanoUsd, BigInt(usual.runs));
  const extraNanoUsd = last.costNanoUsd - BigInt(last.runs) * usualNanoUsd;
  return { kind: 'drifted', last, usual, usualNanoUsd, extraNanoUsd };
}

/** Whether a run of one week cost more than so many percent of one of another; exact. */
function costsMore(a: RunWeek, b: RunWeek, percent: bigint): boolean {
  return a.costNanoUsd * BigInt(b.runs) * 100n > b.costNanoUsd * BigInt(a.runs) * percent;
}

function causeText(last: RunWeek, usual: RunWeek): string {
  const calls = { now: last.requests / last.runs, before: usual.requests / usual.runs };
  const tokens = { now: last.tokens / last.requests, before: usual.tokens / usual.requests };
  const grown = ({ now, before }: { now: number; before: number }) => now / before;
  const few = (value: number) => value.toFixed(1);
  if (grown(calls) >= MIN_GROWTH && !(grown(tokens) > grown(calls))) {
    return `It calls models ${few(calls.now)} times a run instead of ${few(calls.before)}.`;
  }
  if (grown(tokens) >= MIN_GROWTH) {
    return `A call has ${Math.round(tokens.now)} tokens instead of ${Math.round(tokens.before)}.`;
  }
  if (last.requests <= 0 && usual.requests <= 0) {
    return 'It calls no models: look at what else its runs are charged for.';
  }
  return 'Neither the calls of a run nor the tokens of a call grew by a tenth: look at which models it calls, and at their prices.';
}

function addWeeks(a: RunWeek, b: RunWeek): RunWeek {
  return {
    weeksAgo: Math.max(a.weeksAgo, b.weeksAgo),
    runs: a.runs + b.runs,
    costNanoUsd: a.costNanoUsd + b.costNanoUsd,
    unpriced: a.unpriced + b.unpriced,
    requests: a.requests + b.requests,
    tokens: a.tokens + b.tokens,
  };
}

function toWeek(row: Row): RunWeek {
  return {
    weeksAgo: row.weeksAgo,
    runs: Number(row.runs),
    costNanoUsd: parseUsd(row.costUsd),
    unpriced: Number(row.unpriced),
    requests: Number(row.requests),
    tokens: Number(row.inputTokens) + Number(row.outputTokens),
  };
}
