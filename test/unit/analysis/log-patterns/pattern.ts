import type { ErrorPattern } from '../../../../src/analysis/log-patterns/error-patterns.ts';

export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const HOUR = 3_600_000;

/** A new pattern of the workspace acme, five entries in the last six hours, but for what is given. */
export function pattern(given: Partial<ErrorPattern> = {}): ErrorPattern {
  return {
    workspaceId: 'acme',
    id: '7deec90ff9040dba',
    template: 'connect ECONNREFUSED <*>',
    severity: 'ERROR',
    count: 5,
    countBefore: 0,
    expected: 0,
    trend: 'new',
    firstSeenMs: NOW - 2 * HOUR,
    lastSeenMs: NOW - HOUR,
    services: ['api'],
    versions: ['1.4.0'],
    workspaces: ['acme'],
    workspaceCount: 1,
    sample: 'connect ECONNREFUSED 10.0.0.8:6379',
    sampleTrace: undefined,
    suggestion: { causeId: 'c', cause: 'Nothing listens there.', fix: 'Start it.' },
    ...given,
  };
}
