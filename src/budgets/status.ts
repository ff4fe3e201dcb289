import type { Notice, Notices } from '../alerts/notices.ts';
import { formatUsd, type NanoUsd } from '../core/money.ts';
import { percentText } from '../core/percent.ts';
import { type Span, spanAt } from '../core/periods.ts';
import { formatInstant } from '../core/time.ts';
import type { MeterReader } from '../costs/rollups/meter-reader.ts';
import { type MeterScope, meterSetOf } from '../costs/rollups/meters.ts';
import type { Settings } from '../settings/settings.ts';
import { type Budget, listBudgets, type Measured, thresholdAmount } from './budget.ts';
import { type Evaluation, evaluate, isTooEarly } from './evaluate.ts';
import { type DecisionJson, decisionJson, explainSteps } from './explain.ts';
import { toldInPeriod, wasTold } from './told.ts';
import { daysBetween } from './words.ts';

/** Where a budget stands, as JSON: amounts in USD and percentages as decimal texts, instants as RFC 3339. */
export type BudgetStatus = {
  id: string;
  version: number;
  name?: string;
  scope: MeterScope;
  period: { every: string; startsOn?: string | number; from: string; to: string; timeZone: string };
  limitUsd: string;
  spentUsd: string;
  /** Negative once more than the limit is spent. */
  remainingUsd: string;
  /** One decimal, cut off. */
  usedPercent: string;
  /** One decimal, cut off. */
  daysLeft: number;
  projectedUsd: string;
  projectedPercent: string;
  /** Whether the period will end over its limit at its present pace; `too-early` to say before a tenth of it has passed. */
  outlook: 'over' | 'under' | 'too-early';
  /** `told`: as much was spoken of already; `armed`: it will be told when it is reached. */
  thresholds: { percent: number; of: Measured; amountUsd: string; state: 'told' | 'armed' }[];
  /** The spend that was spoken of last in this period. */
  lastNoticeUsd?: string;
  channels?: string[];
};

/** What a check would decide now, and why, step by step. */
export type BudgetExplanation = {
  status: BudgetStatus;
  decision: DecisionJson;
  projectionDecision: DecisionJson;
  /** Plain sentences, in order. */
  steps: string[];
};

/** What is known of a budget at one moment. */
export type Standing = {
  budget: Budget;
  span: Span;
  spendNanoUsd: NanoUsd;
  notices: ReadonlyMap<string, Notice>;
  evaluation: Evaluation;
  now: number;
};

/**
 * Tells where budgets stand in their present period, from the very sums and rules that the check uses. Reads only, but
 * has the projection keep the meters of budgets that were just set. Throws (retryable) as `ensure`, `read` and `of` do.
 */
export function createBudgetStatus({
  settings,
  meters,
  notices,
  now,
}: {
  settings: Pick<Settings, 'list'>;
  meters: Pick<MeterReader, 'ensure' | 'read'>;
  notices: Pick<Notices, 'of'>;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  async function standings(
    workspaceId: string,
    isWanted: (budget: Budget) => boolean,
  ): Promise<Standing[]> {
    const all = await listBudgets(settings, workspaceId, { fresh: true });
    const wanted = all.filter(isWanted);
    if (wanted.length === 0) return [];
    await meters.ensure(workspaceId, meterSetOf(all.map(({ meter }) => meter)).meters);
    const at = now();
    const periods = wanted.map(({ meter }) => ({ meter, span: spanAt(meter.calendar, at) }));
    const [spends, told] = await Promise.all([
      meters.read(workspaceId, periods),
      notices.of(workspaceId),
    ]);
    return wanted.map((budget, i) => {
      const facts = {
        budget,
        span: periods[i]!.span,
        spendNanoUsd: spends[i]!,
        notices: told,
        now: at,
      };
      return { ...facts, evaluation: evaluate(facts) };
    });
  }

  return {
    /** Every budget of a workspace, by id. */
    async list(workspaceId: string): Promise<BudgetStatus[]> {
      return (await standings(workspaceId, () => true)).map(statusOf);
    },

    /** One budget, and what a check would decide about it now; undefined when there is none. Tells nobody. */
    async explain(workspaceId: string, id: string): Promise<BudgetExplanation | undefined> {
      const [standing] = await standings(workspaceId, (budget) => budget.id === id);
      if (standing === undefined) return undefined;
      const { spend, projection } = standing.evaluation;
      return {
        status: statusOf(standing),
        decision: decisionJson(spend),
        projectionDecision: decisionJson(projection),
        steps: explainSteps(standing),
      };
    },
  };
}

function statusOf({
  budget,
  span,
  spendNanoUsd,
  notices,
  evaluation,
  now,
}: Standing): BudgetStatus {
  const { id, version, name, meter, limitNanoUsd, channels } = budget;
  const { timeZone, ...rule } = meter.calendar;
  const { projectedNanoUsd } = evaluation;
  const told = toldInPeriod(budget, span, notices);
  const said = { spend: told.spend, projection: [...told.projection, ...told.spend] };
  const thresholds = (['spend', 'projection'] as const).flatMap((of) =>
    budget.thresholdsPercent[of].map((percent) => {
      const amountNanoUsd = thresholdAmount(limitNanoUsd, percent);
      const isTold = wasTold(said[of], { percent, amountNanoUsd });
      const state = isTold ? ('told' as const) : ('armed' as const);
      return { percent, of, amountUsd: formatUsd(amountNanoUsd), state };
    }),
  );
  const last = told.spend.at(-1);
  const isOver = projectedNanoUsd > limitNanoUsd;
  const isEarly = isTooEarly(span, now) && spendNanoUsd <= limitNanoUsd;
  return {
    id,
    version,
    ...(name !== undefined && { name }),
    scope: meter.scope,
    period: {
      ...rule,
      from: formatInstant(span.startMs),
      to: formatInstant(span.endMs),
      timeZone,
    },
    limitUsd: formatUsd(limitNanoUsd),
    spentUsd: formatUsd(spendNanoUsd),
    remainingUsd: formatUsd(limitNanoUsd - spendNanoUsd),
    usedPercent: percentText(spendNanoUsd, limitNanoUsd),
    daysLeft: daysBetween(now, span.endMs),
    projectedUsd: formatUsd(projectedNanoUsd),
    projectedPercent: percentText(projectedNanoUsd, limitNanoUsd),
    outlook: isEarly ? 'too-early' : isOver ? 'over' : 'under',
    thresholds,
    ...(last !== undefined && { lastNoticeUsd: formatUsd(last.amountNanoUsd) }),
    ...(channels !== undefined && { channels: [...channels] }),
  };
}
