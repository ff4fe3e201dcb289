import { DAY_MS, formatInstant, MINUTE_MS, parseInstant } from '../core/time.ts';

/**
 * A time as it stands in a file, on the axis of its kind: a plain number; months since year 0; or milliseconds of the clock
 * it is written in. `write` says a place on that axis the way the file does.
 */
export type Tick = {
  kind: 'number' | 'month' | 'clock';
  at: number;
  write(at: number): string | number;
};

/** How far apart the ticks of a series are. `season` is what a step suggests; undefined: nothing. */
export type Step = {
  /** The slot of a tick, counted from the first one; not always whole. */
  slotOf(tick: Tick): number;
  /** The axis' place of a slot. */
  placeOf(slot: number): number;
  season: number | undefined;
};

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const MONTH = /^(\d{4})-(\d{2})$/;
const CLOCK =
  /^(\d{4}-\d{2}-\d{2})(?:([Tt ])(\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?$/;

/** A distance below this share of another is not the same one of a clock that drifts. */
const MUCH_SHORTER = 0.75;

/** What happens at this share of the places happens often. */
const OFTEN = 0.05;

/** Reads a number (`17`), a month (`2026-11`), a date or a time with or without seconds and zone; undefined for anything else. */
export function parseTick(text: string): Tick | undefined {
  if (NUMBER.test(text)) {
    const at = Number(text);
    return Number.isFinite(at)
      ? { kind: 'number', at, write: (to) => Number(to.toPrecision(12)) }
      : undefined;
  }
  const [, year, month] = MONTH.exec(text) ?? [];
  if (month !== undefined && +month >= 1 && +month <= 12) {
    const write = (at: number) =>
      `${String(Math.floor(at / 12)).padStart(4, '0')}-${String((at % 12) + 1).padStart(2, '0')}`;
    return { kind: 'month', at: 12 * Number(year) + Number(month) - 1, write };
  }
  const [, date, separator, minute, second, fraction, zone] = CLOCK.exec(text) ?? [];
  if (date === undefined || (zone !== undefined && separator === undefined)) return undefined;
  const at = parseInstant(`${date}T${minute ?? '00:00'}${second ?? ':00'}${fraction ?? ''}Z`);
  if (at === undefined) return undefined;
  const length = fraction !== undefined ? 23 : second !== undefined ? 19 : 16;
  const write = (to: number) => {
    const iso = formatInstant(to);
    return separator === undefined
      ? iso.slice(0, 10)
      : `${iso.slice(0, 10)}${separator}${iso.slice(11, length)}${zone ?? ''}`;
  };
  return { kind: 'clock', at, write };
}

/** The step of ticks in ascending order, all of one kind: their most frequent distance. One tick alone: a day, or 1. */
export function stepOf(ticks: readonly Tick[]): Step {
  const first = ticks[0]!;
  if (first.kind !== 'clock') {
    const length = commonDistance(ticks.map(({ at }) => at)) ?? 1;
    return evenly(first.at, length, first.kind === 'month' ? yearOf(length) : undefined);
  }
  const length = commonDistance(ticks.map(({ at }) => at)) ?? DAY_MS;
  if (length >= 28 * DAY_MS && length <= 366 * DAY_MS && sameDay(ticks)) return monthly(ticks);
  if (length === DAY_MS && skipsWeekends(ticks)) return workdays(first.at);
  return evenly(first.at, length, seasonOf(length));
}

function evenly(start: number, length: number, season: number | undefined): Step {
  return {
    slotOf: ({ at }) => (at - start) / length,
    placeOf: (slot) => start + slot * length,
    season,
  };
}

/** Steps of whole months on the same day, the last day of a month included. */
function monthly(ticks: readonly Tick[]): Step {
  const start = ticks[0]!.at;
  const isLastDay = ticks.every(lastOfMonth);
  const months = (at: number) => {
    const date = new Date(at);
    return 12 * date.getUTCFullYear() + date.getUTCMonth();
  };
  const length = commonDistance(ticks.map(({ at }) => months(at))) ?? 1;
  const first = new Date(start);
  const [year, month, day] = [first.getUTCFullYear(), first.getUTCMonth(), first.getUTCDate()];
  const placeOf = (slot: number) => {
    const to = month + slot * length;
    const lastDay = new Date(Date.UTC(year, to + 1, 0)).getUTCDate();
    const date = Date.UTC(year, to, isLastDay ? lastDay : Math.min(day, lastDay));
    return date + (start % DAY_MS);
  };
  return {
    slotOf: ({ at }) => (months(at) - months(start)) / length,
    placeOf,
    season: yearOf(length),
  };
}

/** Whether all lie on the same day of a month, or all on its last. */
function sameDay(ticks: readonly Tick[]): boolean {
  const day = new Date(ticks[0]!.at).getUTCDate();
  return ticks.every(({ at }) => new Date(at).getUTCDate() === day) || ticks.every(lastOfMonth);
}

const lastOfMonth = ({ at }: Tick): boolean => new Date(at + DAY_MS).getUTCDate() === 1;

/** Steps from Monday to Friday. */
function workdays(start: number): Step {
  const weekday = (new Date(start).getUTCDay() + 6) % 7;
  return {
    slotOf: ({ at }) => {
      const days = Math.round((at - start) / DAY_MS) + weekday;
      return 5 * Math.floor(days / 7) + (days % 7) - weekday;
    },
    placeOf: (slot) => {
      const days = 7 * Math.floor((slot + weekday) / 5) + ((slot + weekday) % 5);
      return start + (days - weekday) * DAY_MS;
    },
    season: 5,
  };
}

function skipsWeekends(ticks: readonly Tick[]): boolean {
  const spans = ticks.at(-1)!.at - ticks[0]!.at >= 14 * DAY_MS;
  return spans && ticks.every(({ at }) => new Date(at).getUTCDay() % 6 !== 0);
}

/** The most frequent distance between neighbours; but where there are many gaps, the shortest of those seen often. */
function commonDistance(places: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (let at = 1; at < places.length; at += 1) {
    const distance = Number((places[at]! - places[at - 1]!).toPrecision(9));
    if (distance > 0) counts.set(distance, (counts.get(distance) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  if (most === undefined) return undefined;
  const shorter = [...counts]
    .filter(
      ([distance, count]) => distance < MUCH_SHORTER * most[0] && count >= OFTEN * places.length,
    )
    .map(([distance]) => distance);
  return Math.min(most[0], ...shorter);
}

const yearOf = (months: number): number => (12 % months === 0 ? 12 / months : 1);

function seasonOf(lengthMs: number): number | undefined {
  if (lengthMs === 7 * DAY_MS) return 52;
  if (lengthMs === DAY_MS) return 7;
  const perDay = DAY_MS / lengthMs;
  return lengthMs >= MINUTE_MS && Number.isInteger(perDay) && perDay >= 2 ? perDay : undefined;
}
