import { Type } from 'typebox';
import { AlertSchema } from '../../../src/alerts/alert.ts';
import type { AlertHistory } from '../../../src/alerts/history.ts';
import { AlertTypeSchema, SeveritySchema } from '../../../src/settings/kinds.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses, notFound } from '../errors.ts';
import { parsePeriod } from '../period.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

const at = (description: string) => Type.Optional(Type.String({ description }));

const DeliverySchema = Type.Object({
  channelScope: Type.String(),
  channelId: Type.String(),
  channelKind: Type.Optional(Type.String()),
  status: Type.String({ description: 'queued, sending, sent, failed, parked or skipped' }),
  attempts: Type.Integer(),
  ambiguous: Type.Integer({ description: 'Attempts that may have arrived, and were made again.' }),
  lastAt: Type.String(),
  nextAttemptAt: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
});

const RecordSchema = Type.Object({
  ...AlertSchema.properties,
  deliveries: Type.Array(DeliverySchema),
  nobodyBecause: Type.Optional(
    Type.String({
      description: 'Why no channel takes it; absent where one does, or none was asked yet.',
    }),
  ),
});

const DetailSchema = Type.Object({
  ...RecordSchema.properties,
  attempts: Type.Array(
    Type.Object({
      at: Type.String(),
      event: Type.String(),
      channelScope: Type.Optional(Type.String()),
      channelId: Type.Optional(Type.String()),
      attempt: Type.Optional(Type.Integer()),
      ambiguous: Type.Optional(Type.Boolean()),
      detail: Type.Optional(Type.String()),
    }),
    { description: 'Everything that happened to it, in order.' },
  ),
});

/** The alerts of a workspace, newest first, and how the delivery of each went. */
export function registerAlertRoutes(
  app: ApiApp,
  { alertHistory }: { alertHistory: Pick<AlertHistory, 'list' | 'get'> },
): void {
  app.get(
    '/v1/workspaces/:workspaceId/alerts',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'Alerts, newest first, with how their delivery stands',
        tags: ['alerts'],
        params: WorkspaceParams,
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_LIMIT })),
            from: at('First instant, RFC 3339 with a zone.'),
            to: at('First instant after the period.'),
            type: Type.Optional(AlertTypeSchema),
            severity: Type.Optional(SeveritySchema),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ alerts: Type.Array(RecordSchema) }), ...errorResponses },
      },
    },
    async (request) => {
      const { from, to, limit = DEFAULT_LIMIT, type, severity } = request.query;
      const { workspaceId } = request.params;
      const { from: fromMs, to: toMs } = parsePeriod({ from, to });
      const query = { workspaceId, fromMs, toMs, limit, type, severity };
      return { alerts: await alertHistory.list(query) };
    },
  );

  app.get(
    '/v1/workspaces/:workspaceId/alerts/:alertId',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'One alert with every attempt to deliver it',
        tags: ['alerts'],
        params: Type.Object({ ...WorkspaceParams.properties, alertId: AlertSchema.properties.id }),
        response: { 200: DetailSchema, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId, alertId } = request.params;
      const alert = await alertHistory.get(workspaceId, alertId);
      if (alert === undefined) throw notFound();
      return alert;
    },
  );
}
