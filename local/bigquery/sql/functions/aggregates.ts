import { invalidQuery, unsupported } from '../../errors.ts';
import { coerce } from '../coerce.ts';
import type { Context } from '../context.ts';
import { analyse, where } from '../expression.ts';
import { direction } from '../query.ts';
import type { Typed } from '../typed.ts';
import {
  arrayOf,
  BOOL,
  FLOAT64,
  INT64,
  isOrderable,
  NUMERIC,
  type SqlType,
  STRING,
  typeName,
} from '../types.ts';
import { type CallNode, refuse } from './define.ts';

/** Parts of an aggregate call as DuckDB takes them. */
type Parts = { args: Typed[]; distinct: string; order: string; filter: string[]; over: string };
type Aggregate = (parts: Parts, call: CallNode, ctx: Context) => Typed;

function write(name: string, args: string[], parts: Parts): string {
  const filter = parts.filter.length === 0 ? '' : ` FILTER (WHERE ${parts.filter.join(' AND ')})`;
  return `${name}(${parts.distinct}${args.join(', ')}${parts.order})${filter}${parts.over}`;
}

function single(ctx: Context, call: CallNode, parts: Parts, ...types: SqlType[]): Typed {
  const [arg] = parts.args;
  const type =
    types.find((t) => arg?.type.kind === t.kind) ??
    types.find((t) => arg !== undefined && coerce(arg, t) !== undefined);
  if (parts.args.length !== 1 || type === undefined) throw refuse(ctx, call, parts.args);
  return coerce(arg!, type)!;
}

const sum: Aggregate = (parts, call, ctx) => {
  const arg = single(ctx, call, parts, INT64, NUMERIC, FLOAT64);
  const total = write('sum', [arg.sql], parts);
  // DuckDB widens integer sums; GoogleSQL overflows at INT64, and so does the cast.
  return { sql: arg.type.kind === 'INT64' ? `CAST(${total} AS BIGINT)` : total, type: arg.type };
};

const average: Aggregate = (parts, call, ctx) => {
  const arg = single(ctx, call, parts, NUMERIC, INT64, FLOAT64);
  if (arg.type.kind === 'NUMERIC') {
    return {
      sql: `bq_numeric_avg(${write('sum', [arg.sql], parts)}, ${write('count', [arg.sql], parts)})`,
      type: NUMERIC,
    };
  }
  return { sql: write('avg', [arg.sql], parts), type: FLOAT64 };
};

const count: Aggregate = (parts, call, ctx) => {
  if (call.star) return { sql: write('count', ['*'], parts), type: INT64 };
  if (parts.args.length !== 1) throw refuse(ctx, call, parts.args);
  return { sql: write('count', [parts.args[0]!.sql], parts), type: INT64 };
};

const extreme =
  (name: string): Aggregate =>
  (parts, call, ctx) => {
    const [arg] = parts.args;
    if (parts.args.length !== 1 || arg === undefined || !isOrderable(arg.type))
      throw refuse(ctx, call, parts.args);
    return { sql: write(name, [arg.sql], parts), type: arg.type };
  };

const statistics =
  (name: string, args = 1): Aggregate =>
  (parts, call, ctx) => {
    const values = parts.args.map((arg) => coerce(arg, FLOAT64));
    if (values.length !== args || values.includes(undefined)) throw refuse(ctx, call, parts.args);
    return {
      sql: write(
        name,
        values.map((v) => v!.sql),
        parts,
      ),
      type: FLOAT64,
    };
  };

const logical =
  (name: string): Aggregate =>
  (parts, call, ctx) => ({
    sql: write(name, [single(ctx, call, parts, BOOL).sql], parts),
    type: BOOL,
  });

const countIf: Aggregate = (parts, call, ctx) => {
  const condition = single(ctx, call, parts, BOOL).sql;
  return { sql: write('count', [`CASE WHEN ${condition} THEN TRUE END`], parts), type: INT64 };
};

const stringAgg: Aggregate = (parts, call, ctx) => {
  const [text, delimiter] = parts.args.map((arg) => coerce(arg, STRING));
  if (text === undefined || parts.args.length > 2) throw refuse(ctx, call, parts.args);
  if (call.limit !== undefined) throw unsupported('STRING_AGG with LIMIT');
  return { sql: write('string_agg', [text.sql, delimiter?.sql ?? `','`], parts), type: STRING };
};

const arrayAgg: Aggregate = (parts, call, ctx) => {
  const [arg] = parts.args;
  if (arg === undefined || parts.args.length !== 1) throw refuse(ctx, call, parts.args);
  if (arg.type.kind === 'ARRAY')
    throw invalidQuery(
      `The argument to ARRAY_AGG must not be an array type but was ${typeName(arg.type)} at ${where(ctx, call)}`,
    );
  const filter =
    call.nulls === 'IGNORE' ? [...parts.filter, `${arg.sql} IS NOT NULL`] : parts.filter;
  const list = write('list', [arg.sql], { ...parts, filter });
  if (call.limit === undefined) return { sql: list, type: arrayOf(arg.type) };
  return { sql: `(${list})[1:${analyse(ctx, call.limit).sql}]`, type: arrayOf(arg.type) };
};

const anyValue: Aggregate = (parts, call, ctx) => {
  const [arg] = parts.args;
  if (arg === undefined || parts.args.length !== 1) throw refuse(ctx, call, parts.args);
  if (call.having === undefined)
    return { sql: write('any_value', [arg.sql], parts), type: arg.type };
  const by = analyse(ctx, call.having.by).sql;
  const name = call.having.kind === 'MAX' ? 'arg_max_null' : 'arg_min_null';
  return { sql: write(name, [arg.sql, by], parts), type: arg.type };
};

const approxCountDistinct: Aggregate = (parts, call, ctx) => {
  if (parts.args.length !== 1) throw refuse(ctx, call, parts.args);
  return {
    sql: write('count', [parts.args[0]!.sql], { ...parts, distinct: 'DISTINCT ' }),
    type: INT64,
  };
};

// Exact quantiles are within what the approximate function promises.
const approxQuantiles: Aggregate = (parts, call, ctx) => {
  const [arg, number] = parts.args;
  if (arg === undefined || !isOrderable(arg.type) || number?.literal?.kind !== 'int')
    throw refuse(ctx, call, parts.args);
  const n = Number(number.literal.text);
  const points = Array.from({ length: n + 1 }, (_, i) => i / n);
  return {
    sql: write('quantile_disc', [arg.sql, `[${points.join(', ')}]`], parts),
    type: arrayOf(arg.type),
  };
};

const quantile =
  (name: string): Aggregate =>
  (parts, call, ctx) => {
    const [arg, point] = parts.args;
    if (parts.over === '' || arg === undefined || point === undefined)
      throw unsupported(`${call.name} without OVER`);
    if (call.name === 'PERCENTILE_CONT' && arg.type.kind === 'NUMERIC')
      throw unsupported('PERCENTILE_CONT over NUMERIC (CAST to FLOAT64 first)');
    if (!['int', 'float'].includes(point.literal?.kind ?? '') || call.nulls === 'RESPECT')
      throw refuse(ctx, call, parts.args);
    const value = call.name === 'PERCENTILE_CONT' ? coerce(arg, FLOAT64) : arg;
    if (value === undefined || !isOrderable(value.type)) throw refuse(ctx, call, parts.args);
    return { sql: write(name, [value.sql, point.literal!.text], parts), type: value.type };
  };

const AGGREGATES: Record<string, Aggregate> = {
  ANY_VALUE: anyValue,
  APPROX_COUNT_DISTINCT: approxCountDistinct,
  APPROX_QUANTILES: approxQuantiles,
  ARRAY_AGG: arrayAgg,
  AVG: average,
  CORR: statistics('corr', 2),
  COUNT: count,
  COUNTIF: countIf,
  COVAR_POP: statistics('covar_pop', 2),
  COVAR_SAMP: statistics('covar_samp', 2),
  LOGICAL_AND: logical('bool_and'),
  LOGICAL_OR: logical('bool_or'),
  MAX: extreme('max'),
  MIN: extreme('min'),
  PERCENTILE_CONT: quantile('quantile_cont'),
  PERCENTILE_DISC: quantile('quantile_disc'),
  STDDEV: statistics('stddev_samp'),
  STDDEV_POP: statistics('stddev_pop'),
  STDDEV_SAMP: statistics('stddev_samp'),
  STRING_AGG: stringAgg,
  SUM: sum,
  VARIANCE: statistics('var_samp'),
  VAR_POP: statistics('var_pop'),
  VAR_SAMP: statistics('var_samp'),
};

const TAKES_ORDER = ['ARRAY_AGG', 'STRING_AGG'];

/** Whether a name (upper case) is an aggregate function. */
export function isAggregate(name: string): boolean {
  return AGGREGATES[name] !== undefined;
}

/** An aggregate call; `over` is the written OVER clause, empty for a plain aggregate. */
export function analyseAggregate(ctx: Context, call: CallNode, over: string): Typed {
  if (over === '' && ctx.select !== undefined) ctx.select.hasAggregate = true;
  if (ctx.inAggregate && over === '')
    throw invalidQuery(`Aggregations of aggregations are not allowed at ${where(ctx, call)}`);
  const refuses = (what: string) => unsupported(`${call.name} with ${what}`);
  if (call.orderBy.length > 0 && !TAKES_ORDER.includes(call.name)) throw refuses('ORDER BY');
  if (call.having !== undefined && call.name !== 'ANY_VALUE') throw refuses('HAVING');
  if (call.limit !== undefined && !TAKES_ORDER.includes(call.name)) throw refuses('LIMIT');
  if (call.nulls === 'IGNORE' && call.name !== 'ARRAY_AGG') throw refuses('IGNORE NULLS');
  const inner: Context = { ...ctx, inAggregate: over === '' ? true : ctx.inAggregate };
  const order = call.orderBy
    .map((item) => `${analyse(inner, item.expr).sql}${direction(item)}`)
    .join(', ');
  const parts: Parts = {
    args: call.args.map((arg) => analyse(inner, arg)),
    distinct: call.distinct ? 'DISTINCT ' : '',
    order: order === '' ? '' : ` ORDER BY ${order}`,
    filter: [],
    over,
  };
  return AGGREGATES[call.name]!(parts, call, inner);
}
