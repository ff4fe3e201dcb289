import { type Alert, alertId, type Recommendation } from '../alerts/alert.ts';
import { formatDollarsRounded, formatUsd, type NanoUsd } from '../core/money.ts';
import { percentText, wholePercent } from '../core/percent.ts';
import type { Span } from '../core/periods.ts';
import { formatInstant } from '../core/time.ts';
import { projectMonth } from '../costs/forecast/month.ts';
import type { Budget } from './budget.ts';
import type { Tell } from './evaluate.ts';
import { cadenceText, durationText, percentList, scopeText } from './words.ts';

/** The workspace that an alert is about, and what goes into each of its alerts. */
export type AboutWorkspace = {
  workspaceId: string;
  /** What people call it; any text. Absent: its id. */
  workspaceName?: string | undefined;
  /** What it spent in this UTC month; absent where nobody could say in time. */
  monthSpentNanoUsd?: NanoUsd | undefined;
  recommendations: Recommendation[];
  /** Epoch ms. */
  now: number;
};

/** The alert about a threshold that a budget's spend or projected total has reached. Pure. */
export function composeBudgetAlert(
  about: AboutWorkspace,
  facts: {
    budget: Budget;
    span: Span;
    spendNanoUsd: NanoUsd;
    projectedNanoUsd: NanoUsd;
    tell: Tell;
  },
): Alert {
  const { budget, span, spendNanoUsd, projectedNanoUsd, tell } = facts;
  const { meter, limitNanoUsd, name, channels } = budget;
  return {
    id: alertId(
      'budget',
      about.workspaceId,
      budget.id,
      meter.id,
      formatInstant(span.startMs),
      tell.of,
      tell.thresholdNanoUsd.toString(),
      limitNanoUsd.toString(),
    ),
    type: 'budget',
    severity: tell.severity,
    ...aboutFields(about),
    title: titleOf(about, facts),
    message: messageOf(about, facts),
    scope: meter.scope,
    currentUsd: formatUsd(spendNanoUsd),
    budget: {
      id: budget.id,
      ...(name !== undefined && { name }),
      limitUsd: formatUsd(limitNanoUsd),
      period: {
        from: formatInstant(span.startMs),
        to: formatInstant(span.endMs),
        timeZone: meter.calendar.timeZone,
      },
      threshold: {
        percent: tell.percent,
        of: tell.of,
        amountUsd: formatUsd(tell.thresholdNanoUsd),
      },
      passedPercents: tell.passedPercents,
      usedPercent: percentText(spendNanoUsd, limitNanoUsd),
      projectedPeriodUsd: formatUsd(projectedNanoUsd),
    },
    ...(channels !== undefined && { channels: [...channels] }),
  };
}

/** The fields that every alert about a workspace has. */
export function aboutFields(about: AboutWorkspace) {
  const { workspaceId, workspaceName, monthSpentNanoUsd, recommendations, now } = about;
  const month = monthSpentNanoUsd === undefined ? undefined : projectMonth(monthSpentNanoUsd, now);
  return {
    workspaceId,
    ...(workspaceName !== undefined && { workspaceName }),
    raisedAt: formatInstant(now),
    ...(month !== undefined && {
      projectedMonth: { month: month.month, projectedUsd: formatUsd(month.projectedNanoUsd) },
    }),
    recommendations,
  };
}

type Facts = Parameters<typeof composeBudgetAlert>[1];

/** What happened comes first: names may be long, and titles are cut. */
function titleOf(about: AboutWorkspace, { budget, tell }: Facts): string {
  const whose = scopeText(about.workspaceName ?? about.workspaceId, budget.meter.scope);
  const cadence = cadenceText(budget.meter.calendar);
  const what = budget.name === undefined ? `the ${cadence} budget` : `the budget ${budget.name}`;
  return tell.of === 'spend'
    ? `${tell.percent} % of ${what} reached: ${whose}`
    : `On course for ${tell.percent} % of ${what}: ${whose}`;
}

function messageOf(about: AboutWorkspace, facts: Facts): string {
  const { budget, span, spendNanoUsd, projectedNanoUsd, tell } = facts;
  const whose = scopeText(about.workspaceName ?? about.workspaceId, budget.meter.scope);
  const limit = formatDollarsRounded(budget.limitNanoUsd);
  const its = `its ${limit} ${cadenceText(budget.meter.calendar)} budget`;
  const spent = formatDollarsRounded(spendNanoUsd);
  const projected = formatDollarsRounded(projectedNanoUsd);
  const left = `with ${durationText(about.now, span.endMs)} left`;
  const usedPercent = wholePercent(spendNanoUsd, budget.limitNanoUsd);
  const sentences =
    tell.of === 'spend'
      ? [`${whose} has spent ${spent} of ${its} (${usedPercent} %), ${left}.`]
      : [
          `At its present pace ${whose} will have spent ${projected} of ${its} by the end of the period ` +
            `(${wholePercent(projectedNanoUsd, budget.limitNanoUsd)} %).`,
          `So far it has spent ${spent} (${usedPercent} %), ${left}.`,
        ];
  if (tell.passedPercents.length > 1) {
    sentences.push(`It has passed ${percentList(tell.passedPercents)} at once.`);
  }
  if (tell.of === 'spend') {
    sentences.push(`At its present pace the period will come to ${projected}.`);
  }
  return sentences.join(' ');
}
