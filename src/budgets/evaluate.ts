import type { Severity } from '../alerts/alert.ts';
import type { Notice } from '../alerts/notices.ts';
import type { NanoUsd } from '../core/money.ts';
import { divideHalfEven } from '../core/money.ts';
import type { Span } from '../core/periods.ts';
import { type Budget, type Measured, thresholdAmount } from './budget.ts';
import { type Told, toldInPeriod, wasTold } from './told.ts';

/** A threshold that lies ahead, and how far. */
export type NextThreshold = {
  percent: number;
  amountNanoUsd: NanoUsd;
  remainingNanoUsd: NanoUsd;
};

/** Somebody is to be told that a threshold was reached. */
export type Tell = {
  kind: 'tell';
  of: Measured;
  reason: 'crossed';
  /** The highest threshold that was reached. */
  percent: number;
  thresholdNanoUsd: NanoUsd;
  /** What reached it: the spend, or the projected total. */
  amountNanoUsd: NanoUsd;
  /** Every threshold reached since the last notice, `percent` included, ascending. */
  passedPercents: number[];
  severity: Severity;
  next?: NextThreshold;
};

/** Nobody is to be told, and why not. */
export type Quiet = {
  kind: 'quiet';
  of: Measured;
  reason:
    | 'no-thresholds'
    | 'below-first-threshold'
    /** What was spoken of already is as much as every threshold that is reached. */
    | 'already-told'
    /** Too little of the period has passed to project it. */
    | 'too-early'
    | 'period-over'
    | 'period-not-begun';
  next?: NextThreshold;
};

export type Decision = Tell | Quiet;

export type Evaluation = {
  spend: Decision;
  projection: Decision;
  /** The period's total at its present pace, whether or not it is early for judging it. */
  projectedNanoUsd: NanoUsd;
};

/** A projection from less than one part in so many of a period says nothing. */
const MIN_ELAPSED_PART = 10;

/**
 * Decides what a budget has to say, from what its scope spent in the period `span` and what was spoken of before
 * (`notices`, by subject). Pure and exact.
 *
 * A threshold is told when it is reached and nothing that was said has spoken of as much (`wasTold`): so each once per
 * period, several crossed at once as one. What was told as spent need not be told as projected. A period that does not
 * hold `now` is never judged.
 */
export function evaluate(facts: {
  budget: Budget;
  span: Span;
  spendNanoUsd: NanoUsd;
  notices: ReadonlyMap<string, Pick<Notice, 'amountNanoUsd' | 'raisedAtMs'>>;
  /** Epoch ms. */
  now: number;
}): Evaluation {
  const { budget, span, spendNanoUsd, notices, now } = facts;
  const projectedNanoUsd = projectPeriod(spendNanoUsd, span, now);
  const outside = now < span.startMs ? 'period-not-begun' : now >= span.endMs ? 'period-over' : '';
  if (outside !== '') {
    return {
      spend: { kind: 'quiet', of: 'spend', reason: outside },
      projection: { kind: 'quiet', of: 'projection', reason: outside },
      projectedNanoUsd,
    };
  }
  const told = toldInPeriod(budget, span, notices);
  const spend = decide(budget, 'spend', spendNanoUsd, told.spend);
  const { limitNanoUsd } = budget;
  const telling = spend.kind === 'tell' ? [{ amountNanoUsd: spendNanoUsd, limitNanoUsd }] : [];
  const toldWithSpend = [...told.projection, ...told.spend, ...telling];
  const projection =
    isTooEarly(span, now) && budget.thresholdsPercent.projection.length > 0
      ? ({ kind: 'quiet', of: 'projection', reason: 'too-early' } as const)
      : decide(budget, 'projection', projectedNanoUsd, toldWithSpend);
  return { spend, projection, projectedNanoUsd };
}

/**
 * What the period will have cost if it goes on as it did so far; rounded once, half to even. The period's own spend once
 * it is over, nothing before it began.
 */
export function projectPeriod(spendNanoUsd: NanoUsd, span: Span, now: number): NanoUsd {
  if (now >= span.endMs) return spendNanoUsd;
  if (now < span.startMs) return 0n;
  // In the first millisecond nothing has elapsed; there is nothing to carry on either.
  const elapsedMs = BigInt(Math.max(1, now - span.startMs));
  return divideHalfEven(spendNanoUsd * BigInt(span.endMs - span.startMs), elapsedMs);
}

/** Whether too little of the period has passed by `now` to judge it by its projection. */
export function isTooEarly(span: Span, now: number): boolean {
  return (now - span.startMs) * MIN_ELAPSED_PART < span.endMs - span.startMs;
}

/** How bad it is that a threshold was reached: from 75, 90 and 100 percent on one step more each; projected, one less. */
export function severityOf(of: Measured, percent: number): Severity {
  if (of === 'spend' && percent >= 100) return 'critical';
  if (percent >= (of === 'spend' ? 90 : 100)) return 'high';
  if (percent >= (of === 'spend' ? 75 : 90)) return 'medium';
  return 'low';
}

function decide(
  budget: Budget,
  of: Measured,
  amount: NanoUsd,
  told: readonly Pick<Told, 'amountNanoUsd' | 'limitNanoUsd'>[],
): Decision {
  const thresholds = budget.thresholdsPercent[of].map((percent) => ({
    percent,
    amountNanoUsd: thresholdAmount(budget.limitNanoUsd, percent),
  }));
  if (thresholds.length === 0) return { kind: 'quiet', of, reason: 'no-thresholds' };
  const ahead = thresholds.find(
    (threshold) => threshold.amountNanoUsd > amount && !wasTold(told, threshold),
  );
  const next = ahead && {
    next: { ...ahead, remainingNanoUsd: ahead.amountNanoUsd - amount },
  };
  const reached = thresholds.filter(({ amountNanoUsd }) => amountNanoUsd <= amount);
  if (reached.length === 0) return { kind: 'quiet', of, reason: 'below-first-threshold', ...next };
  const untold = reached.filter((threshold) => !wasTold(told, threshold));
  const highest = untold.at(-1);
  if (highest === undefined) return { kind: 'quiet', of, reason: 'already-told', ...next };
  return {
    kind: 'tell',
    of,
    reason: 'crossed',
    percent: highest.percent,
    thresholdNanoUsd: highest.amountNanoUsd,
    amountNanoUsd: amount,
    passedPercents: untold.map(({ percent }) => percent),
    severity: severityOf(of, highest.percent),
    ...next,
  };
}
