import { invalidQuery, unsupported } from '../../errors.ts';
import type { FrameBound, Window } from '../ast.ts';
import { coerce, unify } from '../coerce.ts';
import type { Context } from '../context.ts';
import { analyse, noSignature, where } from '../expression.ts';
import { resolveWindow } from '../partition-filter.ts';
import { direction } from '../query.ts';
import type { Typed } from '../typed.ts';
import { FLOAT64, INT64 } from '../types.ts';
import { argsOf, type CallNode, refuse } from './define.ts';

type WindowFunction = (args: Typed[], call: CallNode, ctx: Context, over: string) => Typed;

const numbering =
  (name: string, type = INT64): WindowFunction =>
  (_args, _call, _ctx, over) => ({ sql: `${name}()${over}`, type });

const offset =
  (name: string): WindowFunction =>
  (args, call, ctx, over) => {
    const [value, distance, fallback] = args;
    if (value === undefined || args.length > 3) throw refuse(ctx, call, args);
    const steps = distance === undefined ? `1` : coerce(distance, INT64)?.sql;
    if (steps === undefined) throw refuse(ctx, call, args);
    if (fallback === undefined)
      return { sql: `${name}(${value.sql}, ${steps})${over}`, type: value.type };
    const both = unify([value, fallback], () =>
      noSignature(ctx, call, `function ${call.name}`, args),
    );
    return {
      sql: `${name}(${both.values[0]!.sql}, ${steps}, ${both.values[1]!.sql})${over}`,
      type: both.type,
    };
  };

const picking =
  (name: string): WindowFunction =>
  (args, call, ctx, over) => {
    const [value, nth] = args;
    if (value === undefined || args.length !== (name === 'nth_value' ? 2 : 1))
      throw refuse(ctx, call, args);
    const list = nth === undefined ? value.sql : `${value.sql}, ${nth.sql}`;
    return {
      sql: `${name}(${list}${call.nulls === 'IGNORE' ? ' IGNORE NULLS' : ''})${over}`,
      type: value.type,
    };
  };

const ntile: WindowFunction = (args, call, ctx, over) => {
  const count = args.length === 1 ? coerce(args[0]!, INT64) : undefined;
  if (count === undefined) throw refuse(ctx, call, args);
  return { sql: `ntile(${count.sql})${over}`, type: INT64 };
};

const WINDOW_FUNCTIONS: Record<string, WindowFunction> = {
  CUME_DIST: numbering('cume_dist', FLOAT64),
  DENSE_RANK: numbering('dense_rank'),
  FIRST_VALUE: picking('first_value'),
  LAG: offset('lag'),
  LAST_VALUE: picking('last_value'),
  LEAD: offset('lead'),
  NTH_VALUE: picking('nth_value'),
  NTILE: ntile,
  PERCENT_RANK: numbering('percent_rank', FLOAT64),
  RANK: numbering('rank'),
  ROW_NUMBER: numbering('row_number'),
};

/** Whether a name (upper case) is a numbering or navigation function. */
export function isWindowFunction(name: string): boolean {
  return WINDOW_FUNCTIONS[name] !== undefined;
}

/** A numbering or navigation function. Throws when OVER is missing. */
export function analyseWindowFunction(ctx: Context, call: CallNode, over: string): Typed {
  if (over === '')
    throw invalidQuery(
      `Window function ${call.name} cannot be called without an OVER clause at ${where(ctx, call)}`,
    );
  if (call.distinct || call.star || call.orderBy.length > 0) throw refuse(ctx, call, []);
  return WINDOW_FUNCTIONS[call.name]!(argsOf(ctx, call), call, ctx, over);
}

function boundSql(ctx: Context, bound: FrameBound): string {
  return 'amount' in bound ? `${analyse(ctx, bound.amount).sql} ${bound.kind}` : bound.kind;
}

/** The OVER clause of a call, and a note of its PARTITION BY for the partition filter rule. */
export function overSql(ctx: Context, over: Window | undefined): string {
  if (over === undefined) return '';
  if (ctx.select === undefined) throw unsupported('A window function outside SELECT');
  const window = resolveWindow(over, ctx.select.windows);
  const partitions = window.partitionBy.map((expr) => analyse(ctx, expr));
  ctx.select.partitions.push(partitions);
  const order = window.orderBy
    .map((item) => `${analyse(ctx, item.expr).sql}${direction(item)}`)
    .join(', ');
  const { frame } = window;
  const clauses = [
    partitions.length === 0 ? '' : `PARTITION BY ${partitions.map((p) => p.sql).join(', ')}`,
    order === '' ? '' : `ORDER BY ${order}`,
    frame === undefined
      ? ''
      : `${frame.unit} BETWEEN ${boundSql(ctx, frame.from)} AND ${frame.to === undefined ? 'CURRENT ROW' : boundSql(ctx, frame.to)}`,
  ];
  return ` OVER (${clauses.filter((clause) => clause !== '').join(' ')})`;
}
