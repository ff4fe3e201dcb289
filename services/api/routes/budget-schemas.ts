import { type Static, Type } from 'typebox';
import { DEFAULT_THRESHOLDS } from '../../../src/budgets/budget.ts';
import { WEEKDAYS } from '../../../src/core/periods.ts';
import { BudgetSchema, BudgetScopeSchema, type SettingBody } from '../../../src/settings/kinds.ts';

const Usd = Type.String({ description: 'USD, a decimal as text.' });
const Instant = Type.String({ description: 'RFC 3339.' });

/** A budget as it is sent: what is left out has a default (`completeBudget`). */
export const BudgetInput = Type.Object(
  {
    ...BudgetSchema.properties,
    scope: Type.Optional(BudgetScopeSchema),
    period: Type.Union([
      Type.Object({ every: Type.Literal('day') }, { additionalProperties: false }),
      Type.Object(
        {
          every: Type.Literal('week'),
          startsOn: Type.Optional(Type.Enum([...WEEKDAYS])),
        },
        { additionalProperties: false },
      ),
      Type.Object(
        {
          every: Type.Literal('month'),
          startsOn: Type.Optional(Type.Integer({ minimum: 1, maximum: 31 })),
        },
        { additionalProperties: false },
      ),
    ]),
    timeZone: Type.Optional(BudgetSchema.properties.timeZone),
    thresholdsPercent: Type.Optional(BudgetSchema.properties.thresholdsPercent),
    projectedThresholdsPercent: Type.Optional(BudgetSchema.properties.projectedThresholdsPercent),
  },
  { additionalProperties: false },
);

/** The budget with every default written out. */
export function completeBudget(input: Static<typeof BudgetInput>): SettingBody<'budget'> {
  return {
    ...input,
    scope: input.scope ?? { dimension: 'workspace' },
    period: completePeriod(input.period),
    timeZone: input.timeZone ?? 'UTC',
    thresholdsPercent: input.thresholdsPercent ?? [...DEFAULT_THRESHOLDS],
    projectedThresholdsPercent: input.projectedThresholdsPercent ?? [],
  };
}

function completePeriod(period: Static<typeof BudgetInput>['period']) {
  switch (period.every) {
    case 'day':
      return period;
    case 'week':
      return { ...period, startsOn: period.startsOn ?? ('monday' as const) };
    case 'month':
      return { ...period, startsOn: period.startsOn ?? 1 };
  }
}

/** Where a budget stands in its present period. */
export const BudgetStatusSchema = Type.Object({
  id: Type.String(),
  version: Type.Integer(),
  name: BudgetSchema.properties.name,
  scope: BudgetScopeSchema,
  period: Type.Object({
    every: Type.String(),
    startsOn: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
    from: Instant,
    to: Instant,
    timeZone: Type.String(),
  }),
  limitUsd: Usd,
  spentUsd: Usd,
  remainingUsd: Type.String({ description: 'Negative when more was spent than the limit.' }),
  usedPercent: Type.String(),
  daysLeft: Type.Number(),
  projectedUsd: Usd,
  projectedPercent: Type.String(),
  outlook: Type.String({ description: 'over, under or too-early' }),
  thresholds: Type.Array(
    Type.Object({
      percent: Type.Integer(),
      of: Type.String({ description: 'spend or projection' }),
      amountUsd: Usd,
      state: Type.String({ description: 'told or armed' }),
    }),
  ),
  lastNoticeUsd: Type.Optional(Usd),
  channels: BudgetSchema.properties.channels,
});

/** Why a budget would speak now or stay quiet. */
export const BudgetExplanationSchema = Type.Object({
  status: BudgetStatusSchema,
  decision: Type.Unknown({ description: 'What a check would do now: its kind and the reason.' }),
  projectionDecision: Type.Unknown({ description: 'The same about the projected total.' }),
  steps: Type.Array(Type.String(), { description: 'How it came to that, in order.' }),
});
