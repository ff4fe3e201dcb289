import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS } from '../../../../src/core/time.ts';
import type { Entry } from '../../../../src/costs/entry.ts';
import { toBlocks } from '../../../../src/costs/rollups/cells.ts';
import { arbitraryEntries, entryOf, expectedHashes } from '../../../support/cost-model.ts';
import { costEvent } from '../../../support/events.ts';

const NOW = Date.parse('2026-11-20T12:30:00Z');

/** What buckets hold once the blocks are added up. */
function addedUp(entries: readonly Entry[], now = NOW): Map<string, Record<string, string>> {
  const sums = new Map<string, Map<string, bigint>>();
  for (const { targets, fields } of toBlocks('acme', entries, now)) {
    for (const { key } of targets) {
      const hash = sums.get(key) ?? new Map<string, bigint>();
      sums.set(key, hash);
      for (const [name, more] of fields) hash.set(name, (hash.get(name) ?? 0n) + BigInt(more));
    }
  }
  return new Map(
    [...sums].map(([key, hash]) => [
      key,
      Object.fromEntries(
        [...hash].filter(([, sum]) => sum !== 0n).map(([name, sum]) => [name, `${sum}`]),
      ),
    ]),
  );
}

const event = (timestamp: string, parts: Partial<Entry> = {}) =>
  entryOf(costEvent({ timestamp }), { costNanoUsd: 7n, ...parts });

describe('the increments of a batch', () => {
  test('are the sums of a bigint model, in whatever order its entries come', () => {
    fc.assert(
      fc.property(arbitraryEntries('acme', NOW), (entries) => {
        expect(addedUp(entries)).toEqual(expectedHashes(entries));
        expect(addedUp(entries.toReversed())).toEqual(expectedHashes(entries));
      }),
    );
  });

  test('are one block per hour, for that hour, its day and its month', () => {
    const blocks = toBlocks(
      'acme',
      [
        event('2026-11-20T12:00:00Z'),
        event('2026-11-20T12:59:59.999Z'),
        event('2026-11-20T13:00:00Z'),
      ],
      NOW,
    );
    expect(blocks.map(({ targets }) => targets.map(({ key }) => key))).toEqual([
      ['cost:{acme}:h:2026-11-20T12', 'cost:{acme}:d:2026-11-20', 'cost:{acme}:m:2026-11'],
      ['cost:{acme}:h:2026-11-20T13', 'cost:{acme}:d:2026-11-20', 'cost:{acme}:m:2026-11'],
    ]);
  });

  test('have the totals first, and say how many they are', () => {
    const entry = event('2026-11-20T12:00:00Z', { events: 1, unpricedEvents: 1 });
    const [block] = toBlocks('acme', [entry], NOW);
    expect(block!.fields.slice(0, block!.totals).map(([name]) => name)).toEqual([
      'total',
      'events:total',
      'unpriced:total',
    ]);
    expect(block!.fields.slice(block!.totals).filter(([name]) => name.endsWith('total'))).toEqual(
      [],
    );
  });

  test('leave out what adds nothing', () => {
    const nothing = { costNanoUsd: 0n, events: 0 as const };
    expect(toBlocks('acme', [event('2026-11-20T12:00:00Z', nothing)], NOW)[0]!.fields).toEqual([]);
  });

  test('take an unpriced event back when its correction comes', () => {
    const timestamp = '2026-11-20T12:00:00Z';
    const unpriced = event(timestamp, { costNanoUsd: 0n, unpricedEvents: 1 });
    const correction = event(timestamp, { kind: 'correction', events: 0, unpricedEvents: -1 });
    const [hour] = addedUp([unpriced, correction]).values();
    expect(hour).toMatchObject({ total: '7', 'events:total': '1' });
    expect(hour).not.toHaveProperty('unpriced:total');
  });

  test('write large counts in full', () => {
    const usage = { inputTokens: 1e12 };
    const entries = Array.from({ length: 1_000 }, () =>
      entryOf(costEvent({ timestamp: '2026-11-20T12:00:00Z', usage })),
    );
    expect(addedUp(entries).values().next().value).toMatchObject({
      'inputTokens:total': '1000000000000000',
    });
  });
});

describe('a bucket that has expired', () => {
  test.each([
    [0, ['h', 'd', 'm']],
    [7, ['h', 'd', 'm']],
    [8, ['d', 'm']],
    [90, ['d', 'm']],
    [92, ['m']],
    [400, ['m']],
    [432, []],
  ])('gets nothing: an event %s days ago is counted in %j', (days, letters) => {
    const time = new Date(NOW - days * DAY_MS).toISOString();
    const [block] = toBlocks('acme', [event(time)], NOW);
    expect(block!.targets.map(({ key }) => key.split(':')[2])).toEqual(letters);
    for (const { expiresAtMs } of block!.targets) expect(expiresAtMs).toBeGreaterThan(NOW);
  });
});
