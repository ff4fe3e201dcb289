/** A point in time as log entries carry it: RFC 3339 in UTC with nine decimals, so that texts sort as times do. */
export type LogTime = string;

export type WireTime = { seconds: string | number; nanos: number };

/** The text of a protobuf Timestamp. */
export function timeOfWire({ seconds, nanos }: WireTime): LogTime {
  return format(Number(seconds), nanos);
}

/** The text of milliseconds since the epoch. */
export function timeOfMs(ms: number): LogTime {
  const seconds = Math.floor(ms / 1000);
  return format(seconds, Math.round((ms - seconds * 1000) * 1_000_000));
}

export function msOfTime(time: LogTime): number {
  return Date.parse(`${time.slice(0, 23)}Z`);
}

/** Nanoseconds since the epoch. */
export function nanosOfTime(time: LogTime): bigint {
  const { seconds, nanos } = wireOfTime(time);
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

/** A protobuf Timestamp. */
export function wireOfTime(time: LogTime): { seconds: number; nanos: number } {
  return { seconds: Date.parse(`${time.slice(0, 19)}Z`) / 1000, nanos: Number(time.slice(20, 29)) };
}

/** Reads RFC 3339 with any zone and up to nine decimals, or a date alone; undefined when it is neither. */
export function parseTime(text: string): LogTime | undefined {
  const [, head, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d)?)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)?$/.exec(
      text,
    ) ?? [];
  if (head === undefined) return undefined;
  const full = head.length === 10 ? `${head}T00:00:00` : head.replace(/[t ]/, 'T');
  const ms = Date.parse(`${full}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : format(ms / 1000, Number(fraction.padEnd(9, '0')));
}

function format(seconds: number, nanos: number): LogTime {
  const head = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${head}.${String(nanos).padStart(9, '0')}Z`;
}
