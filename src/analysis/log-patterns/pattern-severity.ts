import { SEVERITIES, type Severity } from '../../alerts/alert.ts';
import type { ErrorPattern } from './error-patterns.ts';

/** Entries from which on errors are more than a mishap, and from which on they are a flood. */
const SOME = 5;
const MANY = 100;
/** Workspaces from which on it is no matter of one tenant. */
const WIDESPREAD = 5;

/**
 * How bad a new or rising pattern is. It begins at `low` for ERROR, `high` for CRITICAL and `critical` for what is worse, and goes
 * up by one for each of: 5 entries, 100 entries, 5 workspaces. So a single error is recorded and nobody is told. Pure.
 */
export function severityOfPattern({
  severity,
  count,
  workspaceCount,
}: Pick<ErrorPattern, 'severity' | 'count' | 'workspaceCount'>): Severity {
  const base = severity === 'ERROR' ? 0 : severity === 'CRITICAL' ? 2 : 3;
  const steps = [count >= SOME, count >= MANY, workspaceCount >= WIDESPREAD].filter(Boolean).length;
  return SEVERITIES[Math.min(base + steps, SEVERITIES.length - 1)]!;
}
