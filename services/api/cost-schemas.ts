import { Type } from 'typebox';
import { BREAKDOWN_DIMENSIONS, type CutDimension } from '../../src/costs/reports/report.ts';

/** What costs can be cut by, in one answer or combined. */
export const DIMENSIONS = [...BREAKDOWN_DIMENSIONS, 'hour'] as const satisfies CutDimension[];

const Usd = Type.String({ description: 'USD, an exact decimal with at most nine decimals.' });
const Instant = Type.String({ description: 'RFC 3339, UTC' });

const TokensSchema = Type.Object({
  input: Type.Integer(),
  output: Type.Integer(),
  cacheRead: Type.Integer(),
  cacheWrite: Type.Integer(),
  reasoning: Type.Integer(),
});

const GroupSchema = Type.Object({
  key: Type.String({ description: 'Empty for events that do not name the dimension.' }),
  costUsd: Usd,
  events: Type.Integer(),
  unpricedEvents: Type.Integer(),
  tokens: TokensSchema,
});
const Groups = Type.Array(GroupSchema);

const head = {
  workspaceId: Type.String(),
  totalUsd: Usd,
  currency: Type.String(),
  period: Type.Object({ from: Instant, to: Instant }),
  source: Type.String({ description: 'redis (rollups) or bigquery (ledger)' }),
  freshness: Type.Object({ asOf: Instant, lastEventAt: Type.Optional(Instant) }),
};

/** Answer of `GET …/costs`. */
export const CostsSchema = Type.Object({
  ...head,
  events: Type.Integer(),
  unpricedEvents: Type.Integer({ description: 'Events without a known price; they count 0 USD.' }),
  tokens: TokensSchema,
  groups: Type.Optional(Groups),
  breakdown: Type.Optional(
    Type.Object({
      resource: Groups,
      provider: Groups,
      model: Groups,
      project: Groups,
      agent: Groups,
      user: Groups,
      team: Groups,
      day: Groups,
    }),
  ),
  projectedMonth: Type.Optional(
    Type.Object({
      month: Type.String(),
      spentUsd: Usd,
      projectedUsd: Usd,
      method: Type.String(),
    }),
  ),
});

/** Answer of `GET …/costs/trend`. */
export const TrendSchema = Type.Object({
  ...head,
  granularity: Type.String(),
  points: Type.Array(
    Type.Object({
      start: Instant,
      costUsd: Usd,
      events: Type.Integer(),
      unpricedEvents: Type.Integer(),
    }),
  ),
});

/** Answer of `POST …/costs/reprice`. */
export const RepriceSchema = Type.Object({
  scanned: Type.Integer({ description: 'Unpriced events looked at.' }),
  repriced: Type.Integer(),
  stillUnpriced: Type.Array(
    Type.Object({ provider: Type.String(), model: Type.String(), events: Type.Integer() }),
  ),
  deltaUsd: Usd,
  dryRun: Type.Boolean(),
});
