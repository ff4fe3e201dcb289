import { AppError } from './errors.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** The sizes of a rollup bucket, all in UTC. */
export type Grain = 'hour' | 'day' | 'month';

const INSTANT =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/**
 * An RFC 3339 instant with a zone as epoch milliseconds (finer digits are cut off), or undefined when the
 * text is not one. Dates that do not exist (30 February, 25:00) are not instants; a leap second is not either.
 */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHour, zoneMinute] =
    match;
  const local = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
  const date = new Date(local);
  const exists =
    date.getUTCMonth() === +month! - 1 &&
    date.getUTCDate() === +day! &&
    +hour! < 24 &&
    +minute! < 60 &&
    +second! < 60;
  if (!exists || +year! < 100) return undefined;
  const milliseconds = +fraction.slice(0, 3).padEnd(3, '0');
  if (sign === undefined) return local + milliseconds;
  if (+zoneHour! > 23 || +zoneMinute! > 59) return undefined;
  const offset = (+zoneHour! * 60 + +zoneMinute!) * MINUTE_MS;
  return local + milliseconds - (sign === '-' ? -offset : offset);
}

/** Epoch milliseconds as RFC 3339 in UTC with milliseconds. */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString();
}

/** `2026-11-20T12` */
export function hourOf(ms: number): string {
  return formatInstant(ms).slice(0, 13);
}

/** `2026-11-20` */
export function dayOf(ms: number): string {
  return formatInstant(ms).slice(0, 10);
}

/** `2026-11` */
export function monthOf(ms: number): string {
  return formatInstant(ms).slice(0, 7);
}

/** The name of the bucket of this grain that holds the instant. */
export function bucketOf(grain: Grain, ms: number): string {
  return grain === 'hour' ? hourOf(ms) : grain === 'day' ? dayOf(ms) : monthOf(ms);
}

/** The first instant (epoch ms) of a bucket named as by `bucketOf`; throws `invalid_bucket`. */
export function bucketStart(grain: Grain, bucket: string): number {
  const suffix = grain === 'hour' ? ':00:00Z' : grain === 'day' ? 'T00:00:00Z' : '-01T00:00:00Z';
  const start = parseInstant(bucket + suffix);
  if (start === undefined) {
    throw new AppError({
      code: 'invalid_bucket',
      message: `${bucket} is not the name of a ${grain}`,
    });
  }
  return start;
}

/** The first instant (epoch ms) after a bucket: the start of the next one. */
export function bucketEnd(grain: Grain, bucket: string): number {
  const start = bucketStart(grain, bucket);
  if (grain === 'hour') return start + HOUR_MS;
  if (grain === 'day') return start + DAY_MS;
  const date = new Date(start);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
