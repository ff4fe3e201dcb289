import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Estimate, forecastSeries } from '../../../../src/costs/forecast/forecast.ts';
import { chance, series } from './series.ts';

const means = (values: readonly number[], horizon: number, season?: number) =>
  forecastSeries(values, { horizon, season }).steps.map(({ mean }) => mean);

const anySeries = fc.array(
  fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }), fc.nat(20)),
  { minLength: 1, maxLength: 60 },
);

function expectOrdered({ mean, low80, high80, low95, high95 }: Estimate) {
  const order = [0, low95, low80, mean, high80, high95];
  expect(order.every(Number.isFinite)).toBe(true);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
}

describe('a forecast of any series', () => {
  test('is finite, never negative, inside its intervals, and the 80 % one inside the 95 % one', () => {
    fc.assert(
      fc.property(
        anySeries,
        fc.integer({ min: 1, max: 40 }),
        fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
        (values, horizon, season) => {
          const { steps, sums, models } = forecastSeries(values, { horizon, season });
          expect(steps).toHaveLength(horizon);
          for (const one of [...steps, ...sums]) expectOrdered(one);
          expect(models.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('is the same every time, and in whatever unit the series is', () => {
    const { normal } = chance(7);
    const values = series(80, (at) => 100 + 20 * Math.sin((at * Math.PI) / 6) + 5 * normal());
    const once = forecastSeries(values, { horizon: 12 });
    expect(forecastSeries(values, { horizon: 12 })).toEqual(once);
    const thousandfold = forecastSeries(
      values.map((value) => value * 1_000),
      { horizon: 12 },
    );
    once.steps.forEach((step, at) => {
      for (const key of ['mean', 'low80', 'high95'] as const) {
        expect(thousandfold.steps[at]![key] / 1_000).toBeCloseTo(step[key], 6);
      }
    });
  });

  test('adds its steps up in its sums', () => {
    const { steps, sums } = forecastSeries([3, 5, 4, 6, 5, 7, 6], { horizon: 3 });
    let sum = 0;
    steps.forEach(({ mean }, at) => {
      sum += mean;
      expect(sums[at]!.mean).toBeCloseTo(sum, 9);
    });
  });
});

describe('what a series does is carried on', () => {
  test('a constant one stays, without doubt', () => {
    const { steps } = forecastSeries(new Array(20).fill(7), { horizon: 5 });
    const seven = { mean: 7, low80: 7, high80: 7, low95: 7, high95: 7 };
    for (const step of steps) {
      for (const [name, value] of Object.entries(seven)) {
        expect(step[name as keyof Estimate]).toBeCloseTo(value, 9);
      }
    }
  });

  test('nothing but zeros stays nothing', () => {
    expect(means(new Array(30).fill(0), 4)).toEqual([0, 0, 0, 0]);
  });

  test('a straight line goes on', () => {
    means(
      series(40, (at) => 10 + 3 * at),
      6,
    ).forEach((mean, step) => {
      expect(Math.abs(mean / (10 + 3 * (40 + step)) - 1)).toBeLessThan(0.02);
    });
  });

  test.each([
    ['given', 12],
    ['found', undefined],
  ])('a season that is %s comes again, growing with the level', (_, season) => {
    const valueAt = (at: number) => (100 + at) * (1 + 0.4 * Math.sin((at * Math.PI) / 6));
    means(series(96, valueAt), 12, season).forEach((mean, step) => {
      expect(Math.abs(mean / valueAt(96 + step) - 1)).toBeLessThan(0.06);
    });
  });

  test('a week of hours is seen behind its days', () => {
    const valueAt = (at: number) =>
      (50 + 40 * Math.sin((at * Math.PI) / 12)) * (Math.floor(at / 24) % 7 < 5 ? 1 : 0.3);
    const values = series(24 * 7 * 4, valueAt);
    const forecast = means(values, 168, 24);
    const error = forecast.map((mean, step) => Math.abs(mean - valueAt(values.length + step)));
    expect(Math.max(...error)).toBeLessThan(12);
  });

  test('a new level is believed after a while', () => {
    const { normal } = chance(3);
    const values = series(60, (at) => (at < 45 ? 100 : 300) + 5 * normal());
    for (const mean of means(values, 5)) expect(Math.abs(mean - 300)).toBeLessThan(15);
  });

  test('one outlier long ago changes next to nothing', () => {
    const { normal } = chance(4);
    const values = series(80, () => 100 + 5 * normal());
    const disturbed = values.with(40, 2_000);
    means(disturbed, 5).forEach((mean, step) => {
      expect(Math.abs(mean - means(values, 5)[step]!)).toBeLessThan(12);
    });
  });
});

describe('a series too short to know much', () => {
  test('of one value is carried on, with intervals that are a guess, and no backtest', () => {
    const { steps, backtest } = forecastSeries([100], { horizon: 2 });
    expect(backtest).toBeUndefined();
    expect(steps[0]!.mean).toBeCloseTo(100, 6);
    expect(steps[0]!.low95).toBeLessThan(50);
    expect(steps[0]!.high95).toBeGreaterThan(150);
  });

  test.each([2, 3, 4, 5])('of %i values still has a middle among them and doubt', (length) => {
    const values = [40, 60, 50, 55, 45].slice(0, length);
    const { steps } = forecastSeries(values, { horizon: 3, season: 12 });
    for (const { mean, low80, high80 } of steps) {
      expect(mean).toBeGreaterThan(35);
      expect(mean).toBeLessThan(80);
      expect(high80 - low80).toBeGreaterThan(5);
    }
  });
});

describe('the intervals', () => {
  test('hold what they say of series they have not seen, and widen with the steps', () => {
    const kinds: Record<string, (seed: number) => number[]> = {
      'around a level': (seed) => {
        const { normal } = chance(seed);
        return series(132, () => 500 + 50 * normal());
      },
      'a walk': (seed) => {
        const { normal } = chance(seed);
        let level = 6;
        return series(132, () => {
          level += 0.05 * normal();
          return Math.exp(level);
        });
      },
      'a season with noise': (seed) => {
        const { normal } = chance(seed);
        return series(
          132,
          (at) => 100 * (1 + 0.3 * Math.sin((at * Math.PI) / 6)) * Math.exp(0.1 * normal()),
        );
      },
    };
    let [in80, in95, count] = [0, 0, 0];
    // Seeds of its own for each kind, lest one chance decide three times.
    for (const [kind, make] of Object.values(kinds).entries()) {
      for (let seed = 1; seed <= 50; seed += 1) {
        const values = make(1_000 * kind + seed);
        const { steps } = forecastSeries(values.slice(0, 120), { horizon: 12, season: 12 });
        steps.forEach(({ low80, high80, low95, high95 }, step) => {
          const value = values[120 + step]!;
          if (value >= low80 && value <= high80) in80 += 1;
          if (value >= low95 && value <= high95) in95 += 1;
          count += 1;
        });
      }
    }
    expect(Math.abs(in80 / count - 0.8)).toBeLessThan(0.03);
    expect(Math.abs(in95 / count - 0.95)).toBeLessThan(0.03);
    const walk = forecastSeries(kinds['a walk']!(1), { horizon: 12 }).steps;
    expect(walk[11]!.high95 - walk[11]!.low95).toBeGreaterThan(
      1.5 * (walk[0]!.high95 - walk[0]!.low95),
    );
  });
});

test('a thousand values and five hundred steps take no three seconds, on a busy machine either', () => {
  const { normal } = chance(9);
  const values = series(1_000, (at) => 100 + 30 * Math.sin((at * Math.PI) / 12) + 5 * normal());
  const start = performance.now();
  forecastSeries(values, { horizon: 500, season: 24 });
  expect(performance.now() - start).toBeLessThan(3_000);
});
