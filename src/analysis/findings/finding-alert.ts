import type { Alert } from '../../alerts/alert.ts';
import { formatUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { Found } from './finding.ts';

/** The alert about a finding, with the finding's own id: however often it is raised, it is one. Pure. */
export function composeFindingAlert(id: string, found: Found, nowMs: number): Alert {
  const { workspaceId, kind, sinceMs, severity, title, sentence, impactNanoUsd, score } = found;
  return {
    id,
    type: kind === 'error_pattern' ? 'error-pattern' : 'anomaly',
    severity,
    workspaceId,
    raisedAt: formatInstant(nowMs),
    title,
    message: sentence,
    scope: found.scope ?? { dimension: 'workspace' },
    finding: {
      id,
      kind,
      since: formatInstant(sinceMs),
      ...(impactNanoUsd !== undefined && { impactUsd: formatUsd(impactNanoUsd) }),
      ...(score !== undefined && { score }),
      facts: found.facts ?? [],
    },
    recommendations: [],
  };
}
