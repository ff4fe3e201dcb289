import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Calendar, isTimeZone, spanAt, WEEKDAYS } from '../../../src/core/periods.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/core/time.ts';

const ZONES = Intl.supportedValuesOf('timeZone');
/** Clocks there skipped or repeated days or midnights, or stand on odd minutes. */
const ODD_ZONES = [
  'Pacific/Apia',
  'Pacific/Kwajalein',
  'Pacific/Kiritimati',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Havana',
  'America/Asuncion',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Tehran',
  'Asia/Pyongyang',
  'Africa/Cairo',
  'Africa/Monrovia',
  'Antarctica/Troll',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'UTC',
];

const zone = fc.oneof(fc.constantFrom(...ZONES), fc.constantFrom(...ODD_ZONES));
const rule = fc.oneof(
  fc.constant({ every: 'day' } as const),
  fc.constantFrom(...WEEKDAYS).map((startsOn) => ({ every: 'week', startsOn }) as const),
  fc.integer({ min: 1, max: 31 }).map((startsOn) => ({ every: 'month', startsOn }) as const),
);
const anyInstant = fc.integer({ min: Date.UTC(1970, 0, 1), max: Date.UTC(2037, 11, 31) });

/** What clocks show there, read by Intl and not by what is tested. */
const formats = new Map<string, Intl.DateTimeFormat>();
function wallClock(ms: number, timeZone: string) {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
    formats.set(timeZone, format);
  }
  const parts = format.formatToParts(ms);
  const of = (type: string) => Number(parts.find((part) => part.type === type)!.value);
  const [year, month, day] = [of('year'), of('month'), of('day')];
  const date = Date.UTC(year, month - 1, day);
  return {
    /** The local date as the epoch ms of its midnight in UTC. */
    date,
    day,
    weekday: WEEKDAYS[(new Date(date).getUTCDay() + 6) % 7],
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
    local: date + of('hour') * HOUR_MS + of('minute') * MINUTE_MS + of('second') * 1_000,
  };
}

const offsetAt = (ms: number, timeZone: string) =>
  wallClock(ms, timeZone).local - Math.floor(ms / 1_000) * 1_000;

/** The change of clocks nearest after an instant within 200 days, to the second; the instant where there is none. */
function nextChange(instant: number, timeZone: string): number {
  // Whole seconds, so that halving always comes closer.
  const ms = Math.floor(instant / 1_000) * 1_000;
  let before = ms;
  let after = ms;
  for (let days = 4; days <= 200; days += 4) {
    after = ms + days * DAY_MS;
    if (offsetAt(after, timeZone) !== offsetAt(ms, timeZone)) break;
    before = after;
  }
  if (offsetAt(after, timeZone) === offsetAt(ms, timeZone)) return ms;
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (offsetAt(middle, timeZone) === offsetAt(ms, timeZone)) before = middle;
    else after = middle;
  }
  return after;
}

const nearChange = fc
  .record({
    timeZone: zone,
    from: anyInstant,
    shift: fc.oneof(
      fc.constantFrom(-1_000, -1, 0, 1, 1_000),
      fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }),
    ),
  })
  .map(({ timeZone, from, shift }) => ({ timeZone, ms: nextChange(from, timeZone) + shift }));
const place = fc.oneof(
  { weight: 1, arbitrary: fc.record({ timeZone: zone, ms: anyInstant }) },
  { weight: 3, arbitrary: nearChange },
);
const situation = fc.record({ place, rule }).map(({ place: { timeZone, ms }, rule: chosen }) => ({
  calendar: { ...chosen, timeZone } as Calendar,
  ms,
}));
const RUNS = { numRuns: 800 };

/** Whether a period of the calendar begins with the day that clocks show. */
function isFirstDay(
  calendar: Calendar,
  { weekday, day, daysInMonth }: ReturnType<typeof wallClock>,
) {
  switch (calendar.every) {
    case 'day':
      return true;
    case 'week':
      return weekday === calendar.startsOn;
    case 'month':
      return day === Math.min(calendar.startsOn, daysInMonth);
  }
}

describe('the periods of any calendar, wherever clocks change', () => {
  test('hold every instant in exactly one of them', () => {
    fc.assert(
      fc.property(situation, ({ calendar, ms }) => {
        const span = spanAt(calendar, ms);
        expect(span.startMs).toBeLessThanOrEqual(ms);
        expect(ms).toBeLessThan(span.endMs);
        expect(spanAt(calendar, span.startMs)).toEqual(span);
        expect(spanAt(calendar, span.endMs - 1)).toEqual(span);
      }),
      RUNS,
    );
  });

  test('follow each other without gap or overlap', () => {
    fc.assert(
      fc.property(situation, ({ calendar, ms }) => {
        const span = spanAt(calendar, ms);
        expect(spanAt(calendar, span.endMs).startMs).toBe(span.endMs);
        expect(spanAt(calendar, span.startMs - 1).endMs).toBe(span.startMs);
      }),
      RUNS,
    );
  });

  test('begin with the first instant that clocks there call by the right day, or by one after it that was skipped', () => {
    fc.assert(
      fc.property(situation, ({ calendar, ms }) => {
        const { startMs } = spanAt(calendar, ms);
        const { timeZone } = calendar;
        const first = wallClock(startMs, timeZone);
        const before = wallClock(startMs - 1, timeZone);
        expect(before.date).toBeLessThan(first.date);
        // Apia had no 30 December 2011: what would begin then begins with the day that came instead.
        const days = [];
        for (let date = before.date + DAY_MS; date <= first.date; date += DAY_MS) {
          days.push(wallClock(date, 'UTC'));
        }
        expect(days.some((day) => isFirstDay(calendar, day))).toBe(true);
      }),
      RUNS,
    );
  });

  test('do not end before the next right day', () => {
    fc.assert(
      fc.property(situation, ({ calendar, ms }) => {
        const { startMs, endMs } = spanAt(calendar, ms);
        const first = wallClock(startMs, calendar.timeZone);
        const end = wallClock(endMs, calendar.timeZone);
        for (let date = first.date + DAY_MS; date < end.date; date += DAY_MS) {
          const day = wallClock(date, 'UTC');
          // Days that clocks skipped have no first instant of their own.
          if (date > wallClock(endMs - 1, calendar.timeZone).date) break;
          expect(isFirstDay(calendar, day)).toBe(false);
        }
      }),
      RUNS,
    );
  });
});

describe('known places and days', () => {
  const cases: [string, Calendar, string, string, string][] = [
    [
      'a day of 23 hours',
      { every: 'day', timeZone: 'Europe/Berlin' },
      '2026-03-29T12:00:00Z',
      '2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z',
    ],
    [
      'a day of 25 hours',
      { every: 'day', timeZone: 'Europe/Berlin' },
      '2026-10-25T12:00:00Z',
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ],
    [
      'a midnight that was skipped',
      { every: 'day', timeZone: 'America/Sao_Paulo' },
      '2018-11-04T12:00:00Z',
      '2018-11-04T03:00:00.000Z',
      '2018-11-05T02:00:00.000Z',
    ],
    [
      'a day that was skipped',
      { every: 'day', timeZone: 'Pacific/Apia' },
      '2011-12-30T09:59:59Z',
      '2011-12-29T10:00:00.000Z',
      '2011-12-30T10:00:00.000Z',
    ],
    [
      'a month from its 31st to the last of the next',
      { every: 'month', startsOn: 31, timeZone: 'UTC' },
      '2024-02-10T00:00:00Z',
      '2024-01-31T00:00:00.000Z',
      '2024-02-29T00:00:00.000Z',
    ],
    [
      'a month in a zone at a quarter to the hour',
      { every: 'month', startsOn: 1, timeZone: 'Asia/Kathmandu' },
      '2026-11-20T00:00:00Z',
      '2026-10-31T18:15:00.000Z',
      '2026-11-30T18:15:00.000Z',
    ],
  ];
  test.each(cases)('%s', (_, calendar, at, from, to) => {
    const { startMs, endMs } = spanAt(calendar, Date.parse(at));
    expect([new Date(startMs).toISOString(), new Date(endMs).toISOString()]).toEqual([from, to]);
  });

  test('an evening that came twice over midnight belongs to the later day the second time', () => {
    // St. John's set its clocks back from 00:01 to 23:01 until 2011.
    const calendar: Calendar = { every: 'day', timeZone: 'America/St_Johns' };
    const midnight = Date.parse('2010-11-07T02:30:00Z');
    const span = spanAt(calendar, midnight + 30 * MINUTE_MS);
    expect(span.startMs).toBe(midnight);
    expect(spanAt(calendar, midnight - 1).endMs).toBe(midnight);
  });
});

describe('a time zone', () => {
  test.each(['UTC', 'Europe/Berlin', 'Asia/Kathmandu'])('may be %s', (name) => {
    expect(isTimeZone(name)).toBe(true);
  });
  test.each(['', '+02:00', 'Mars/Olympus', 'Europe/Berlin '])('is not %j', (name) => {
    expect(isTimeZone(name)).toBe(false);
  });
  test('that is unknown is refused by name', () => {
    expect(() => spanAt({ every: 'day', timeZone: 'Mars/Olympus' }, 0)).toThrow('Mars/Olympus');
  });
});
