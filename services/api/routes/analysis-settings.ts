import { Type } from 'typebox';
import { ANALYSIS_SETTING, DEFAULT_SENSITIVITY } from '../../../src/analysis/sensitivity.ts';
import { formatUsd } from '../../../src/core/money.ts';
import { AnalysisSchema, type Setting } from '../../../src/settings/kinds.ts';
import type { Settings } from '../../../src/settings/settings.ts';
import { type ApiApp, principalOf, WorkspaceParams } from '../app.ts';
import { errorResponses } from '../errors.ts';
import { ConditionHeaders, conflict, expectedVersionOf } from './settings-routes.ts';

const AnalysisAnswer = Type.Object({
  workspaceId: Type.String(),
  version: Type.Integer({ description: '0 while nothing was ever set.' }),
  sensitivity: Type.Number({ description: '1 as tuned; 2 alarms at half the score.' }),
  minimumImpactUsd: Type.String({
    description: 'USD by which an hour must differ from what is usual, a decimal as text.',
  }),
  changedBy: Type.Optional(Type.String()),
  changedAt: Type.Optional(Type.String()),
});

/** How readily the scheduled analysis speaks of a workspace. */
export function registerAnalysisSettingsRoutes(
  app: ApiApp,
  { settings }: { settings: Settings },
): void {
  app.get(
    '/v1/workspaces/:workspaceId/analysis',
    {
      config: { access: { kind: 'workspace', role: 'read' } },
      schema: {
        summary: 'How readily anomalies of the workspace are told',
        tags: ['analysis'],
        params: WorkspaceParams,
        response: { 200: AnalysisAnswer, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      const setting = await settings.get('analysis', workspaceId, ANALYSIS_SETTING);
      return toAnswer(workspaceId, setting);
    },
  );

  app.put(
    '/v1/workspaces/:workspaceId/analysis',
    {
      config: { access: { kind: 'workspace', role: 'admin' } },
      schema: {
        summary: 'Say how readily anomalies of the workspace are told',
        description: 'What is left out is as by default.',
        tags: ['analysis'],
        params: WorkspaceParams,
        headers: ConditionHeaders,
        body: AnalysisSchema,
        response: { 200: AnalysisAnswer, ...errorResponses },
      },
    },
    async (request) => {
      const { workspaceId } = request.params;
      const expectedVersion = expectedVersionOf(request.headers);
      const result = await settings.put({
        kind: 'analysis',
        scope: workspaceId,
        id: ANALYSIS_SETTING,
        body: request.body,
        expectedVersion,
        changedBy: principalOf(request).keyId,
      });
      if (result.kind === 'conflict') {
        throw conflict(`analysis of ${workspaceId}`, expectedVersion, result.current);
      }
      return toAnswer(workspaceId, result.setting);
    },
  );
}

function toAnswer(workspaceId: string, setting: Setting<'analysis'> | undefined) {
  const { sensitivity, minimumImpactUsd } = setting?.body ?? {};
  return {
    workspaceId,
    version: setting?.version ?? 0,
    sensitivity: sensitivity ?? DEFAULT_SENSITIVITY.sensitivity,
    minimumImpactUsd: minimumImpactUsd ?? formatUsd(DEFAULT_SENSITIVITY.minimumImpactNanoUsd),
    ...(setting !== undefined && {
      changedBy: setting.changedBy,
      changedAt: setting.changedAt,
    }),
  };
}
