import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ChartOptions, chartOf } from '../../../../local/console/metrics/chart.ts';
import { percentile } from '../../../../local/console/metrics/percentile.ts';
import { runningTotals, totalAt } from '../../../../local/console/metrics/running-total.ts';
import type { Metric, Series } from '../../../../local/console/metrics/series.ts';

const OPTIONS: ChartOptions = {
  toMs: 60_000,
  windowMs: 50_000,
  stepMs: 10_000,
  combine: 'sum',
  mode: 'rate',
};
const counter = (series: Series[]): Metric => ({
  type: 'custom.googleapis.com/agentworks/agent/runs',
  kind: 'CUMULATIVE',
  valueType: 'INT64',
  unit: '{run}',
  description: '',
  series,
});
const counted = (instance: string, values: number[], startMs = 0): Series => ({
  labels: { agent: instance.startsWith('a') ? 'x' : 'y' },
  instance,
  points: values.map((value, i) => ({ startMs, endMs: startMs + (i + 1) * 10_000, value })),
});

describe('a counter as a chart', () => {
  test('is a rate per second, of all instances together', () => {
    const { lines, unit, times } = chartOf(
      counter([counted('a1', [10, 30, 30, 70, 70, 80]), counted('a2', [0, 0, 100, 100, 100, 100])]),
      OPTIONS,
    );
    expect(unit).toBe('{run}/s');
    expect(times).toEqual([10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    expect(lines).toEqual([{ name: 'all', values: [1, 2, 10, 4, 0, 1] }]);
  });

  test('loses nothing when an instance starts anew, and shows no fall', () => {
    const restarted = counted('a1', [10, 20]);
    restarted.points.push({ startMs: 25_000, endMs: 30_000, value: 5 });
    restarted.points.push({ startMs: 25_000, endMs: 40_000, value: 6 });
    const [rate] = chartOf(counter([restarted]), { ...OPTIONS, toMs: 40_000 }).lines;
    const [total] = chartOf(counter([restarted]), { ...OPTIONS, mode: 'total' }).lines;
    expect(rate!.values).toEqual([null, null, 1, 1, 0.5, 0.1]);
    expect(total!.values.slice(-4)).toEqual([10, 20, 25, 26]);
  });

  test('has a line per value of a label, or per instance', () => {
    const metric = counter([counted('a1', [1, 2, 3, 4, 5, 6]), counted('b1', [0, 0, 0, 0, 0, 60])]);
    const byLabel = chartOf(metric, { ...OPTIONS, groupBy: 'agent' }).lines;
    expect(byLabel.map(({ name, values }) => [name, values.at(-1)])).toEqual([
      ['x', 0.1],
      ['y', 6],
    ]);
    const each = chartOf(metric, { ...OPTIONS, groupBy: 'agent', combine: 'each' }).lines;
    expect(each.map(({ name }) => name)).toEqual(['x · a1', 'y · b1']);
  });

  test('ends where the slowest living instance was heard of, so that nothing seems to fall', () => {
    const metric = counter([counted('a1', [10, 20, 30, 40]), counted('a2', [10, 20, 30, 40, 50])]);
    const { times, lines } = chartOf(metric, OPTIONS);
    expect(times.at(-1)).toBe(40_000);
    expect(lines[0]!.values.at(-1)).toBe(2);
  });

  test('does not wait for an instance that is gone', () => {
    const metric = counter([counted('a1', [10, 20]), counted('a2', [10, 20, 30, 40, 50])]);
    const { times, lines } = chartOf(metric, OPTIONS);
    expect(times.at(-1)).toBe(50_000);
    expect(lines[0]!.values).toEqual([2, 2, 1, 1, 1]);
  });

  test('adds up to what was counted, whatever the times of the points', () => {
    const gaps = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 9_000 }), n: fc.nat(50) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(gaps, (steps) => {
        let endMs = 0;
        let value = 0;
        const points = steps.map(({ gap, n }) => {
          endMs += gap;
          value += n;
          return { startMs: 0, endMs, value };
        });
        const totals = runningTotals(points);
        const ends = Array.from({ length: 31 }, (_, i) => i * 10_000);
        const sum = ends
          .slice(1)
          .reduce(
            (all, end) => all + totalAt(totals, end)[0]! - totalAt(totals, end - 10_000)[0]!,
            0,
          );
        expect(sum).toBeCloseTo(value, 6);
      }),
    );
  });
});

test('a gauge is its last value, until that is too old', () => {
  const points = [{ startMs: 12_000, endMs: 12_000, value: 7 }];
  const metric: Metric = { ...counter([{ labels: {}, instance: 'a', points }]), kind: 'GAUGE' };
  const { lines } = chartOf(metric, { ...OPTIONS, toMs: 200_000, windowMs: 190_000 });
  expect(lines[0]!.values.slice(0, 3)).toEqual([null, 7, 7]);
  expect(lines[0]!.values.at(-1)).toBeNull();
});

describe('a distribution', () => {
  test('is drawn by its percentiles and as a heat map of its buckets', () => {
    const at = (endMs: number, counts: number[]) => ({
      startMs: 0,
      endMs,
      value: { count: 0, sum: 0, bounds: [100, 200], counts },
    });
    const points = [at(10_000, [100, 0, 0]), at(20_000, [100, 100, 0])];
    const metric: Metric = {
      ...counter([{ labels: {}, instance: 'a', points }]),
      valueType: 'DISTRIBUTION',
      unit: 'ms',
    };
    const { lines, heat, unit } = chartOf(metric, OPTIONS);
    expect(unit).toBe('ms');
    expect(lines).toEqual([
      { name: 'p50', values: [50, 150] },
      { name: 'p95', values: [95, 195] },
      { name: 'p99', values: [99, 199] },
    ]);
    expect(heat).toEqual({
      bounds: [100, 200],
      counts: [
        [100, 0],
        [0, 100],
        [0, 0],
      ],
    });
  });

  test('has percentiles that rise with the share and stay within its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }), (counts) => {
        const bounds = [1, 10, 100];
        const shares = [0.01, 0.5, 0.9, 0.99, 1].map((share) => percentile(bounds, counts, share));
        if (counts.every((count) => count === 0)) {
          expect(shares).toEqual(shares.map(() => undefined));
          return;
        }
        expect(shares).toEqual([...(shares as number[])].sort((a, b) => a - b));
        expect(shares.at(-1)).toBeLessThanOrEqual(100);
      }),
    );
  });
});
