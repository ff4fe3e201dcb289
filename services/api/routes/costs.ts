import { Type } from 'typebox';
import type { Reports } from '../../../src/costs/reports/reports.ts';
import type { createReprice } from '../../../src/costs/reprice.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { CostsSchema, DIMENSIONS, RepriceSchema, TrendSchema } from '../cost-schemas.ts';
import { errorResponses, invalidArgument } from '../errors.ts';
import { parsePeriod } from '../period.ts';
import { createSingleFlight } from '../single-flight.ts';

/** What the routes ask of the reports. */
export type CostReports = Pick<Reports, 'costs' | 'trend'>;

/** Prices later what could not be priced. */
export type Reprice = ReturnType<typeof createReprice>;

const instant = Type.Optional(Type.String({ description: 'RFC 3339 with a zone.' }));
const period = { from: instant, to: instant };

/** What a workspace spent: in total, by dimension, over time; and pricing later what had no price. */
export function registerCostRoutes(
  app: ApiApp,
  deps: { reports: CostReports; reprice: Reprice },
): void {
  const { reports, reprice } = deps;
  const shared = createSingleFlight<string>();

  app.get(
    '/v1/workspaces/:workspaceId/costs',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Costs of a period; by default the current UTC month up to now',
        tags: ['costs'],
        params: WorkspaceParams,
        querystring: Type.Object(
          {
            ...period,
            by: Type.Optional(
              Type.String({ description: `Comma-separated: ${DIMENSIONS.join(', ')}` }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: CostsSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.params;
      const query = { workspaceId, ...parsePeriod(request.query), ...parseBy(request.query.by) };
      // Whoever asks for the same while it is being answered gets the same text.
      const body = await shared(JSON.stringify(query), async () =>
        serialised(reply.serialize(await reports.costs(query))),
      );
      return reply.type('application/json').send(body as never);
    },
  );

  app.get(
    '/v1/workspaces/:workspaceId/costs/trend',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Costs over time, one point per hour or day',
        tags: ['costs'],
        params: WorkspaceParams,
        querystring: Type.Object(
          {
            ...period,
            granularity: Type.Optional(Type.Enum(['hour', 'day'], { description: 'Absent: day.' })),
          },
          { additionalProperties: false },
        ),
        response: { 200: TrendSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.params;
      const { granularity = 'day' } = request.query;
      const query = { workspaceId, granularity, ...parsePeriod(request.query) };
      const body = await shared(JSON.stringify(query), async () =>
        serialised(reply.serialize(await reports.trend(query))),
      );
      return reply.type('application/json').send(body as never);
    },
  );

  app.post(
    '/v1/workspaces/:workspaceId/costs/reprice',
    {
      config: { access: { kind: 'workspace', role: 'admin' } },
      schema: {
        summary: 'Price what had no price when it came in, as corrections in the ledger',
        tags: ['costs'],
        params: WorkspaceParams,
        body: Type.Object(
          { ...period, dryRun: Type.Optional(Type.Boolean()) },
          { additionalProperties: false },
        ),
        response: { 200: RepriceSchema, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      const { dryRun = false } = request.body;
      return reprice({ workspaceId, ...parsePeriod(request.body), dryRun });
    },
  );
}

function serialised(text: unknown): string {
  return String(text);
}

function parseBy(text: string | undefined) {
  if (text === undefined) return {};
  const by = text.split(',').map((part) => {
    const known = DIMENSIONS.find((dimension) => dimension === part.trim());
    if (known !== undefined) return known;
    const reason = `must be one or more of ${DIMENSIONS.join(', ')}, separated by commas`;
    throw invalidArgument('The dimensions are not valid.', [{ field: 'by', reason }]);
  });
  return { by: [...new Set(by)] };
}
