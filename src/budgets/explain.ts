import type { Severity } from '../alerts/alert.ts';
import { formatDollars, formatDollarsRounded, formatUsd } from '../core/money.ts';
import { wholePercent } from '../core/percent.ts';
import { describeSpan } from '../core/periods.ts';
import { formatInstant } from '../core/time.ts';
import type { Measured } from './budget.ts';
import type { Decision, NextThreshold, Quiet } from './evaluate.ts';
import type { Standing } from './status.ts';
import { toldInPeriod } from './told.ts';
import { cadenceText, percentList } from './words.ts';

type NextJson = { percent: number; amountUsd: string; remainingUsd: string };

/** A decision as JSON, amounts as decimal texts. */
export type DecisionJson =
  | {
      kind: 'tell';
      of: Measured;
      reason: 'crossed';
      percent: number;
      thresholdUsd: string;
      amountUsd: string;
      passedPercents: number[];
      severity: Severity;
      next?: NextJson;
    }
  | { kind: 'quiet'; of: Measured; reason: Quiet['reason']; next?: NextJson };

/** A decision for people and programs outside. Pure. */
export function decisionJson(decision: Decision): DecisionJson {
  const next = decision.next && { next: nextJson(decision.next) };
  if (decision.kind === 'quiet') {
    const { kind, of, reason } = decision;
    return { kind, of, reason, ...next };
  }
  const { kind, of, reason, percent, passedPercents, severity } = decision;
  return {
    kind,
    of,
    reason,
    percent,
    thresholdUsd: formatUsd(decision.thresholdNanoUsd),
    amountUsd: formatUsd(decision.amountNanoUsd),
    passedPercents,
    severity,
    ...next,
  };
}

/** How a check comes to its decisions about a budget, in plain sentences. Pure. */
export function explainSteps(standing: Standing): string[] {
  const { budget, span, spendNanoUsd, notices, evaluation } = standing;
  const { limitNanoUsd, meter } = budget;
  const told = toldInPeriod(budget, span, notices);
  const { scope, calendar } = meter;
  const whose =
    scope.dimension === 'workspace'
      ? 'the whole workspace'
      : `the ${scope.dimension} ${scope.dimension === 'label' ? `${scope.key}=${scope.value}` : scope.value}`;
  const steps = [
    `It watches what ${whose} costs, with a ${cadenceText(calendar)} limit of ${formatDollarsRounded(limitNanoUsd)}.`,
    `The present period is ${describeSpan(span, calendar.timeZone)}.`,
    `In it ${formatDollars(spendNanoUsd)} was spent, ${wholePercent(spendNanoUsd, limitNanoUsd)} % of the limit.`,
    ...(told.spend.length === 0 ? ['Nobody was told of spend in this period yet.'] : []),
    ...told.spend.map(
      (said) =>
        `At ${formatInstant(said.raisedAtMs)} a spend of ${formatDollars(said.amountNanoUsd)} was told, ${wholePercent(said.amountNanoUsd, said.limitNanoUsd)} % of the limit of then; no more than that, in amount and in percent, is told again.`,
    ),
    sentenceOf(evaluation.spend),
  ];
  if (budget.thresholdsPercent.projection.length === 0) return steps;
  steps.push(
    `At its present pace the period will come to ${formatDollarsRounded(evaluation.projectedNanoUsd)}, ${wholePercent(evaluation.projectedNanoUsd, limitNanoUsd)} % of the limit.`,
  );
  for (const { raisedAtMs, amountNanoUsd } of told.projection) {
    steps.push(
      `At ${formatInstant(raisedAtMs)} a projected total of ${formatDollarsRounded(amountNanoUsd)} was told.`,
    );
  }
  steps.push(sentenceOf(evaluation.projection));
  return steps;
}

function sentenceOf(decision: Decision): string {
  const what = decision.of === 'spend' ? 'spend' : 'the projected total';
  const next = decision.next === undefined ? '' : ` ${nextSentence(decision.next)}`;
  if (decision.kind === 'tell') {
    return `Of ${what}, the next check tells that ${percentList(decision.passedPercents)} of the limit is reached (${decision.severity}).${next}`;
  }
  return `Of ${what} nothing is told: ${REASONS[decision.reason]}.${next}`;
}

const REASONS: Record<Quiet['reason'], string> = {
  'no-thresholds': 'there are no thresholds',
  'below-first-threshold': 'it is below every threshold',
  'already-told': 'everything it has reached was told already',
  'too-early': 'less than a tenth of the period has passed',
  'period-over': 'the period is over',
  'period-not-begun': 'the period has not begun',
};

function nextSentence({ percent, amountNanoUsd, remainingNanoUsd }: NextThreshold): string {
  return `The next threshold is ${percent} %, at ${formatDollars(amountNanoUsd)}: ${formatDollarsRounded(remainingNanoUsd)} more.`;
}

function nextJson({ percent, amountNanoUsd, remainingNanoUsd }: NextThreshold): NextJson {
  return {
    percent,
    amountUsd: formatUsd(amountNanoUsd),
    remainingUsd: formatUsd(remainingNanoUsd),
  };
}
