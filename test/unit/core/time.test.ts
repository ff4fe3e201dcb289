import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bucketEnd,
  bucketOf,
  bucketStart,
  formatInstant,
  type Grain,
  parseInstant,
} from '../../../src/core/time.ts';

const pad = (value: number, width: number) => String(value).padStart(width, '0');

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number) =>
  month === 2 && isLeap(year) ? 29 : DAYS[month - 1];

/** Days from 1970-01-01 by counting leap years, without `Date`. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  let days = day - 1;
  for (let m = 1; m < month; m++) days += daysIn(year, m)!;
  const leapsBefore = (y: number) =>
    Math.floor((y - 1) / 4) - Math.floor((y - 1) / 100) + Math.floor((y - 1) / 400);
  return days + 365 * (year - 1970) + leapsBefore(year) - leapsBefore(1970);
}

const fields = fc.record({
  year: fc.integer({ min: 0, max: 9999 }),
  month: fc.integer({ min: 0, max: 14 }),
  day: fc.integer({ min: 0, max: 33 }),
  hour: fc.integer({ min: 0, max: 25 }),
  minute: fc.integer({ min: 0, max: 61 }),
  second: fc.integer({ min: 0, max: 61 }),
  fraction: fc.option(fc.stringMatching(/^\d{1,9}$/), { nil: undefined }),
  zone: fc.option(
    fc.record({
      sign: fc.constantFrom('+', '-'),
      hour: fc.integer({ min: 0, max: 25 }),
      minute: fc.integer({ min: 0, max: 61 }),
    }),
    { nil: undefined },
  ),
  letters: fc.constantFrom('TZ', 'tz'),
});

describe('an RFC 3339 instant', () => {
  test('is what a model without Date says, and nothing when it does not exist', () => {
    fc.assert(
      fc.property(fields, ({ year, month, day, hour, minute, second, fraction, zone, letters }) => {
        const text =
          `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}${letters[0]}` +
          `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}` +
          (fraction === undefined ? '' : `.${fraction}`) +
          (zone ? `${zone.sign}${pad(zone.hour, 2)}:${pad(zone.minute, 2)}` : letters[1]);
        const exists =
          year >= 100 &&
          month >= 1 &&
          month <= 12 &&
          day >= 1 &&
          day <= daysIn(year, month)! &&
          hour < 24 &&
          minute < 60 &&
          second < 60 &&
          (zone === undefined || (zone.hour < 24 && zone.minute < 60));
        const offset = zone
          ? (zone.sign === '-' ? -1 : 1) * (zone.hour * 60 + zone.minute) * 60_000
          : 0;
        const expected =
          daysSinceEpoch(year, month, day) * 86_400_000 +
          hour * 3_600_000 +
          minute * 60_000 +
          second * 1_000 +
          Math.floor(Number(`0.${fraction ?? 0}`) * 1_000 + 1e-7) -
          offset;
        expect(parseInstant(text)).toBe(exists ? expected : undefined);
      }),
      { numRuns: 5_000 },
    );
  });

  test('is read back unchanged from its written form', () => {
    const instants = fc.integer({ min: Date.UTC(1000, 0), max: Date.UTC(9999, 0) });
    fc.assert(
      fc.property(instants, (ms) => {
        expect(parseInstant(formatInstant(ms))).toBe(ms);
      }),
    );
  });

  test.each([
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-00T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2016-12-31T23:59:60Z',
    '0026-11-20T12:00:00Z',
    '2026-11-20',
    '2026-11-20T12:00:00',
    '2026-11-20 12:00:00Z',
    '2026-11-20T12:00Z',
    '2026-11-20T12:00:00.Z',
    '2026-11-20T12:00:00.1234567890Z',
    '2026-11-20T12:00:00+0100',
    '2026-11-20T12:00:00+24:00',
    '2026-11-20T12:00:00Z\n',
    '+2026-11-20T12:00:00Z',
    '1795176000000',
    '',
  ])('is not %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  test.each([
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['2026-11-20T12:00:00.0019Z', '2026-11-20T12:00:00.001Z'],
    ['2026-11-20T00:30:00+05:45', '2026-11-19T18:45:00.000Z'],
    ['2026-12-31T23:30:00-01:00', '2027-01-01T00:30:00.000Z'],
    ['2026-11-20T12:00:00-00:00', '2026-11-20T12:00:00.000Z'],
  ])('%s is %s', (text, utc) => {
    expect(formatInstant(parseInstant(text)!)).toBe(utc);
  });
});

describe('buckets', () => {
  const grains = fc.constantFrom<Grain>('hour', 'day', 'month');
  const instants = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2120, 0) });

  test('hold the instants they are named after, from their start to just before their end', () => {
    fc.assert(
      fc.property(grains, instants, (grain, ms) => {
        const bucket = bucketOf(grain, ms);
        const [start, end] = [bucketStart(grain, bucket), bucketEnd(grain, bucket)];
        expect(start <= ms && ms < end).toBe(true);
        expect(bucketOf(grain, start)).toBe(bucket);
        expect(bucketOf(grain, end - 1)).toBe(bucket);
      }),
      { numRuns: 1_000 },
    );
  });

  test('tile time: each begins where the one before it ends', () => {
    fc.assert(
      fc.property(grains, instants, (grain, ms) => {
        const end = bucketEnd(grain, bucketOf(grain, ms));
        expect(bucketStart(grain, bucketOf(grain, end))).toBe(end);
      }),
      { numRuns: 1_000 },
    );
  });

  test('sort by name as they do by time', () => {
    fc.assert(
      fc.property(grains, instants, instants, (grain, a, b) => {
        const [earlier, later] = a < b ? [a, b] : [b, a];
        expect(bucketOf(grain, earlier) <= bucketOf(grain, later)).toBe(true);
      }),
    );
  });

  test.each<[Grain, string, string]>([
    ['month', '2026-12', '2027-01-01T00:00:00.000Z'],
    ['month', '2028-02', '2028-03-01T00:00:00.000Z'],
    ['day', '2028-02-28', '2028-02-29T00:00:00.000Z'],
    ['hour', '2026-12-31T23', '2027-01-01T00:00:00.000Z'],
  ])('the %s %s ends at %s', (grain, bucket, end) => {
    expect(formatInstant(bucketEnd(grain, bucket))).toBe(end);
  });

  test.each<[Grain, string]>([
    ['month', '2026-13'],
    ['day', '2026-02-30'],
    ['hour', '2026-11-20T24'],
    ['hour', '2026-11-20'],
    ['day', ''],
  ])('no %s is named %j', (grain, bucket) => {
    expect(() => bucketStart(grain, bucket)).toThrow(
      expect.objectContaining({ code: 'invalid_bucket' }),
    );
  });
});
