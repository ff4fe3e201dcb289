import type { FieldError } from '../core/errors.ts';
import { type NanoUsd, parseUsd } from '../core/money.ts';
import { isTimeZone, type Span } from '../core/periods.ts';
import { formatInstant } from '../core/time.ts';
import { createMeter, type Meter } from '../costs/rollups/meters.ts';
import type { Setting, SettingBody } from '../settings/kinds.ts';
import type { Settings } from '../settings/settings.ts';

/** What a threshold is held against: what was spent, or what the whole period will have cost at the present pace. */
export type Measured = 'spend' | 'projection';

/** A budget in force, ready to be judged. */
export type Budget = {
  id: string;
  /** Of the setting. */
  version: number;
  name?: string;
  /** Whose costs, in which periods. */
  meter: Meter;
  limitNanoUsd: NanoUsd;
  /** Percent of the limit, ascending. */
  thresholdsPercent: Record<Measured, readonly number[]>;
  /** Ids of the channels that are told; absent: every channel that takes such alerts. */
  channels?: readonly string[];
};

/** The thresholds of spend for those who choose none, percent of the limit. */
export const DEFAULT_THRESHOLDS: readonly number[] = [50, 75, 90, 100];

/** The budget of a setting. Pure. */
export function toBudget({ id, version, body }: Setting<'budget'>): Budget {
  const { name, scope, period, timeZone, limitUsd, channels } = body;
  return {
    id,
    version,
    ...(name !== undefined && { name }),
    meter: createMeter(scope, { ...period, timeZone }),
    limitNanoUsd: parseUsd(limitUsd),
    thresholdsPercent: {
      spend: body.thresholdsPercent.toSorted((a, b) => a - b),
      projection: body.projectedThresholdsPercent.toSorted((a, b) => a - b),
    },
    ...(channels !== undefined && { channels }),
  };
}

/** What is wrong with a budget beyond its schema; empty when nothing is. */
export function checkBudgetBody(body: SettingBody<'budget'>): FieldError[] {
  const errors: FieldError[] = [];
  if (!isTimeZone(body.timeZone)) {
    errors.push({
      field: 'timeZone',
      reason: 'must be the name of an IANA time zone, e.g. Europe/Berlin',
    });
  }
  if (body.thresholdsPercent.length + body.projectedThresholdsPercent.length === 0) {
    errors.push({ field: 'thresholdsPercent', reason: 'must name a threshold, here or projected' });
  }
  return errors;
}

/**
 * The budgets of a workspace in force, by id; with `fresh` as of now. One in a time zone that this Node does not know is
 * left out, so that it holds up neither its neighbours nor the counting of costs.
 */
export async function listBudgets(
  settings: Pick<Settings, 'list'>,
  workspaceId: string,
  options: { fresh: boolean },
): Promise<Budget[]> {
  const all = await settings.list('budget', workspaceId, options);
  return all.filter(({ body }) => isTimeZone(body.timeZone)).map(toBudget);
}

/** The least amount that reaches a threshold: percent of the limit, rounded up to a nano-dollar, so that `>=` is exact. */
export function thresholdAmount(limitNanoUsd: NanoUsd, percent: number): NanoUsd {
  return (limitNanoUsd * BigInt(percent) + 99n) / 100n;
}

/**
 * What notices about a budget in one period are kept under. The meter is part of it: a budget given another scope or
 * calendar speaks anew.
 */
export function noticeSubject(budget: Budget, span: Span, of: Measured): string {
  const subject = `budget/${budget.id}/${budget.meter.id}/${formatInstant(span.startMs)}`;
  return of === 'spend' ? subject : `${subject}/projection`;
}
