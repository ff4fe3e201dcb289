import { invalidQuery } from '../errors.ts';
import type { Expr, OrderItem, Query, QueryBody, SetOp } from './ast.ts';
import { coerce, supertype } from './coerce.ts';
import type { AnalysedQuery, Context } from './context.ts';
import { analyse, where } from './expression.ts';
import { emptyScope, type RangeVar } from './scope.ts';
import { analyseSelect } from './select.ts';
import { isOrderable, typeName } from './types.ts';

/**
 * Analyses a query. Its DuckDB SQL yields columns named `c1`, `c2`, … in order; `columns` has their GoogleSQL names
 * and types; `demands` are partition filters that its reader must still bring.
 */
export function analyseQuery(outer: Context, query: Query): AnalysedQuery {
  const ctx: Context = { ...outer, ctes: new Map(outer.ctes) };
  const withItems: string[] = [];
  for (const cte of query.ctes) {
    const analysed = analyseQuery({ ...ctx, select: undefined }, cte.query);
    const name = ctx.statement.nextName();
    ctx.ctes.set(cte.name.toLowerCase(), { name, query: analysed });
    withItems.push(`${name} AS (${analysed.sql})`);
  }
  const limit = limitSql(ctx, query);
  const result = analyseBody(ctx, query.body, query.orderBy, limit);
  const prefix = withItems.length === 0 ? '' : `WITH ${withItems.join(', ')} `;
  return { ...result, sql: `${prefix}${result.sql}` };
}

function analyseBody(
  ctx: Context,
  body: QueryBody,
  orderBy: OrderItem[],
  limit: string,
): AnalysedQuery {
  if (body.kind === 'select') return analyseSelect(ctx, body, orderBy, limit);
  const inner = body.kind === 'set' ? analyseSetOp(ctx, body) : analyseQuery(ctx, body.query);
  if (orderBy.length === 0 && limit === '')
    return body.kind === 'set' ? inner : { ...inner, sql: `(${inner.sql})` };
  // ORDER BY over a set operation sees the output columns only.
  const name = ctx.statement.nextName();
  const rangeVar = derivedVar(name, undefined, inner);
  const scope = { ...emptyScope(ctx.scope), vars: [rangeVar] };
  const order = orderSql(
    { ...ctx, scope },
    orderBy,
    rangeVar.columns.map((c) => c.sql),
  );
  return {
    ...inner,
    sql: `SELECT * FROM (${inner.sql}) AS ${name}${order}${limit}`,
    demands: limit === '' ? inner.demands : passable(inner),
  };
}

function passable(inner: AnalysedQuery): AnalysedQuery['demands'] {
  return inner.demands.map((demand) => ({ ...demand, column: undefined }));
}

/** The columns of a derived table under a new DuckDB name. */
export function derivedVar(
  name: string,
  alias: string | undefined,
  query: AnalysedQuery,
): RangeVar {
  const columns = query.columns.map((column, i) => ({ ...column, sql: `${name}.c${i + 1}` }));
  return { alias, columns, value: undefined, demands: query.demands };
}

function analyseSetOp(ctx: Context, set: SetOp): AnalysedQuery {
  const sides = [set.left, set.right].map((side) => analyseBody(ctx, side, [], ''));
  const [left, right] = [sides[0]!, sides[1]!];
  if (left.columns.length !== right.columns.length) {
    throw invalidQuery(
      `Queries in ${set.op} have mismatched column count; query 1 has ${left.columns.length} column(s), query 2 has ${right.columns.length} column(s) at ${where(ctx, set)}`,
    );
  }
  const columns = left.columns.map((column, i) => {
    const values = sides.map((side) => ({ sql: 'x', type: side.columns[i]!.type }));
    const type = supertype(values);
    if (type === undefined) {
      throw invalidQuery(
        `Column ${i + 1} in ${set.op} has incompatible types: ${values.map((v) => typeName(v.type)).join(', ')} at ${where(ctx, set)}`,
      );
    }
    return { name: column.name, type };
  });
  const written = sides.map((side) => {
    const name = ctx.statement.nextName();
    const list = columns.map(({ type }, i) => {
      const column = { sql: `${name}.c${i + 1}`, type: side.columns[i]!.type };
      return `${(type.kind === 'UNKNOWN' ? column : coerce(column, type)!).sql} AS c${i + 1}`;
    });
    return `(SELECT ${list.join(', ')} FROM (${side.sql}) AS ${name})`;
  });
  // A filter outside reaches a table inside by the column's position.
  const demands = sides.flatMap((side) =>
    side.demands.map((demand) => {
      const index = side.columns.findIndex(
        (c) => c.name.toLowerCase() === demand.column?.toLowerCase(),
      );
      return { ...demand, column: columns[index]?.name };
    }),
  );
  return { sql: written.join(` ${set.op} `), columns, demands };
}

function limitSql(ctx: Context, query: Query): string {
  const count = (expr: Expr | undefined, word: string) => {
    if (expr === undefined) return '';
    if (expr.kind !== 'int' && expr.kind !== 'param') {
      throw invalidQuery(`${word} expects an integer literal or parameter at ${where(ctx, expr)}`);
    }
    return ` ${word} ${analyse(ctx, expr).sql}`;
  };
  return count(query.limit, 'LIMIT') + count(query.offset, 'OFFSET');
}

/**
 * ORDER BY with GoogleSQL's place for NULLs: first when ascending, last when descending. `outputs` is the SQL of the
 * output columns: what equals one of them is ordered by its name.
 */
export function orderSql(ctx: Context, items: OrderItem[], outputs: string[]): string {
  if (items.length === 0) return '';
  const parts = items.map((item) => {
    const ordinal = item.expr.kind === 'int' ? Number(item.expr.text) : undefined;
    if (ordinal !== undefined) {
      if (outputs[ordinal - 1] === undefined) {
        throw invalidQuery(
          `ORDER BY column number item is out of range. Column numbers must be between 1 and ${outputs.length} at ${where(ctx, item.expr)}`,
        );
      }
      return `c${ordinal}${direction(item)}`;
    }
    const value = analyse(ctx, item.expr);
    if (!isOrderable(value.type)) {
      throw invalidQuery(
        `ORDER BY does not support expressions of type ${typeName(value.type)} at ${where(ctx, item.expr)}`,
      );
    }
    const output = outputs.indexOf(value.sql);
    return `${output < 0 ? value.sql : `c${output + 1}`}${direction(item)}`;
  });
  return ` ORDER BY ${parts.join(', ')}`;
}

/** ` ASC|DESC NULLS FIRST|LAST` of one item. */
export function direction(item: OrderItem): string {
  const nullsFirst = item.nullsFirst ?? !item.descending;
  return `${item.descending ? ' DESC' : ' ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
}
