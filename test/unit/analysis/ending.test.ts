import { describe, expect, test } from '@jest/globals';
import { endOf, type LaterHour, NEW_LEVEL_MS } from '../../../src/analysis/anomalies/ending.ts';
import { HOUR_MS } from '../../../src/core/time.ts';

const SINCE = Date.parse('2026-11-05T09:00:00Z');
const SPIKE = { sinceMs: SINCE, value: 30, usual: 10 };
const DROP = { sinceMs: SINCE, value: 0, usual: 10 };

/** Hours from the first one on; each a value, or what differs from a usual 10 within 7 to 13. */
function hours(...values: (number | Partial<LaterHour>)[]): LaterHour[] {
  return values.map((one, at) => ({
    hourMs: SINCE + at * HOUR_MS,
    ...{ value: 10, usual: 10, range: { low: 7, high: 13 } },
    ...(typeof one === 'number' ? { value: one } : one),
  }));
}
const hourAt = (count: number) => SINCE + count * HOUR_MS;

describe('an anomaly is over', () => {
  test('from the first of two hours on that are back inside, one after the other', () => {
    expect(endOf(SPIKE, hours(30, 30, 11))).toBeUndefined();
    expect(endOf(SPIKE, hours(30, 30, 11, 12))).toEqual({
      untilMs: hourAt(2),
      reason: 'back-in-range',
    });
  });

  test('not while it comes back every other hour', () => {
    expect(endOf(SPIKE, hours(30, 11, 30, 11, 30, 11))).toBeUndefined();
  });

  test('on its own side only: costs that fall below are no spike any more', () => {
    expect(endOf(SPIKE, hours(30, 2, 2))).toMatchObject({ reason: 'back-in-range' });
    expect(endOf(DROP, hours(0, 40, 40))).toMatchObject({ reason: 'back-in-range' });
  });

  test('not by hours in which it would be nothing new even if it went on', () => {
    const night = { value: 0, usual: 1, range: { low: 0, high: 3 } };
    expect(endOf(DROP, hours(0, night, night, night))).toBeUndefined();
    expect(endOf(DROP, hours(0, 10, night, 10))).toEqual({
      untilMs: hourAt(1),
      reason: 'back-in-range',
    });
  });

  test('in a quiet night judged by what a night is worth, not by the day it began on', () => {
    const range = { low: 1, high: 4 };
    const threefold = { value: 6, usual: 2, range };
    expect(endOf(SPIKE, hours(30, threefold, threefold))).toBeUndefined();
    const usual = { value: 3, usual: 2, range };
    expect(endOf(SPIKE, hours(30, usual, usual))).toMatchObject({ untilMs: hourAt(1) });
  });

  test('where nothing was seen before, when less than half of it is left', () => {
    const range = undefined;
    const most = { value: 21, range };
    const least = { value: 19, range };
    expect(endOf(SPIKE, hours(30, most, most))).toBeUndefined();
    expect(endOf(SPIKE, hours(30, least, least))).toMatchObject({ untilMs: hourAt(1) });
    const unknown = { value: 10, usual: undefined, range };
    expect(endOf(SPIKE, hours(30, unknown, unknown))).toBeUndefined();
  });

  test('as the new level after three days, and not an hour before', () => {
    const lasting = Array<number>(73).fill(30);
    expect(endOf(SPIKE, hours(...lasting.slice(0, 71)))).toBeUndefined();
    const ending = { untilMs: SINCE + NEW_LEVEL_MS, reason: 'new-level' };
    expect(endOf(SPIKE, hours(...lasting.slice(0, 72)))).toEqual(ending);
    expect(endOf(SPIKE, hours(...lasting, 10, 10))).toEqual(ending);
  });

  test('never by its first hour, and never without hours', () => {
    expect(endOf(SPIKE, hours(10, 30))).toBeUndefined();
    expect(endOf(SPIKE, [])).toBeUndefined();
  });
});
