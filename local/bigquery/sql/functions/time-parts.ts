import { invalidQuery, unsupported } from '../../errors.ts';
import type { Expr } from '../ast.ts';
import { coerce } from '../coerce.ts';
import type { Context } from '../context.ts';
import { analyse, where } from '../expression.ts';
import type { Typed } from '../typed.ts';
import { DATE, INT64, type SqlType, TIME, TIMESTAMP, typeName } from '../types.ts';
import { literalText } from './define.ts';

/** Microseconds of the parts that have a fixed length. */
export const PART_MICROS: Record<string, number> = {
  MICROSECOND: 1,
  MILLISECOND: 1_000,
  SECOND: 1_000_000,
  MINUTE: 60_000_000,
  HOUR: 3_600_000_000,
  DAY: 86_400_000_000,
};

const UTC = ['UTC', 'Z', 'GMT', 'Etc/UTC', 'Etc/GMT', '+00', '+00:00', '+0', '-00:00'];

/** Accepts a time zone argument only when it is UTC written as a literal. */
export function requireUtc(zone: Expr | undefined): void {
  if (zone === undefined) return;
  const name = literalText(zone);
  if (name === undefined) throw unsupported('A time zone that is not a string literal');
  if (!UTC.includes(name)) throw unsupported(`Time zone '${name}' (only UTC is)`);
}

/** The date part an argument names, e.g. `DAY` or `WEEK(MONDAY)`. */
export function partOf(
  ctx: Context,
  expr: Expr | undefined,
  call: { at: number; name: string },
): string {
  if (expr?.kind !== 'path' || expr.parts.length !== 1) {
    throw invalidQuery(
      `A valid date part name is required for ${call.name} at ${where(ctx, call)}`,
    );
  }
  return expr.parts[0]!.toUpperCase();
}

/** DuckDB's value truncated to a part; weeks begin on Sunday unless WEEK(MONDAY) or ISOWEEK says otherwise. */
export function truncated(sql: string, part: string, allowed: string[], name: string): string {
  if (!allowed.includes(part)) throw unsupported(`${name} to ${part}`);
  if (part === 'WEEK' || part === 'WEEK(SUNDAY)') return `bq_sunday_week(${sql})`;
  if (part === 'ISOWEEK' || part === 'WEEK(MONDAY)') return `date_trunc('week', ${sql})`;
  return `date_trunc('${part.toLowerCase()}', ${sql})`;
}

/** A TIMESTAMP moved by an INTERVAL; only parts of fixed length, as in GoogleSQL. */
export function addInterval(
  ctx: Context,
  value: Typed,
  interval: Extract<Expr, { kind: 'interval' }>,
  sign: 1 | -1,
): Typed {
  const micros = PART_MICROS[interval.part];
  if (micros === undefined)
    throw invalidQuery(
      `TIMESTAMP arithmetic does not support the ${interval.part} date part at ${where(ctx, interval)}`,
    );
  const amount = coerce(analyse(ctx, interval.amount), INT64);
  if (amount === undefined)
    throw invalidQuery(`Interval value must be INT64 at ${where(ctx, interval)}`);
  return {
    sql: `(${value.sql} + to_microseconds(${sign * micros} * ${amount.sql}))`,
    type: TIMESTAMP,
  };
}

const EXTRACTS: Record<string, (sql: string) => string> = {
  MICROSECOND: (t) => `(extract('microseconds' FROM ${t}) % 1000000)`,
  MILLISECOND: (t) => `(extract('milliseconds' FROM ${t}) % 1000)`,
  SECOND: (t) => `extract('second' FROM ${t})`,
  MINUTE: (t) => `extract('minute' FROM ${t})`,
  HOUR: (t) => `extract('hour' FROM ${t})`,
  DAY: (t) => `extract('day' FROM ${t})`,
  DAYOFWEEK: (t) => `(extract('dayofweek' FROM ${t}) + 1)`,
  DAYOFYEAR: (t) => `extract('dayofyear' FROM ${t})`,
  ISOWEEK: (t) => `extract('week' FROM ${t})`,
  ISOYEAR: (t) => `extract('isoyear' FROM ${t})`,
  MONTH: (t) => `extract('month' FROM ${t})`,
  QUARTER: (t) => `extract('quarter' FROM ${t})`,
  YEAR: (t) => `extract('year' FROM ${t})`,
};
const CLOCK = ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR'];

/** `EXTRACT(part FROM value)`; for TIMESTAMP in UTC. */
export function extractPart(ctx: Context, expr: Extract<Expr, { kind: 'extract' }>): Typed {
  const value = analyse(ctx, expr.operand);
  requireUtc(expr.zone);
  const isTimestamp = value.type.kind === 'TIMESTAMP';
  if (isTimestamp && expr.part === 'DATE') return { sql: `CAST(${value.sql} AS DATE)`, type: DATE };
  if (isTimestamp && expr.part === 'TIME') return { sql: `CAST(${value.sql} AS TIME)`, type: TIME };
  const write = EXTRACTS[expr.part];
  if (write === undefined) throw unsupported(`EXTRACT of ${expr.part}`);
  const offers: Partial<Record<SqlType['kind'], boolean>> = {
    TIMESTAMP: true,
    DATE: !CLOCK.includes(expr.part),
    TIME: CLOCK.includes(expr.part),
  };
  if (offers[value.type.kind] !== true) {
    throw invalidQuery(
      `EXTRACT from ${typeName(value.type)} does not support the ${expr.part} date part at ${where(ctx, expr)}`,
    );
  }
  return { sql: `CAST(${write(value.sql)} AS BIGINT)`, type: INT64 };
}
