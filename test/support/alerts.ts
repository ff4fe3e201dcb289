import type { Alert } from '../../src/alerts/alert.ts';
import type { Channel } from '../../src/alerts/routing.ts';
import { formatInstant } from '../../src/core/time.ts';
import type { SettingBody } from '../../src/settings/kinds.ts';

/** A budget's alert with everything an alert may hold. */
export function alertOf(parts: Partial<Alert> & { id: string }): Alert {
  return {
    type: 'budget',
    severity: 'high',
    workspaceId: 'acme',
    workspaceName: 'Acme Inc.',
    raisedAt: formatInstant(Date.UTC(2026, 10, 20, 12)),
    title: 'Acme Inc. has used 90 % of its budget',
    message: 'Spend reached $4.50 of $5.00.',
    scope: { dimension: 'workspace' },
    currentUsd: '4.5',
    budget: {
      id: 'monthly',
      name: 'All of it',
      limitUsd: '5',
      period: {
        from: '2026-11-01T00:00:00Z',
        to: '2026-12-01T00:00:00Z',
        timeZone: 'Etc/UTC',
      },
      threshold: { percent: 90, of: 'spend', amountUsd: '4.5' },
      passedPercents: [75, 90],
      usedPercent: '90.0',
      projectedPeriodUsd: '6.75',
    },
    projectedMonth: { month: '2026-11', projectedUsd: '6.75' },
    recommendations: [
      { kind: 'cheaper-model', text: 'gpt-4o is 71 % of spend', savingUsd: '193.71' },
    ],
    ...parts,
  };
}

/** A channel of the workspace `acme`, or of another scope. */
export function channelOf(
  id: string,
  target: SettingBody<'channel'>['target'] = { kind: 'email', to: ['owner@acme.example'] },
  parts: Partial<SettingBody<'channel'>> & { scope?: string } = {},
): Channel {
  const { scope = 'acme', ...rest } = parts;
  return { scope, id, body: { target, ...rest } };
}
