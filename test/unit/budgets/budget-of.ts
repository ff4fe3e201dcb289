import { type Budget, toBudget } from '../../../src/budgets/budget.ts';
import { parseUsd } from '../../../src/core/money.ts';
import type { Calendar } from '../../../src/core/periods.ts';
import type { MeterScope } from '../../../src/costs/rollups/meters.ts';
import type { Setting, SettingBody } from '../../../src/settings/kinds.ts';

/** A budget setting of $5 a UTC month for the whole workspace, with other parts where given. */
export function budgetSetting(
  id: string,
  parts: Partial<SettingBody<'budget'>> = {},
): Setting<'budget'> {
  return {
    id,
    version: 1,
    body: {
      scope: { dimension: 'workspace' },
      period: { every: 'month', startsOn: 1 },
      timeZone: 'UTC',
      limitUsd: '5',
      thresholdsPercent: [50, 75, 90, 100],
      projectedThresholdsPercent: [],
      ...parts,
    },
    changedBy: 'test',
    changedAt: '2026-11-01T00:00:00Z',
  };
}

/** The same as it is judged. */
export function budgetOf(parts: {
  limitUsd?: string;
  spend?: number[];
  projection?: number[];
  scope?: MeterScope;
  calendar?: Calendar;
}): Budget {
  const { limitUsd = '5', spend = [50, 75, 90, 100], projection = [], scope } = parts;
  const { timeZone, ...period } = parts.calendar ?? {
    every: 'month',
    startsOn: 1,
    timeZone: 'UTC',
  };
  return toBudget(
    budgetSetting('b1', {
      limitUsd,
      thresholdsPercent: spend,
      projectedThresholdsPercent: projection,
      period,
      timeZone,
      ...(scope !== undefined && { scope }),
    }),
  );
}

export const usd = parseUsd;
