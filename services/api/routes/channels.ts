import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { type Alert, alertId } from '../../../src/alerts/alert.ts';
import type { FieldError } from '../../../src/core/errors.ts';
import { NAME_PATTERN, PLATFORM_SCOPE } from '../../../src/core/ids.ts';
import { formatInstant } from '../../../src/core/time.ts';
import { ChannelSchema, type Setting, type SettingBody } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { type ApiApp, WorkspaceParams } from '../app.ts';
import { errorResponses, notFound } from '../errors.ts';
import { IdParams, registerSettingRoutes } from './settings-routes.ts';
import { readProfile } from './workspace-profile.ts';

/** What the routes of channels need. */
export type ChannelDeps = {
  settings: Settings;
  channels: {
    /** What no schema says about where a channel leads: addresses, hosts. */
    checkTarget(target: SettingBody<'channel'>['target']): Promise<FieldError[]>;
    /** Raises an alert; resolves once it cannot be lost. */
    raise(alert: Alert): Promise<void>;
  };
  now: () => number;
};

/** An alert goes to all of them at once. */
const MAX_CHANNELS = 50;

const TestAnswer = Type.Object({
  alertId: Type.String({ description: 'The alert whose delivery tells how it went.' }),
});

/** Where alerts go: channels of a workspace, and of the platform for all workspaces; and a test of each. */
export function registerChannelRoutes(app: ApiApp, deps: ChannelDeps): void {
  const { settings, channels } = deps;

  registerSettingRoutes(app, settings, {
    kind: 'channel',
    path: 'channels',
    listName: 'channels',
    noun: 'channel',
    tag: 'channels',
    places: ['workspace', 'platform'],
    input: ChannelSchema,
    shown: ChannelSchema.properties,
    complete: (channel) => channel,
    check: (_scope, { target }) => channels.checkTarget(target),
    maxPerScope: MAX_CHANNELS,
    checkRemoval: (scope, id) => budgetsTelling(settings, scope, id),
  });

  app.post(
    '/v1/workspaces/:workspaceId/channels/:id/test',
    {
      config: { access: { kind: 'workspace', role: 'admin' } },
      schema: {
        summary: 'Send a test message to a channel',
        tags: ['channels'],
        params: Type.Object({ ...WorkspaceParams.properties, ...IdParams.properties }),
        response: { 202: TestAnswer, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { workspaceId, id } = request.params;
      const channel = await settings.get('channel', workspaceId, id);
      if (channel === undefined) throw notFound();
      const alert = await testAlert(deps, workspaceId, channel, id);
      await channels.raise(alert);
      return reply.code(202).send({ alertId: alert.id });
    },
  );

  app.post(
    '/v1/channels/:id/test',
    {
      config: { access: { kind: 'platform', role: 'admin' } },
      schema: {
        summary: 'Send a test message, as if about a workspace, to a channel of the platform',
        tags: ['channels'],
        params: IdParams,
        body: Type.Object(
          { workspaceId: Type.String({ pattern: NAME_PATTERN }) },
          { additionalProperties: false },
        ),
        response: { 202: TestAnswer, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const channel = await settings.get('channel', PLATFORM_SCOPE, id);
      if (channel === undefined) throw notFound();
      const name = `${PLATFORM_SCOPE}/${id}`;
      const alert = await testAlert(deps, request.body.workspaceId, channel, name);
      await channels.raise(alert);
      return reply.code(202).send({ alertId: alert.id });
    },
  );
}

/** An alert of its own for every test, to this channel only. */
async function testAlert(
  { settings, now }: ChannelDeps,
  workspaceId: string,
  channel: Setting<'channel'>,
  channelName: string,
): Promise<Alert> {
  const profile = await readProfile(settings, workspaceId);
  const called = channel.body.name ?? channel.id;
  return {
    id: alertId('test', workspaceId, channelName, randomUUID()),
    type: 'test',
    severity: 'low',
    workspaceId,
    ...(profile !== undefined && { workspaceName: profile.body.name }),
    raisedAt: formatInstant(now()),
    title: `Test of the channel ${called}`,
    message: 'This is a test. If you can read it, alerts arrive here; nothing has happened.',
    scope: { dimension: 'workspace' },
    recommendations: [],
    channels: [channelName],
  };
}

async function budgetsTelling(
  settings: Settings,
  scope: string,
  channelId: string,
): Promise<FieldError[]> {
  if (scope === PLATFORM_SCOPE) return [];
  const budgets = await settings.list('budget', scope, { fresh: true });
  return budgets
    .filter(({ body }) => body.channels?.includes(channelId))
    .map(({ id }) => ({ field: 'id', reason: `the budget ${id} is told there` }));
}
