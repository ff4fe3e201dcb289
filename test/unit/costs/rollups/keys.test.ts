import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  cellName,
  DIMENSIONS,
  fieldName,
  MEASURES,
  metaKey,
  parseField,
  rebuildLockKey,
  rollupKey,
  seenPrefix,
} from '../../../../src/costs/rollups/keys.ts';

/** Values that break keys put together carelessly, and any others. */
const hostile = fc.oneof(
  fc.constantFrom('', 'total', 'events:total', 'provider|openai', ':', '|', '{}', '}', '{acme}'),
  fc.string({ unit: fc.constantFrom('a', ':', '|', '{', '}', ' ', '\n', '\u0000', '😀') }),
  fc.string(),
);
const field = fc
  .record({
    measure: fc.constantFrom(...MEASURES),
    dimension: fc.constantFrom(...DIMENSIONS),
    value: hostile,
  })
  .map((parts) => (parts.dimension === 'total' ? { ...parts, value: '' } : parts));
type Parts = NonNullable<ReturnType<typeof parseField>>;
const nameOf = ({ measure, dimension, value }: Parts) =>
  fieldName(measure, cellName(dimension, value));

describe('a hash field', () => {
  test('is read back as the measure, dimension and value it was made of, whatever the value', () => {
    fc.assert(
      fc.property(field, (parts) => {
        expect(parseField(nameOf(parts))).toEqual(parts);
      }),
      { numRuns: 2_000 },
    );
  });

  test('never stands for two things', () => {
    fc.assert(
      fc.property(field, field, (a, b) => {
        expect(nameOf(a) === nameOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    '',
    'x',
    'provider',
    'total|',
    'total|x',
    'cost|x',
    'day|x',
    'x:provider|y',
    'constructor|x',
  ])('%j is none of ours', (name) => {
    expect(parseField(name)).toBeUndefined();
  });

  test('is as DESIGN names it', () => {
    expect(fieldName('cost', cellName('total', ''))).toBe('total');
    expect(fieldName('cost', cellName('resource', 'llm_api'))).toBe('resource|llm_api');
    expect(fieldName('events', cellName('model', ''))).toBe('events:model|');
  });
});

describe('a key', () => {
  const workspace = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
  const anyKey = fc.oneof(
    fc
      .record({
        workspaceId: workspace,
        grain: fc.constantFrom('hour' as const, 'day' as const, 'month' as const),
        bucket: fc.constantFrom('2026-11', '2026-11-20', '2026-11-20T12'),
      })
      .map((parts) => [parts, rollupKey(parts.workspaceId, parts.grain, parts.bucket)] as const),
    workspace.map((workspaceId) => [{ meta: workspaceId }, metaKey(workspaceId)] as const),
    workspace.map((workspaceId) => [{ lock: workspaceId }, rebuildLockKey(workspaceId)] as const),
    workspace.map((workspaceId) => [{ seen: workspaceId }, seenPrefix(workspaceId)] as const),
  );

  test('never belongs to two workspaces, buckets or purposes', () => {
    fc.assert(
      fc.property(anyKey, anyKey, ([a, keyOfA], [b, keyOfB]) => {
        expect(keyOfA === keyOfB).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 1_000 },
    );
  });

  test('of a workspace has the workspace for its hash tag, so that a cluster keeps them together', () => {
    fc.assert(
      fc.property(workspace, (workspaceId) => {
        for (const key of [
          rollupKey(workspaceId, 'hour', '2026-11-20T12'),
          metaKey(workspaceId),
          rebuildLockKey(workspaceId),
          `${seenPrefix(workspaceId)}7:i0`,
        ]) {
          expect(/\{(.*?)\}/.exec(key)?.[1]).toBe(workspaceId);
        }
      }),
    );
    expect(rollupKey('acme', 'hour', '2026-11-20T12')).toBe('cost:{acme}:h:2026-11-20T12');
  });
});
