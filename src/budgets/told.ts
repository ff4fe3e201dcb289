import type { Notice } from '../alerts/notices.ts';
import type { NanoUsd } from '../core/money.ts';
import type { Span } from '../core/periods.ts';
import { formatInstant } from '../core/time.ts';
import type { Budget, Measured } from './budget.ts';

/** One thing that was said about a budget in a period: the amount it had come to, under the limit of then. */
export type Told = { amountNanoUsd: NanoUsd; limitNanoUsd: NanoUsd; raisedAtMs: number };

/** What was said about a budget in a period, oldest first. */
export type ToldInPeriod = Record<Measured, readonly Told[]>;

/**
 * What the notices about a budget in one period are kept under, one per limit it had. The meter is part of it: a budget
 * given another scope or calendar speaks anew.
 */
export function noticeSubject(budget: Budget, span: Span, of: Measured): string {
  return subjectPrefix(budget, span, of) + budget.limitNanoUsd.toString();
}

/** What was said about a budget in a period, whatever its limit was then. */
export function toldInPeriod(
  budget: Budget,
  span: Span,
  notices: ReadonlyMap<string, Pick<Notice, 'amountNanoUsd' | 'raisedAtMs'>>,
): ToldInPeriod {
  const told = (of: Measured): Told[] => {
    const prefix = subjectPrefix(budget, span, of);
    return [...notices]
      .filter(([subject]) => subject.startsWith(prefix))
      .map(([subject, { amountNanoUsd, raisedAtMs }]) => ({
        amountNanoUsd,
        raisedAtMs,
        limitNanoUsd: BigInt(subject.slice(prefix.length)),
      }))
      .toSorted((a, b) => a.raisedAtMs - b.raisedAtMs);
  };
  return { spend: told('spend'), projection: told('projection') };
}

/**
 * Whether a threshold need not be told any more: something that was said spoke of at least its amount, and of at least its
 * share of a limit. So a raised limit re-arms what lies ahead, and a lowered one is told when it is exceeded by more
 * than the old one was.
 */
export function wasTold(
  told: readonly Pick<Told, 'amountNanoUsd' | 'limitNanoUsd'>[],
  threshold: { percent: number; amountNanoUsd: NanoUsd },
): boolean {
  return told.some(
    ({ amountNanoUsd, limitNanoUsd }) =>
      amountNanoUsd >= threshold.amountNanoUsd &&
      amountNanoUsd * 100n >= limitNanoUsd * BigInt(threshold.percent),
  );
}

function subjectPrefix(budget: Budget, span: Span, of: Measured): string {
  return `budget/${budget.id}/${budget.meter.id}/${formatInstant(span.startMs)}/${of}/`;
}
