import { Type } from 'typebox';
import type { ForecastReport, Forecasts } from '../../../src/costs/reports/forecasts.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses } from '../errors.ts';

const Instant = Type.String({ description: 'RFC 3339, UTC' });
const ExactUsd = Type.String({ description: 'USD, an exact decimal.' });
const EstimateUsd = Type.String({ description: 'USD, an estimate rounded to a millionth.' });

const EstimateSchema = Type.Object(
  {
    meanUsd: EstimateUsd,
    low80Usd: EstimateUsd,
    high80Usd: EstimateUsd,
    low95Usd: EstimateUsd,
    high95Usd: EstimateUsd,
  },
  { description: 'The expected amount, and where 80 and 95 of 100 such amounts lie.' },
);

const BacktestSchema = Type.Object(
  {
    origins: Type.Integer({ description: 'Earlier points from which the same models were tried.' }),
    horizon: Type.Integer({ description: 'Hours or days (grain) ahead that they were judged on.' }),
    meanAbsoluteErrorUsd: EstimateUsd,
    naiveMeanAbsoluteErrorUsd: Type.String({
      description: 'The same by carrying the last hour or day on.',
    }),
    symmetricErrorPercent: Type.Number({ description: 'sMAPE, 0 to 200.' }),
    sumErrorPercent: Type.Optional(
      Type.Number({ description: 'Median error of the sum over the horizon.' }),
    ),
  },
  { description: 'Absent where the history is too short to try.' },
);

const head = {
  currency: Type.String(),
  source: Type.String({ description: 'redis (rollups) or bigquery (ledger): the history.' }),
  grain: Type.String({
    description: 'Of the history: day, or hour where it is shorter than two weeks.',
  }),
  asOf: Instant,
  noForecastBecause: Type.Optional(
    Type.String({
      description:
        'Why there is no forecast: nothing-spent in 89 days, or no-whole-bucket, the first costs being of this hour.',
    }),
  ),
  month: Type.Optional(
    Type.Object({
      month: Type.String({ description: 'UTC, e.g. 2026-11' }),
      spentUsd: ExactUsd,
      restEstimate: EstimateSchema,
      estimate: EstimateSchema,
    }),
  ),
  next30Days: Type.Optional(Type.Object({ from: Instant, to: Instant, estimate: EstimateSchema })),
  cumulative: Type.Optional(
    Type.Array(Type.Object({ until: Instant, estimate: EstimateSchema }), {
      description: 'What will have been spent from now to the end of each UTC day, for 30 days.',
    }),
  ),
  models: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), weight: Type.Number() }), {
      description: 'The simple models that are combined, heaviest first; weights add up to 1.',
    }),
  ),
  backtest: Type.Optional(BacktestSchema),
};

const PlatformForecastSchema = Type.Object(head);
const ForecastSchema = Type.Object({ workspaceId: Type.String(), ...head });

/** What a workspace, or all of them together, will spend in the rest of the month and in the next 30 days. */
export function registerForecastRoutes(
  app: ApiApp,
  { forecasts }: { forecasts: Pick<Forecasts, 'workspace' | 'platform'> },
): void {
  app.get(
    '/v1/workspaces/:workspaceId/forecast',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Costs to come, with intervals: the rest of the UTC month and the next 30 days',
        tags: ['costs'],
        params: WorkspaceParams,
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: ForecastSchema, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      return { workspaceId, ...toJson(await forecasts.workspace(workspaceId)) };
    },
  );

  app.get(
    '/v1/forecast',
    {
      config: { access: { kind: 'platform', role: 'read' } },
      schema: {
        summary: 'Costs to come of all workspaces together',
        tags: ['costs'],
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: PlatformForecastSchema, ...errorResponses },
      },
    },
    async () => toJson(await forecasts.platform()),
  );
}

function toJson(report: ForecastReport) {
  if (report.kind === 'forecast') {
    const { kind: _, ...forecast } = report;
    return forecast;
  }
  const { kind: _, reason, ...rest } = report;
  return { ...rest, noForecastBecause: reason };
}
