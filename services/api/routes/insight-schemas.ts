import { Type } from 'typebox';

const Usd = Type.String({ description: 'USD, an exact decimal.' });
const Instant = Type.String({ description: 'RFC 3339, UTC' });
const Period = Type.Object({ from: Instant, to: Instant });

const TermSchema = Type.Object({
  what: Type.String(),
  count: Type.Optional(Type.String({ description: 'What is multiplied by the price.' })),
  priceUsd: Type.Optional(Usd),
  pricePer: Type.Optional(Type.String({ description: 'What the price is for so many of.' })),
  usd: Type.String({ description: 'USD, signed, exact: with all its decimals.' }),
});

const ArithmeticSchema = Type.Object(
  { terms: Type.Array(TermSchema), sumUsd: Usd },
  { description: 'sumUsd is the sum of the terms, rounded once, half to even, to nine decimals.' },
);

const InsightSchema = Type.Object({
  kind: Type.String({
    description:
      'cost-change, cheaper-model, repeated-inputs, unread-cache, dearer-runs or idle-compute',
  }),
  subject: Type.Record(Type.String(), Type.String(), {
    description: 'What it is about, e.g. provider, model and agent.',
  }),
  title: Type.String(),
  text: Type.String({ description: 'English sentences.' }),
  savingUsd: Type.Optional(
    Type.String({ description: 'What would have been saved; absent where nothing is advised.' }),
  ),
  arithmetic: ArithmeticSchema,
});

const MoverSchema = Type.Object({
  value: Type.String({ description: 'Empty for events that do not name the dimension.' }),
  costUsd: Usd,
  beforeUsd: Usd,
  changeUsd: Usd,
  requests: Type.Integer(),
  requestsBefore: Type.Integer(),
  volumeUsd: Type.String({
    description: 'What the change in requests makes at the cost per request of before.',
  }),
  rateUsd: Type.String({ description: 'The rest: what each request costs more or less.' }),
  because: Type.String({ description: 'new, gone, requests, cost-per-request or unchanged' }),
});

const UnitCostSchema = Type.Object({
  costUsd: Usd,
  units: Type.Integer(),
  perUnitUsd: Type.Optional(Type.String({ description: 'Absent where there were none.' })),
  unpriced: Type.Integer({ description: 'Events without a price: they make it too small.' }),
});

/** Answer of `GET …/insights`. */
export const InsightsSchema = Type.Object({
  workspaceId: Type.String(),
  period: Period,
  comparedWith: Period,
  totals: MoverSchema,
  movers: Type.Array(
    Type.Object({
      dimension: Type.String({ description: 'agent model user project team provider resource' }),
      valueCount: Type.Integer(),
      values: Type.Array(MoverSchema, { description: 'Those that changed most, at most five.' }),
    }),
  ),
  trend: Type.Object({
    days: Type.Array(
      Type.Object({
        day: Type.String({ description: 'UTC' }),
        costUsd: Usd,
        events: Type.Integer(),
        unpriced: Type.Integer(),
      }),
    ),
    weeks: Type.Array(Type.Object({ endsWith: Type.String(), costUsd: Usd })),
    weeksInARow: Type.Integer({
      description:
        'So many weeks up to now, whole since the first cost, cost more than the one before; below 0: less.',
    }),
  }),
  unitCosts: Type.Array(
    Type.Object({
      unit: Type.String({ description: 'request, run or user' }),
      now: UnitCostSchema,
      before: UnitCostSchema,
    }),
  ),
  cache: Type.Object({
    inputTokens: Type.Integer(),
    cacheReadTokens: Type.Integer(),
    cacheWriteTokens: Type.Integer(),
    cachedPercent: Type.Optional(Type.String()),
    savedUsd: Type.String({ description: 'Negative: caching cost more than it saved.' }),
    arithmetic: ArithmeticSchema,
    cachedTokensWithoutRates: Type.Integer({ description: 'Not in savedUsd.' }),
  }),
  unpriced: Type.Object({
    events: Type.Integer({ description: 'They cost nothing in all of this.' }),
    models: Type.Array(
      Type.Object({ provider: Type.String(), model: Type.String(), events: Type.Integer() }),
    ),
  }),
  insights: Type.Array(InsightSchema, {
    description: 'What changed first, then what saves most; empty where there is nothing to say.',
  }),
});
