import { describe, expect, test } from '@jest/globals';
import { findingId, type OpenFinding } from '../../../../src/analysis/findings/finding.ts';
import type { ErrorPattern } from '../../../../src/analysis/log-patterns/error-patterns.ts';
import { toPatternFinding } from '../../../../src/analysis/log-patterns/pattern-finding.ts';
import { severityOfPattern } from '../../../../src/analysis/log-patterns/pattern-severity.ts';
import { settlePatterns } from '../../../../src/analysis/log-patterns/settle-patterns.ts';
import { HOUR, NOW, pattern } from './pattern.ts';

const CONTEXT = {
  period: { fromMs: NOW - 174 * HOUR, sinceMs: NOW - 6 * HOUR, toMs: NOW },
  risingSinceMs: NOW - HOUR,
  operationsWorkspace: 'operations',
};

/** The finding that is open since the pattern was found ten hours ago. */
function openOf(given: ErrorPattern): OpenFinding {
  const found = toPatternFinding(given, CONTEXT);
  const since = { ...found, sinceMs: NOW - 10 * HOUR };
  return { ...since, id: findingId(since), status: 'open', recordedAtMs: NOW - 9 * HOUR };
}

describe('of the patterns of a period', () => {
  test('new and rising ones are found, steady ones are not', () => {
    const rising = pattern({ id: 'b', trend: 'rising', countBefore: 28, expected: 1 });
    const steady = pattern({ id: 'c', trend: 'steady', countBefore: 140, expected: 5 });
    const { found, over } = settlePatterns([pattern(), rising, steady], [], CONTEXT);
    expect(over).toEqual([]);
    expect(found.map(({ subject, sinceMs, score }) => [subject, sinceMs, score])).toEqual([
      ['{"pattern":"7deec90ff9040dba"}', NOW - 2 * HOUR, undefined],
      ['{"pattern":"b"}', NOW - HOUR, 1.33],
    ]);
    expect(found[0]!.sentence).toBe(
      '“connect ECONNREFUSED <*>” was logged 5 times in 6 hours by api, and never in the 7 days before.',
    );
    expect(found[1]!.sentence).toContain('by api, and usually once in as long.');
    expect(found[0]!.facts).toContainEqual({ name: 'What to do', value: 'Start it.' });
  });

  test('the platform’s are raised in the operations workspace, apart from that workspace’s own', () => {
    const own = pattern({ workspaceId: 'operations' });
    const { found } = settlePatterns([pattern({ workspaceId: '' }), own], [], CONTEXT);
    expect(found.map(({ workspaceId }) => workspaceId)).toEqual(['operations', 'operations']);
    expect(new Set(found.map(({ subject }) => subject)).size).toBe(2);
  });

  test('a workspace that cannot exist has none', () => {
    const { found } = settlePatterns([pattern({ workspaceId: 'no such/one' })], [], CONTEXT);
    expect(found).toEqual([]);
  });
});

describe('an open finding', () => {
  const open = openOf(pattern());

  test('ends where the last hours begin when nothing came in them', () => {
    const others = [pattern({ workspaceId: 'globex' }), pattern({ workspaceId: '' })];
    expect(settlePatterns(others, [open], CONTEXT).over).toEqual([
      { id: open.id, untilMs: NOW - 6 * HOUR, reason: 'gone-quiet' },
    ]);
  });

  test('that began in the last hours ends an hour after, so that what comes late of it is part of it', () => {
    const found = toPatternFinding(pattern({ firstSeenMs: NOW - 6 * HOUR }), CONTEXT);
    const id = findingId(found);
    const begun: OpenFinding = { ...found, id, status: 'open', recordedAtMs: NOW };
    const { over } = settlePatterns([], [begun], CONTEXT);
    expect(over).toEqual([{ id, untilMs: NOW - 5 * HOUR, reason: 'gone-quiet' }]);
  });

  test('goes on while there is half as much again as before, and ends where it has become usual', () => {
    const steady = { trend: 'steady', countBefore: 90, expected: 3.2 } as const;
    const still = settlePatterns([pattern(steady)], [open], CONTEXT);
    expect(still).toEqual({ found: [], over: [] });
    const usual = settlePatterns([pattern({ ...steady, expected: 3.5 })], [open], CONTEXT);
    expect(usual.over).toEqual([{ id: open.id, untilMs: NOW, reason: 'usual-again' }]);
  });

  test('is the same when its template has become wider', () => {
    const narrow = openOf(pattern({ id: 'n', template: 'no agent bot' }));
    const wide = pattern({ id: 'w', template: 'no agent <*>', trend: 'rising', expected: 0.1 });
    const { found, over } = settlePatterns([wide], [narrow], CONTEXT);
    expect(over).toEqual([]);
    expect(found.map(({ subject }) => subject)).toEqual([narrow.subject]);
    const elsewhere = settlePatterns([{ ...wide, workspaceId: 'globex' }], [narrow], CONTEXT);
    expect(elsewhere.over).toHaveLength(1);
  });

  test('goes on while the error comes under a narrower template', () => {
    const wide = openOf(pattern({ id: 'w', template: 'no agent <*>' }));
    const narrow = pattern({ id: 'n', template: 'no agent bot' });
    expect(settlePatterns([narrow], [wide], CONTEXT).over).toEqual([]);
    const others = [
      { ...narrow, workspaceId: 'globex' },
      { ...narrow, workspaceId: '' },
      { ...narrow, template: 'no tool bot' },
    ];
    expect(settlePatterns(others, [wide], CONTEXT).over).toMatchObject([{ reason: 'gone-quiet' }]);
  });
});

test.each([
  ['ERROR', 1, 1, 'low'],
  ['ERROR', 5, 1, 'medium'],
  ['ERROR', 100, 1, 'high'],
  ['ERROR', 100, 5, 'critical'],
  ['CRITICAL', 1, 1, 'high'],
  ['ALERT', 1, 0, 'critical'],
  ['EMERGENCY', 900, 9, 'critical'],
])('%s, %d of them in %d workspaces are %s', (severity, count, workspaceCount, expected) => {
  expect(severityOfPattern({ severity, count, workspaceCount })).toBe(expected);
});
