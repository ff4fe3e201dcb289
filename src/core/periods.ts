import { Temporal } from 'temporal-polyfill';
import { AppError } from './errors.ts';

export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** How often a period begins anew. A month that is shorter than `startsOn` (1 to 31) begins on its last day. */
export type PeriodRule =
  | { every: 'day' }
  | { every: 'week'; startsOn: Weekday }
  | { every: 'month'; startsOn: number };

/** A rule in an IANA time zone: periods begin with the first instant of a day there. */
export type Calendar = PeriodRule & { timeZone: string };

/** A half-open stretch of time, epoch ms. */
export type Span = { startMs: number; endMs: number };

/** Whether the name is an IANA time zone that this Node knows. Offsets such as `+02:00` are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The period that holds the instant (epoch ms). The periods of a calendar tile time: each ends where the next one
 * begins, whatever the clocks there do. Throws `invalid_time_zone`. Pure.
 */
export function spanAt(calendar: Calendar, ms: number): Span {
  const { timeZone } = calendar;
  let first = firstDay(calendar, localDate(ms, timeZone));
  // Where clocks go back across midnight an evening comes twice, the second time after the next day has begun.
  while (startOfDay(first, timeZone) > ms) first = firstDay(calendar, first.subtract({ days: 1 }));
  for (;;) {
    const next = nextFirstDay(calendar, first);
    const endMs = startOfDay(next, timeZone);
    if (endMs > ms) return { startMs: startOfDay(first, timeZone), endMs };
    first = next;
  }
}

/** A day of the calendar's time zone as people write it: `2026-11-20`. */
export function localDay(ms: number, timeZone: string): string {
  return localDate(ms, timeZone).toString();
}

/** A period for people, in its zone: `1 Nov 2026, 00:00 to 1 Dec 2026, 00:00 (Europe/Berlin)`. */
export function describeSpan({ startMs, endMs }: Span, timeZone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'medium',
    timeStyle: 'short',
  });
  return `${format.format(startMs)} to ${format.format(endMs)} (${timeZone})`;
}

/** The first day of the period that holds the day. */
function firstDay(calendar: Calendar, day: Temporal.PlainDate): Temporal.PlainDate {
  switch (calendar.every) {
    case 'day':
      return day;
    case 'week': {
      const since = (day.dayOfWeek - 1 - WEEKDAYS.indexOf(calendar.startsOn) + 7) % 7;
      return day.subtract({ days: since });
    }
    case 'month': {
      const first = dayOfMonth(day, calendar.startsOn);
      if (Temporal.PlainDate.compare(first, day) <= 0) return first;
      return dayOfMonth(day.with({ day: 1 }).subtract({ months: 1 }), calendar.startsOn);
    }
  }
}

function nextFirstDay(calendar: Calendar, first: Temporal.PlainDate): Temporal.PlainDate {
  switch (calendar.every) {
    case 'day':
      return first.add({ days: 1 });
    case 'week':
      return first.add({ weeks: 1 });
    case 'month':
      return dayOfMonth(first.with({ day: 1 }).add({ months: 1 }), calendar.startsOn);
  }
}

/** The day of that number in the date's month, or the month's last one. */
function dayOfMonth(date: Temporal.PlainDate, day: number): Temporal.PlainDate {
  return date.with({ day: Math.min(day, date.daysInMonth) });
}

function localDate(ms: number, timeZone: string): Temporal.PlainDate {
  return inZone(timeZone, () =>
    Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDate(),
  );
}

function startOfDay(day: Temporal.PlainDate, timeZone: string): number {
  return inZone(timeZone, () => day.toZonedDateTime(timeZone).epochMilliseconds);
}

function inZone<T>(timeZone: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (isTimeZone(timeZone)) throw cause;
    throw new AppError({
      code: 'invalid_time_zone',
      message: `${JSON.stringify(timeZone)} is not an IANA time zone`,
      cause,
    });
  }
}
