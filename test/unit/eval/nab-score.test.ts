import { expect, test } from '@jest/globals';
import { hourlyGrid, type LabelledSeries, scoreAll } from '../../eval/nab-score.ts';

const series: LabelledSeries = {
  name: 'made',
  measurements: [],
  firstHour: 0,
  values: Array.from({ length: 240 }, () => 0),
  windows: [
    { first: 100, last: 119 },
    { first: 200, last: 219 },
  ],
};
const scoreOf = (alarms: number[]) => scoreAll([series], () => alarms);

test('every window alarmed at its first hour is 100, nothing alarmed is 0', async () => {
  expect((await scoreOf([100, 200])).standard).toBeCloseTo(100, 9);
  expect((await scoreOf([])).standard).toBe(0);
});

test('a window counts once, by its earliest alarm', async () => {
  const once = await scoreOf([105]);
  expect((await scoreOf([105, 106, 119])).standard).toBe(once.standard);
  expect(once.standard).toBeGreaterThan((await scoreOf([115])).standard);
});

test('an alarm outside costs 0.11, or 0.22, of a window, less right behind one, nothing in probation', async () => {
  const before = await scoreOf([50, 100, 200]);
  expect(before.standard).toBeCloseTo(100 - (100 * 0.11) / 4, 9);
  expect(before.lowFalsePositives).toBeCloseTo(100 - (100 * 0.22) / 4, 9);
  expect((await scoreOf([100, 120, 200])).standard).toBeGreaterThan(before.standard);
  expect((await scoreOf([10, 100, 200])).standard).toBeCloseTo(100, 9);
  expect(before.falseAlertsPerSeriesDay).toBeCloseTo(1 / 8.5, 9);
});

test('the grid has the mean of each UTC hour, and of hours without a value the hour before', () => {
  const grid = hourlyGrid([
    { atMs: 3_600_000, value: 1 },
    { atMs: 5_400_000, value: 3 },
    { atMs: 3 * 3_600_000, value: 7 },
  ]);
  expect(grid).toEqual({ firstHour: 1, values: [2, 2, 7] });
});
