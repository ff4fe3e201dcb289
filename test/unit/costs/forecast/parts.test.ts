import { describe, expect, test } from '@jest/globals';
import { backtest, overlap } from '../../../../src/costs/forecast/backtest.ts';
import { combine, relativeErrors, weigh } from '../../../../src/costs/forecast/combine.ts';
import { fillGaps } from '../../../../src/costs/forecast/gaps.ts';
import { autoregress } from '../../../../src/costs/forecast/models/autoregression.ts';
import { recentLine, theta } from '../../../../src/costs/forecast/models/lines.ts';
import { smooth } from '../../../../src/costs/forecast/models/smoothing.ts';
import { takeOutSeason } from '../../../../src/costs/forecast/seasonality.ts';
import { detectSeason, seasonsFor } from '../../../../src/costs/forecast/seasons.ts';
import { chance, series } from './series.ts';

const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);

describe('the season', () => {
  test.each([4, 7, 12, 24])('of %i is found, and not one of its multiples', (period) => {
    const { normal } = chance(period);
    const values = series(
      period * 9,
      (at) => 100 + at + 20 * Math.cos((2 * Math.PI * at) / period) + 3 * normal(),
    );
    expect(detectSeason(values)).toBe(period);
  });

  test('of noise, of a walk, of a constant and of next to nothing is none', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const { normal } = chance(seed);
      let level = 100;
      expect(detectSeason(series(150, () => 100 + 10 * normal()))).toBe(1);
      expect(detectSeason(series(150, () => (level += normal())))).toBe(1);
    }
    expect(detectSeason(new Array(50).fill(3))).toBe(1);
    expect(detectSeason([1])).toBe(1);
  });

  test('of a day brings its week along, that of a week its day, others none', () => {
    expect(seasonsFor(24)).toEqual([24, 168]);
    expect(seasonsFor(168)).toEqual([24, 168]);
    expect(seasonsFor(12)).toEqual([12]);
    expect(seasonsFor(1)).toEqual([]);
  });

  test.each(['additive', 'multiplicative'] as const)(
    'that is %s is taken out and put back',
    (kind) => {
      const pattern = kind === 'additive' ? [-20, 10, 30, -20] : [0.5, 1.5, 1.2, 0.8];
      const valueAt = (at: number) =>
        kind === 'additive' ? 100 + at + pattern[at % 4]! : (100 + at) * pattern[at % 4]!;
      const { values, restore } = takeOutSeason(series(40, valueAt), 4, kind);
      values.forEach((value, at) => {
        expect(Math.abs(value - (100 + at))).toBeLessThan(4);
      });
      restore([140, 141, 142]).forEach((value, step) => {
        expect(Math.abs(value / valueAt(40 + step) - 1)).toBeLessThan(0.04);
      });
    },
  );

  test('that is only noise is left in', () => {
    const { normal } = chance(11);
    const { restore } = takeOutSeason(
      series(120, () => 100 + 10 * normal()),
      12,
      'additive',
    );
    expect(range(restore(new Array(12).fill(100)))).toBeLessThan(6);
  });
});

describe('gaps', () => {
  test('are filled on a line, or by the seasons around them', () => {
    expect(fillGaps([1, undefined, undefined, 4], 1)).toEqual([1, 2, 3, 4]);
    expect(fillGaps([1, 9, 1, undefined, 1, 9, 1], 2)).toEqual([1, 9, 1, 9, 1, 9, 1]);
    expect(fillGaps([1, undefined, 3, undefined, undefined, 6], 2)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('the models', () => {
  test('Theta drifts with half the slope of the line', () => {
    const { normal } = chance(2);
    const values = series(50, (at) => 10 + 2 * at + normal());
    const forecast = theta(values, 3);
    const line = recentLine(values, 3, 50);
    expect(forecast[1]! - forecast[0]!).toBeCloseTo((line[1]! - line[0]!) / 2, 9);
  });

  test('an autoregression comes back to its mean, as fast as it used to', () => {
    const { normal } = chance(6);
    let state = 0;
    const values = series(2_000, () => {
      state = 0.8 * state + normal();
      return 50 + state;
    });
    const [first, ...later] = autoregress([...values, 60], 40);
    expect(Math.abs(first! - 58)).toBeLessThan(1);
    expect(Math.abs(later.at(-1)! - 50)).toBeLessThan(0.5);
  });

  test('simple smoothing is flat, a damped trend flattens', () => {
    const values = series(30, (at) => 5 * at);
    const flat = smooth(values, 5, 'simple').forecast;
    expect(range(flat)).toBe(0);
    const damped = smooth(values, 20, 'damped').forecast;
    expect(damped[19]! - damped[18]!).toBeLessThan(damped[1]! - damped[0]!);
  });
});

describe('the backtest', () => {
  test('lets no origin see what it forecasts: later values change nothing said before them', () => {
    const { normal } = chance(5);
    const values = series(60, () => 100 + 10 * normal());
    const changed = values.with(59, 5_000);
    const [one, other] = [backtest(values, [6], 6), backtest(changed, [6], 6)];
    expect(one.origins.length).toBeGreaterThan(10);
    one.origins.forEach(({ known, forecasts }, at) => {
      expect(known).toBeLessThan(60);
      expect(other.origins[at]!.forecasts).toEqual(forecasts);
    });
  });

  test('judges an origin by weights that know none of the values it is judged by', () => {
    const { normal } = chance(7);
    const values = series(60, () => 100 + 20 * normal());
    const tried = backtest(values, [], 6);
    const judged = tried.origins[9]!;
    const said = (origins: typeof tried.origins) => {
      const errors = relativeErrors({ ...tried, origins });
      const weights = weigh(tried.candidates, errors, judged.forecasts, (other) =>
        overlap(judged, tried.origins[other]!),
      );
      return combine(judged.forecasts, weights);
    };
    const until = judged.known + judged.actual.length;
    const changed = tried.origins.map((origin) => ({
      ...origin,
      actual: origin.actual.map((value, step) => {
        const at = origin.known + step;
        return at >= judged.known && at < until ? value * 3 : value;
      }),
    }));
    expect(changed).not.toEqual(tried.origins);
    expect(said(changed)).toEqual(said(tried.origins));
  });
});
