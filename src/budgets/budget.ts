import type { FieldError } from '../core/errors.ts';
import { NAME_PATTERN } from '../core/ids.ts';
import { type NanoUsd, parseUsd } from '../core/money.ts';
import { isTimeZone } from '../core/periods.ts';
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

const NAME = new RegExp(NAME_PATTERN);
/** Dimensions whose values events hold to the form of a name; models and providers may be called anything. */
const NAMED_DIMENSIONS: ReadonlySet<string> = new Set(['project', 'agent', 'user', 'team']);

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
  const { scope } = body;
  if (NAMED_DIMENSIONS.has(scope.dimension) && 'value' in scope && !NAME.test(scope.value)) {
    errors.push({
      field: 'scope.value',
      reason: `cannot name a ${scope.dimension}: events hold 1 to 128 letters, digits, ".", "_" and "-", the first a letter or digit`,
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
