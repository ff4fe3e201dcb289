import { parseUsd } from '../core/money.ts';
import type { Settings } from '../settings/settings.ts';
import type { CostSensitivity } from './anomalies/cost-anomalies.ts';

/** The id of the one setting of kind `analysis` that a workspace has. */
export const ANALYSIS_SETTING = 'analysis';

/** What holds for a workspace that has set nothing: measured in docs/analysis.md. */
export const DEFAULT_SENSITIVITY: CostSensitivity = {
  sensitivity: 1,
  minimumImpactNanoUsd: 2_000_000_000n,
};

/**
 * How readily each workspace is alarmed: the defaults, and those that have set something of their own, with the default for
 * what they have not. Throws (retryable) when the settings do not answer.
 */
export async function listSensitivities(settings: Pick<Settings, 'scopes' | 'get'>): Promise<{
  defaults: CostSensitivity;
  workspaces: Map<string, CostSensitivity>;
}> {
  const workspaces = new Map<string, CostSensitivity>();
  for (const workspaceId of await settings.scopes('analysis')) {
    const setting = await settings.get('analysis', workspaceId, ANALYSIS_SETTING);
    if (setting === undefined) continue;
    const { sensitivity, minimumImpactUsd } = setting.body;
    workspaces.set(workspaceId, {
      sensitivity: sensitivity ?? DEFAULT_SENSITIVITY.sensitivity,
      minimumImpactNanoUsd:
        minimumImpactUsd === undefined
          ? DEFAULT_SENSITIVITY.minimumImpactNanoUsd
          : parseUsd(minimumImpactUsd),
    });
  }
  return { defaults: DEFAULT_SENSITIVITY, workspaces };
}
