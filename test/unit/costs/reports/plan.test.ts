import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bucketEnd,
  bucketOf,
  bucketStart,
  DAY_MS,
  type Grain,
  HOUR_MS,
} from '../../../../src/core/time.ts';
import { MAX_AHEAD_MS } from '../../../../src/costs/event.ts';
import { latestEnd, tilePeriod } from '../../../../src/costs/reports/plan.ts';
import { bucketExpiry } from '../../../../src/costs/rollups/keys.ts';

const NOW = Date.parse('2026-11-20T12:34:56.789Z');
const HORIZON = latestEnd(NOW);
const GRAINS: Grain[] = ['hour', 'day', 'month'];
const grains = fc.constantFrom<Grain>(...GRAINS);

/** Bounds of buckets around now and around the ends of their lives, and a few that are none. */
const bounds = fc
  .record({
    daysAgo: fc.oneof(
      fc.integer({ min: -40, max: 10 }),
      fc.integer({ min: 80, max: 100 }),
      fc.integer({ min: 380, max: 440 }),
      fc.integer({ min: -2, max: 440 }),
    ),
    grain: grains,
    off: fc.constantFrom(0, 0, 0, 0, 1),
  })
  .map(({ daysAgo, grain, off }) => {
    const at = NOW - daysAgo * DAY_MS;
    return bucketStart(grain, bucketOf(grain, at)) + off;
  });

/** Every bucket that may be read: kept, not larger than asked for, and within the period. */
function usable(at: number, largest: Grain, to: number) {
  return GRAINS.slice(0, GRAINS.indexOf(largest) + 1).filter((grain) => {
    const bucket = bucketOf(grain, at);
    const end = bucketEnd(grain, bucket);
    const kept = bucketExpiry(grain, bucket) > NOW + HOUR_MS;
    return kept && bucketStart(grain, bucket) === at && (end <= to || to >= HORIZON);
  });
}

/** The smallest number of buckets that cover the period exactly, by trying them all; undefined when none do. */
function fewest(from: number, to: number, largest: Grain): number | undefined {
  const end = Math.min(to, HORIZON);
  const known = new Map<number, number>([[from, 0]]);
  const open = [from];
  let best: number | undefined;
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const count = known.get(at)!;
    if (at >= end) {
      best = best === undefined || count < best ? count : best;
      continue;
    }
    for (const grain of usable(at, largest, to)) {
      const next = bucketEnd(grain, bucketOf(grain, at));
      if (count + 1 < (known.get(next) ?? Number.POSITIVE_INFINITY)) {
        known.set(next, count + 1);
        open.push(next);
      }
    }
  }
  return best;
}

describe('the buckets of a period', () => {
  test('tile exactly it, without gap or overlap, and none has expired or is larger than asked for', () => {
    let tiled = 0;
    fc.assert(
      fc.property(bounds, bounds, grains, (a, b, largest) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const tiles = tilePeriod({ from, to }, largest, NOW);
        if (tiles === undefined) return;
        tiled++;
        let at = from;
        for (const { grain, bucket, startMs } of tiles) {
          expect(startMs).toBe(at);
          expect(bucketStart(grain, bucket)).toBe(at);
          expect(GRAINS.indexOf(grain)).toBeLessThanOrEqual(GRAINS.indexOf(largest));
          expect(bucketExpiry(grain, bucket)).toBeGreaterThan(NOW);
          at = bucketEnd(grain, bucket);
        }
        // Beyond the horizon there are no costs, so the last bucket may reach further than the period.
        if (to < HORIZON || from >= HORIZON) expect(at).toBe(from >= HORIZON ? from : to);
        else expect(at).toBeGreaterThanOrEqual(HORIZON);
      }),
      { numRuns: 3_000 },
    );
    expect(tiled).toBeGreaterThan(300);
  });

  test('are the fewest there are, and are found whenever there are any', () => {
    fc.assert(
      fc.property(bounds, bounds, grains, (a, b, largest) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const count = fewest(from, to, largest);
        const expected = count === undefined || count > 800 ? undefined : count;
        expect(tilePeriod({ from, to }, largest, NOW)?.length).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each<[string, string, Grain, string[] | undefined]>([
    ['2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z', 'month', ['2026-11']],
    [
      '2026-11-19T00:00:00Z',
      '2026-11-20T02:00:00Z',
      'month',
      ['2026-11-19', '2026-11-20T00', '2026-11-20T01'],
    ],
    ['2026-11-20T11:00:00Z', '2026-11-20T12:00:00Z', 'day', ['2026-11-20T11']],
    ['2026-11-20T11:00:00Z', '2026-11-20T12:00:00.001Z', 'day', undefined],
    ['2026-11-20T11:30:00Z', '2026-11-20T12:00:00Z', 'day', undefined],
    ['2026-11-10T00:00:00Z', '2026-11-11T00:00:00Z', 'hour', undefined],
    ['2026-11-10T00:00:00Z', '2026-11-11T00:00:00Z', 'day', ['2026-11-10']],
    ['2026-08-01T00:00:00Z', '2026-09-01T00:00:00Z', 'day', undefined],
    ['2026-08-01T00:00:00Z', '2026-09-01T00:00:00Z', 'month', ['2026-08']],
    ['2025-09-01T00:00:00Z', '2025-10-01T00:00:00Z', 'month', undefined],
    ['2027-01-01T00:30:00Z', '2027-02-01T00:00:00Z', 'month', []],
    ['2026-11-20T00:00:00Z', '2026-11-20T00:00:00Z', 'month', []],
  ])('of %s to %s by %s are %j', (from, to, largest, names) => {
    const period = { from: Date.parse(from), to: Date.parse(to) };
    expect(tilePeriod(period, largest, NOW)?.map(({ bucket }) => bucket)).toEqual(names);
  });
});

describe('the latest end', () => {
  test('is the first full hour after everything that can have been accepted', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }), (now) => {
        const end = latestEnd(now);
        expect(end % HOUR_MS).toBe(0);
        expect(end).toBeGreaterThan(now + MAX_AHEAD_MS);
        expect(end - HOUR_MS).toBeLessThanOrEqual(now + MAX_AHEAD_MS);
      }),
    );
  });
});
