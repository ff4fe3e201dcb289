import { Type } from 'typebox';
import { listChannels } from '../../../src/alerts/routing.ts';
import { checkBudgetBody } from '../../../src/budgets/budget.ts';
import { formatCheckRequest } from '../../../src/budgets/check-request.ts';
import type { createBudgetStatus } from '../../../src/budgets/status.ts';
import type { Publisher } from '../../../src/cloud/pubsub.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { NAME_PATTERN } from '../../../src/core/ids.ts';
import { BudgetSchema } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import type { Logger } from '../../../src/telemetry/logging.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses, notFound } from '../errors.ts';
import {
  BudgetExplanationSchema,
  BudgetInput,
  BudgetStatusSchema,
  completeBudget,
} from './budget-schemas.ts';
import { IdParams, registerSettingRoutes } from './settings-routes.ts';

/** Every budget is a sum that each counted batch adds to. */
const MAX_BUDGETS = 100;
/** What the path of one budget would mean otherwise. */
const RESERVED_IDS = ['status'];

/** What the routes of budgets need. */
export type BudgetDeps = {
  settings: Settings;
  budgets: {
    status: Pick<ReturnType<typeof createBudgetStatus>, 'list' | 'explain'>;
    /** Has the sums of the workspace's budgets kept from now on, and of no others. */
    keepSums(workspaceId: string): Promise<void>;
    /** Publishes to the topic of budget checks. */
    checks: Pick<Publisher, 'publish'>;
  };
  log: Logger;
};

/** Budgets of a workspace: what they are, where they stand, why they would speak, and a check at once. */
export function registerBudgetRoutes(app: ApiApp, { settings, budgets, log }: BudgetDeps): void {
  const { status, checks } = budgets;
  const requestCheck = (workspaceId: string, budgetIds?: string[]) =>
    checks.publish(formatCheckRequest({ workspaceId, ...(budgetIds && { budgetIds }) }));

  registerSettingRoutes(app, settings, {
    kind: 'budget',
    path: 'budgets',
    listName: 'budgets',
    noun: 'budget',
    tag: 'budgets',
    places: ['workspace'],
    input: BudgetInput,
    shown: BudgetSchema.properties,
    complete: completeBudget,
    check: async (scope, body, id) => [
      ...(RESERVED_IDS.includes(id) ? [{ field: 'id', reason: 'names something else here' }] : []),
      ...checkBudgetBody(body),
      ...(await unknownChannels(settings, scope, body.channels ?? [])),
    ],
    maxPerScope: MAX_BUDGETS,
    // The budget is stored and the scheduled check makes up for both, so that neither fails the request.
    onChanged: async (workspaceId, id) => {
      try {
        await budgets.keepSums(workspaceId);
        // Its limit may be reached already, with no event to come that would find it.
        if (id !== undefined) await requestCheck(workspaceId, [id]);
      } catch (error) {
        log.warn('budget changed, left to the next scheduled check', { workspaceId, error });
      }
    },
  });

  app.get(
    '/v1/workspaces/:workspaceId/budgets/status',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Where every budget stands: spend, limit, days left, projection',
        tags: ['budgets'],
        params: WorkspaceParams,
        response: {
          200: Type.Object({ budgets: Type.Array(BudgetStatusSchema) }),
          ...errorResponses,
        },
      },
    },
    async (request) => ({ budgets: await status.list(request.params.workspaceId) }),
  );

  app.get(
    '/v1/workspaces/:workspaceId/budgets/:id/explain',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Why a budget would speak now or stay quiet, step by step',
        tags: ['budgets'],
        params: Type.Object({ ...WorkspaceParams.properties, ...IdParams.properties }),
        response: { 200: BudgetExplanationSchema, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId, id } = request.params;
      const explanation = await status.explain(workspaceId, id);
      if (explanation === undefined) throw notFound();
      return explanation;
    },
  );

  app.post(
    '/v1/workspaces/:workspaceId/budgets/check',
    {
      config: { access: { kind: 'workspace', role: 'admin' } },
      schema: {
        summary: 'Have budgets checked now, all of them or those that are named',
        tags: ['budgets'],
        params: WorkspaceParams,
        body: Type.Object(
          {
            budgetIds: Type.Optional(
              Type.Array(Type.String({ pattern: NAME_PATTERN }), { maxItems: MAX_BUDGETS }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 202: Type.Object({ messageId: Type.String() }), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId } = request.params;
      const { budgetIds } = request.body;
      const unknown = await unknownBudgets(settings, workspaceId, budgetIds ?? []);
      if (unknown.length > 0) throw notFound(unknown);
      const messageId = await requestCheck(workspaceId, budgetIds);
      return reply.code(202).send({ messageId });
    },
  );
}

async function unknownBudgets(
  settings: Settings,
  workspaceId: string,
  budgetIds: readonly string[],
): Promise<FieldError[]> {
  if (budgetIds.length === 0) return [];
  const all = await settings.list('budget', workspaceId, { fresh: true });
  const known = new Set(all.map(({ id }) => id));
  return budgetIds.flatMap((id, index) =>
    known.has(id) ? [] : [{ field: `budgetIds.${index}`, reason: `there is no budget ${id}` }],
  );
}

/** A channel is the workspace's own or the platform's. */
async function unknownChannels(
  settings: Settings,
  workspaceId: string,
  channels: readonly string[],
): Promise<FieldError[]> {
  if (channels.length === 0) return [];
  const known = new Set((await listChannels(settings, workspaceId)).map(({ id }) => id));
  return channels.flatMap((id, index) =>
    known.has(id) ? [] : [{ field: `channels.${index}`, reason: `there is no channel ${id}` }],
  );
}
