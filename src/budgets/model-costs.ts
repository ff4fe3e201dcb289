import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import type { Redis } from '../cloud/redis.ts';
import { type NanoUsd, parseUsd } from '../core/money.ts';
import type { Span } from '../core/periods.ts';
import { formatInstant } from '../core/time.ts';
import type { Tokens } from '../costs/pricing/token-cost.ts';
import { figuresFromRollups } from '../costs/reports/from-rollups.ts';
import { latestEnd } from '../costs/reports/plan.ts';
import type { Figures } from '../costs/reports/report.ts';
import { scopeParams } from '../costs/rollups/ledger-read.ts';
import type { MeterScope } from '../costs/rollups/meters.ts';

/** What a scope spent on one model; what is no model's has the empty model. */
export type ModelCost = {
  /** Absent where the rollups do not say which of the workspace's providers sold it. */
  provider?: string;
  model: string;
  costNanoUsd: NanoUsd;
  tokens: Tokens;
};

/** What most of a workspace's costs are attributed to. */
export type Attribution = {
  dimension: 'project' | 'agent' | 'user' | 'team';
  value: string;
  costNanoUsd: NanoUsd;
};

export type SpendDetails = {
  totalNanoUsd: NanoUsd;
  models: ModelCost[];
  /** The providers of the scope's costs, where `models` does not name them. */
  providers: string[];
  /** The dearest value of each dimension that parts the costs, of whole workspaces from the rollups only. */
  attributions: Attribution[];
};

export type SpendQuery = { workspaceId: string; scope: MeterScope; span: Span; now: number };

const SQL = readFileSync(
  new URL('../../bigquery/queries/spend_by_model.sql', import.meta.url),
  'utf8',
);
const ATTRIBUTED_TO = ['project', 'agent', 'user', 'team'] as const;

/**
 * What the costs of a scope in a period consist of: of a whole workspace from the rollups where they hold the period, of
 * anything else from the ledger, in one query. Throws `warehouse_failed`.
 */
export async function readSpendDetails(
  { redis, warehouse }: { redis: Redis; warehouse: Pick<Warehouse, 'query'> },
  query: SpendQuery,
): Promise<SpendDetails> {
  if (query.scope.dimension !== 'workspace') return fromLedger(warehouse, query);
  const { workspaceId, span, now } = query;
  const period = { from: span.startMs, to: Math.min(span.endMs, latestEnd(now)) };
  const found = await figuresFromRollups(redis, { workspaceId, period, by: [] }, now).catch(
    () => undefined,
  );
  if (found?.kind !== 'figures') return fromLedger(warehouse, query);
  return fromFigures(found.figures);
}

function fromFigures({ total, breakdown }: Figures): SpendDetails {
  const groups = (dimension: keyof NonNullable<typeof breakdown>) => breakdown?.[dimension] ?? [];
  return {
    totalNanoUsd: total.cost,
    models: groups('model').map(({ key, sums }) => ({
      model: key,
      costNanoUsd: sums.cost,
      tokens: sums,
    })),
    providers: groups('provider').map(({ key }) => key),
    attributions: ATTRIBUTED_TO.flatMap((dimension) => {
      const [dearest, ...others] = groups(dimension);
      // A single value parts nothing.
      if (dearest === undefined || dearest.key === '' || others.length === 0) return [];
      return [{ dimension, value: dearest.key, costNanoUsd: dearest.sums.cost }];
    }),
  };
}

type Row = { provider: string; model: string; costUsd: string } & Record<keyof Tokens, string>;

async function fromLedger(
  warehouse: Pick<Warehouse, 'query'>,
  { workspaceId, scope, span }: SpendQuery,
): Promise<SpendDetails> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      workspaceId,
      from: formatInstant(span.startMs),
      to: formatInstant(span.endMs),
      dimension: scope.dimension,
      ...scopeParams(scope),
    },
    types: {
      workspaceId: 'STRING',
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
      dimension: 'STRING',
      label: 'STRING',
      value: 'STRING',
    },
  });
  const models = rows.map((row) => ({
    provider: row.provider,
    model: row.model,
    costNanoUsd: parseUsd(row.costUsd),
    tokens: {
      inputTokens: Number(row.inputTokens),
      outputTokens: Number(row.outputTokens),
      cacheReadTokens: Number(row.cacheReadTokens),
      cacheWriteTokens: Number(row.cacheWriteTokens),
      reasoningTokens: Number(row.reasoningTokens),
    },
  }));
  const totalNanoUsd = models.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n);
  return { totalNanoUsd, models, providers: [], attributions: [] };
}
