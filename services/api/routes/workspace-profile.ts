import { Type } from 'typebox';
import { type Setting, WorkspaceProfileSchema } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { type ApiApp, principalOf, WorkspaceParams } from '../app.ts';
import { errorResponses } from '../errors.ts';
import { ConditionHeaders, conflict, expectedVersionOf } from './settings-routes.ts';

const PROFILE_ID = 'profile';

const ProfileAnswer = Type.Object({
  workspaceId: Type.String(),
  version: Type.Integer({ description: '0 while nothing was ever set.' }),
  name: Type.Optional(WorkspaceProfileSchema.properties.name),
  changedBy: Type.Optional(Type.String()),
  changedAt: Type.Optional(Type.String()),
});

/** What people call a workspace: shown in its alerts. */
export function registerWorkspaceProfileRoutes(
  app: ApiApp,
  { settings }: { settings: Settings },
): void {
  app.get(
    '/v1/workspaces/:workspaceId',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'What people call the workspace',
        tags: ['workspaces'],
        params: WorkspaceParams,
        response: { 200: ProfileAnswer, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      return toAnswer(workspaceId, await readProfile(settings, workspaceId));
    },
  );

  app.put(
    '/v1/workspaces/:workspaceId',
    {
      config: { access: { kind: 'workspace', role: 'admin' } },
      schema: {
        summary: 'Name the workspace',
        tags: ['workspaces'],
        params: WorkspaceParams,
        headers: ConditionHeaders,
        body: WorkspaceProfileSchema,
        response: { 200: ProfileAnswer, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      const expectedVersion = expectedVersionOf(request.headers);
      const result = await settings.put({
        kind: 'workspace-profile',
        scope: workspaceId,
        id: PROFILE_ID,
        body: request.body,
        expectedVersion,
        changedBy: principalOf(request).keyId,
      });
      if (result.kind === 'conflict')
        throw conflict(`profile of ${workspaceId}`, expectedVersion, result.current);
      return toAnswer(workspaceId, result.setting);
    },
  );
}

/** A workspace's profile, or undefined while it has none; as of a second ago. */
export function readProfile(
  settings: Pick<Settings, 'get'>,
  workspaceId: string,
): Promise<Setting<'workspace-profile'> | undefined> {
  return settings.get('workspace-profile', workspaceId, PROFILE_ID);
}

function toAnswer(workspaceId: string, profile: Setting<'workspace-profile'> | undefined) {
  if (profile === undefined) return { workspaceId, version: 0 };
  const { version, body, changedBy, changedAt } = profile;
  return { workspaceId, version, name: body.name, changedBy, changedAt };
}
