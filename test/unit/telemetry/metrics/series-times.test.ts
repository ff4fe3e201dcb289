import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSeriesTimes } from '../../../../src/telemetry/metrics/series-times.ts';

const AHEAD_MS = 240_000;
const SLACK_MS = 1_000;
type Point = { startMs: number; endMs: number; collectedMs: number; aheadMs: number };

const steps = fc.array(
  fc.record({
    /** How far the clock goes on, or back, before the values are collected. */
    byMs: fc.oneof(
      fc.integer({ min: 0, max: 120_000 }),
      fc.constantFrom(0, 1, 9_999, 10_000, 10_001),
      fc.integer({ min: -600_000, max: 0 }),
    ),
    urgent: fc.boolean(),
    keys: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
  }),
  { maxLength: 60 },
);

test('whatever the clock does, the points of a series have one start, are in order and ten seconds apart', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      let nowMs = 1_000_000_000;
      const times = createSeriesTimes({ startedAtMs: nowMs, maxSeries: 100 });
      const written = new Map<string, Point[]>();
      for (const { byMs, urgent, keys } of sequence) {
        nowMs += byMs;
        times.collected(nowMs);
        const aheadMs = urgent ? AHEAD_MS : SLACK_MS;
        for (const key of keys) {
          const next = times.next(key, aheadMs);
          if (next.kind === 'none') continue;
          const points = written.get(key) ?? [];
          points.push({ ...next, collectedMs: nowMs, aheadMs });
          written.set(key, points);
        }
      }
      for (const points of written.values()) {
        for (const [n, { startMs, endMs, collectedMs, aheadMs }] of points.entries()) {
          expect(startMs).toBe(points[0]!.startMs);
          expect(startMs).toBeLessThan(endMs);
          expect(endMs).toBeGreaterThanOrEqual(collectedMs);
          expect(endMs).toBeLessThanOrEqual(collectedMs + aheadMs);
          if (n > 0) expect(endMs - points[n - 1]!.endMs).toBeGreaterThanOrEqual(10_000);
        }
      }
    }),
  );
});

test('a series that is due gets its point', () => {
  const times = createSeriesTimes({ startedAtMs: 0, maxSeries: 100 });
  times.collected(60_000);
  expect(times.next('a', SLACK_MS)).toEqual({ kind: 'point', startMs: 0, endMs: 60_000 });
  times.collected(69_500);
  // Timers are not exact: half a second is not worth a wait for the next interval.
  expect(times.next('a', SLACK_MS)).toEqual({ kind: 'point', startMs: 0, endMs: 70_000 });
  times.collected(72_000);
  expect(times.next('a', SLACK_MS)).toEqual({ kind: 'none', reason: 'too-soon' });
});

test('beyond the limit there are no new series, and the known ones go on', () => {
  const times = createSeriesTimes({ startedAtMs: 0, maxSeries: 2 });
  times.collected(60_000);
  for (const key of ['a', 'b']) times.next(key, SLACK_MS);
  for (let n = 0; n < 1_000; n++) {
    expect(times.next(`n${n}`, SLACK_MS)).toEqual({ kind: 'none', reason: 'too-many-series' });
  }
  times.collected(120_000);
  expect(times.next('a', SLACK_MS).kind).toBe('point');
  expect(times.size).toBe(2);
});
