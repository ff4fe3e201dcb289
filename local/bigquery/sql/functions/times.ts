import { invalidQuery, unsupported } from '../../errors.ts';
import type { Expr } from '../ast.ts';
import { castTo } from '../cast.ts';
import { coerce } from '../coerce.ts';
import type { Context } from '../context.ts';
import { analyse, where } from '../expression.ts';
import { sqlString, type Typed } from '../typed.ts';
import { arrayOf, DATE, INT64, type SqlType, STRING, TIMESTAMP, typeName } from '../types.ts';
import {
  argsOf,
  type CallNode,
  type FunctionSpec,
  fixed,
  type Library,
  literalText,
  overloaded,
  refuse,
  signature,
} from './define.ts';
import { strftime, strptime } from './time-formats.ts';
import { addInterval, PART_MICROS, partOf, requireUtc, truncated } from './time-parts.ts';

const DATE_PARTS = [
  'DAY',
  'WEEK',
  'WEEK(SUNDAY)',
  'WEEK(MONDAY)',
  'ISOWEEK',
  'MONTH',
  'QUARTER',
  'YEAR',
];
const TIME_PARTS = ['MICROSECOND', 'MILLISECOND', 'SECOND', 'MINUTE', 'HOUR', ...DATE_PARTS];

function argument(ctx: Context, call: CallNode, index: number, type: SqlType): Typed {
  const expr = call.args[index];
  const value = expr === undefined ? undefined : coerce(analyse(ctx, expr), type);
  if (value === undefined)
    throw invalidQuery(
      `Argument ${index + 1} of ${call.name} must be ${typeName(type)} at ${where(ctx, call)}`,
    );
  return value;
}

const truncateTimestamp: FunctionSpec = (ctx, call) => {
  requireUtc(call.args[2]);
  const sql = truncated(
    argument(ctx, call, 0, TIMESTAMP).sql,
    partOf(ctx, call.args[1], call),
    TIME_PARTS,
    call.name,
  );
  return { sql: `CAST(${sql} AS TIMESTAMP)`, type: TIMESTAMP };
};
const truncateDate: FunctionSpec = (ctx, call) => {
  if (analyse(ctx, call.args[0]!).type.kind === 'TIMESTAMP') return truncateTimestamp(ctx, call);
  const sql = truncated(
    argument(ctx, call, 0, DATE).sql,
    partOf(ctx, call.args[1], call),
    DATE_PARTS,
    call.name,
  );
  return { sql: `CAST(${sql} AS DATE)`, type: DATE };
};

// Whole parts between two instants, cut towards zero; DuckDB's own date_diff counts boundaries.
const timestampDiff: FunctionSpec = (ctx, call) => {
  const [a, b] = [argument(ctx, call, 0, TIMESTAMP), argument(ctx, call, 1, TIMESTAMP)];
  const part = partOf(ctx, call.args[2], call);
  const micros = PART_MICROS[part];
  if (micros === undefined)
    throw invalidQuery(
      `TIMESTAMP_DIFF does not support the ${part} date part at ${where(ctx, call)}`,
    );
  return { sql: `((epoch_us(${a.sql}) - epoch_us(${b.sql})) // ${micros})`, type: INT64 };
};
const dateDiff: FunctionSpec = (ctx, call) => {
  if (analyse(ctx, call.args[0]!).type.kind === 'TIMESTAMP') return timestampDiff(ctx, call);
  const [a, b] = [argument(ctx, call, 0, DATE).sql, argument(ctx, call, 1, DATE).sql];
  const part = partOf(ctx, call.args[2], call);
  if (!DATE_PARTS.includes(part)) throw unsupported(`DATE_DIFF in ${part}`);
  const isWeek = part.includes('WEEK');
  const from = isWeek ? truncated(b, part, DATE_PARTS, call.name) : b;
  const to = isWeek ? truncated(a, part, DATE_PARTS, call.name) : a;
  const unit = isWeek ? 'day' : part.toLowerCase();
  const days = `date_diff('${unit}', CAST(${from} AS DATE), CAST(${to} AS DATE))`;
  return { sql: isWeek ? `(${days} // 7)` : days, type: INT64 };
};

const shiftTimestamp =
  (sign: 1 | -1): FunctionSpec =>
  (ctx, call) => {
    const interval = call.args[1];
    if (interval?.kind !== 'interval')
      throw invalidQuery(`${call.name} needs an INTERVAL at ${where(ctx, call)}`);
    return addInterval(ctx, argument(ctx, call, 0, TIMESTAMP), interval, sign);
  };
const shiftDate =
  (sign: 1 | -1): FunctionSpec =>
  (ctx, call) => {
    const interval = call.args[1];
    if (interval?.kind !== 'interval')
      throw invalidQuery(`${call.name} needs an INTERVAL at ${where(ctx, call)}`);
    if (analyse(ctx, call.args[0]!).type.kind === 'TIMESTAMP')
      return shiftTimestamp(sign)(ctx, call);
    const units: Record<string, string> = {
      DAY: 'days',
      WEEK: 'weeks',
      MONTH: 'months',
      YEAR: 'years',
    };
    const unit = interval.part === 'QUARTER' ? 'months' : units[interval.part];
    if (unit === undefined)
      throw invalidQuery(
        `${call.name} does not support the ${interval.part} date part at ${where(ctx, call)}`,
      );
    const amount = coerce(analyse(ctx, interval.amount), INT64);
    if (amount === undefined)
      throw invalidQuery(`Interval value must be INT64 at ${where(ctx, interval)}`);
    const factor = sign * (interval.part === 'QUARTER' ? 3 : 1);
    const shift = `to_${unit}(CAST(${factor} * ${amount.sql} AS INTEGER))`;
    return { sql: `CAST(${argument(ctx, call, 0, DATE).sql} + ${shift} AS DATE)`, type: DATE };
  };

const format =
  (type: SqlType): FunctionSpec =>
  (ctx, call) => {
    const pattern = literalText(call.args[0]);
    if (pattern === undefined)
      throw unsupported(`${call.name} with a format that is not a string literal`);
    requireUtc(call.args[2]);
    return { sql: strftime(argument(ctx, call, 1, type).sql, pattern, call.name), type: STRING };
  };
const parse =
  (type: SqlType): FunctionSpec =>
  (ctx, call) => {
    const pattern = literalText(call.args[0]);
    if (pattern === undefined)
      throw unsupported(`${call.name} with a format that is not a string literal`);
    requireUtc(call.args[2]);
    const text = argument(ctx, call, 1, STRING).sql;
    return {
      sql: `CAST(strptime(${text}, ${sqlString(strptime(pattern, call.name))}) AS ${type.kind})`,
      type,
    };
  };

const timestamp: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  requireUtc(call.args[1]);
  if (!['STRING', 'DATE', 'TIMESTAMP', 'UNKNOWN'].includes(args[0]?.type.kind ?? ''))
    throw refuse(ctx, call, args);
  return castTo(coerce(args[0]!, TIMESTAMP) ?? args[0]!, TIMESTAMP, false);
};
const date: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  if (args.length === 3)
    return fixed(
      [INT64, INT64, INT64],
      DATE,
      (y, m, d) => `make_date(${y}, ${m}, ${d})`,
    )(ctx, call);
  requireUtc(call.args[1]);
  if (
    !['TIMESTAMP', 'DATE', 'UNKNOWN'].includes(args[0]?.type.kind ?? '') &&
    args[0]?.literal?.kind !== 'string'
  )
    throw refuse(ctx, call, args);
  return castTo(args[0]!, DATE, false);
};

function series(type: SqlType): FunctionSpec {
  return (ctx, call) => {
    const step: Expr = call.args[2] ?? {
      kind: 'interval',
      amount: { kind: 'int', text: '1', at: call.at },
      part: 'DAY',
      at: call.at,
    };
    const micros = step.kind === 'interval' ? PART_MICROS[step.part] : undefined;
    if (step.kind !== 'interval' || micros === undefined)
      throw unsupported(`${call.name} in steps other than DAY or shorter`);
    const [from, to] = [argument(ctx, call, 0, type), argument(ctx, call, 1, type)];
    const amount = coerce(analyse(ctx, step.amount), INT64)!.sql;
    const list = `generate_series(CAST(${from.sql} AS TIMESTAMP), CAST(${to.sql} AS TIMESTAMP), to_microseconds(${micros} * ${amount}))`;
    return { sql: `CAST(${list} AS ${type.kind}[])`, type: arrayOf(type) };
  };
}

const epoch = (per: number): FunctionSpec => {
  // Rounds towards minus infinity, as GoogleSQL does before 1970.
  return fixed(
    [TIMESTAMP],
    INT64,
    (t) => `((epoch_us(${t}) - ((epoch_us(${t}) % ${per}) + ${per}) % ${per}) // ${per})`,
  );
};
const fromEpoch = (micros: number) =>
  fixed([INT64], TIMESTAMP, (n) => `make_timestamp(${n} * ${micros})`);

/** Dates and times; time zones other than UTC are refused. */
export const TIMES: Library = {
  CURRENT_DATE: (ctx, call) => {
    requireUtc(call.args[0]);
    return { sql: `CAST(make_timestamp(${ctx.statement.env.nowMicros}) AS DATE)`, type: DATE };
  },
  CURRENT_TIMESTAMP: (ctx) => ({
    sql: `make_timestamp(${ctx.statement.env.nowMicros})`,
    type: TIMESTAMP,
  }),
  DATE: date,
  DATE_ADD: shiftDate(1),
  DATE_DIFF: dateDiff,
  DATE_FROM_UNIX_DATE: fixed([INT64], DATE, (n) => `(DATE '1970-01-01' + CAST(${n} AS INTEGER))`),
  DATE_SUB: shiftDate(-1),
  DATE_TRUNC: truncateDate,
  FORMAT_DATE: format(DATE),
  FORMAT_TIMESTAMP: format(TIMESTAMP),
  GENERATE_DATE_ARRAY: series(DATE),
  GENERATE_TIMESTAMP_ARRAY: series(TIMESTAMP),
  LAST_DAY: (ctx, call) => {
    if (call.args.length > 1 && partOf(ctx, call.args[1], call) !== 'MONTH')
      throw unsupported('LAST_DAY of a part other than MONTH');
    return { sql: `last_day(${argument(ctx, call, 0, DATE).sql})`, type: DATE };
  },
  PARSE_DATE: parse(DATE),
  PARSE_TIMESTAMP: parse(TIMESTAMP),
  TIMESTAMP: timestamp,
  TIMESTAMP_ADD: shiftTimestamp(1),
  TIMESTAMP_DIFF: timestampDiff,
  TIMESTAMP_MICROS: fromEpoch(1),
  TIMESTAMP_MILLIS: fromEpoch(1_000),
  TIMESTAMP_SECONDS: fromEpoch(1_000_000),
  TIMESTAMP_SUB: shiftTimestamp(-1),
  TIMESTAMP_TRUNC: truncateTimestamp,
  UNIX_DATE: overloaded(
    signature([DATE], INT64, (d) => `date_diff('day', DATE '1970-01-01', ${d})`),
  ),
  UNIX_MICROS: fixed([TIMESTAMP], INT64, (t) => `epoch_us(${t})`),
  UNIX_MILLIS: epoch(1_000),
  UNIX_SECONDS: epoch(1_000_000),
};
