import { invalidQuery, unsupported } from '../errors.ts';
import type { FromItem } from './ast.ts';
import { asArray, asBool, elementType } from './coerce.ts';
import type { Context } from './context.ts';
import { analyse, where } from './expression.ts';
import { parseStatement } from './parse-statement.ts';
import { meetDemands } from './partition-filter.ts';
import { analyseQuery, derivedVar } from './query.ts';
import { type Column, emptyScope, fieldOf, type RangeVar } from './scope.ts';
import { tryResolve } from './select.ts';
import type { Typed } from './typed.ts';
import { INT64, quote } from './types.ts';

type Join = Extract<FromItem, { kind: 'join' }>;

/** Writes a FROM clause and adds what it offers to the context's scope, from left to right. */
export function analyseFrom(ctx: Context, item: FromItem): string {
  switch (item.kind) {
    case 'join':
      return analyseJoin(ctx, item);
    case 'unnest':
      return analyseUnnest(ctx, item);
    case 'subquery': {
      // A subquery in FROM does not see its neighbours.
      const query = analyseQuery({ ...ctx, scope: emptyScope(ctx.scope.parent) }, item.query);
      const name = ctx.statement.nextName();
      add(ctx, derivedVar(name, item.alias, query), item.at);
      return `(${query.sql}) AS ${name}`;
    }
    case 'table':
      return analyseTable(ctx, item);
  }
}

function add(ctx: Context, rangeVar: RangeVar, at: number): void {
  const { alias } = rangeVar;
  if (
    alias !== undefined &&
    ctx.scope.vars.some((v) => v.alias?.toLowerCase() === alias.toLowerCase())
  ) {
    throw invalidQuery(
      `Duplicate table alias ${alias} in the same FROM clause at ${where(ctx, { at })}`,
    );
  }
  ctx.scope.vars.push(rangeVar);
}

function analyseTable(ctx: Context, item: Extract<FromItem, { kind: 'table' }>): string {
  const [first] = item.path;
  const cte = item.path.length === 1 ? ctx.ctes.get(first!.toLowerCase()) : undefined;
  const name = ctx.statement.nextName();
  if (cte !== undefined) {
    add(
      ctx,
      derivedVar(name, item.alias ?? first, { ...cte.query, demands: [...cte.query.demands] }),
      item.at,
    );
    return `${cte.name} AS ${name}`;
  }
  const isPath =
    item.path.length > 1 &&
    ctx.scope.vars.some((v) => v.alias?.toLowerCase() === first!.toLowerCase());
  if (isPath) {
    const array = { kind: 'path' as const, parts: item.path, at: item.at };
    return analyseUnnest(ctx, {
      kind: 'unnest',
      array,
      alias: item.alias ?? item.path.at(-1),
      offset: undefined,
      at: item.at,
    });
  }
  const table = ctx.statement.env.table(item.path, ctx.statement.useDefaultDataset);
  const alias = item.alias ?? item.path.at(-1);
  if (table.kind === 'view') {
    const query = analyseView(ctx, table.name, table.query);
    add(ctx, derivedVar(name, alias, query), item.at);
    return `(${query.sql}) AS ${name}`;
  }
  const columns = table.columns.map((column) => ({
    ...column,
    sql: `${name}.${quote(column.name)}`,
  }));
  const filter = table.requiredFilter;
  const demands =
    filter === undefined ? [] : [{ table: table.name, partitionColumn: filter, column: filter }];
  add(ctx, { alias, columns, value: undefined, demands }, item.at);
  return `${table.sql} AS ${name}`;
}

function analyseView(ctx: Context, name: string, sql: string) {
  if (ctx.statement.viewDepth >= 16) throw invalidQuery(`View ${name} is nested too deeply`);
  const parsed = parseStatement(sql);
  if (parsed.kind !== 'query') throw invalidQuery(`View ${name} is not a query`);
  // A view stands alone: neither the reader's default dataset nor its CTEs or parameters reach into it.
  const statement = {
    ...ctx.statement,
    sql,
    useDefaultDataset: false,
    viewDepth: ctx.statement.viewDepth + 1,
    env: { ...ctx.statement.env, param: () => undefined },
  };
  const inner: Context = {
    statement,
    scope: emptyScope(undefined),
    ctes: new Map(),
    select: undefined,
    inAggregate: false,
  };
  return analyseQuery(inner, parsed.query);
}

function analyseUnnest(ctx: Context, item: Extract<FromItem, { kind: 'unnest' }>): string {
  const array = analyse(ctx, item.array);
  const element = elementType(array, 'UNNEST');
  const list = asArray(array, element).sql;
  const name = ctx.statement.nextName();
  const value: Typed = {
    sql: `${name}.v`,
    type: element,
    ...(item.alias === undefined ? {} : { name: item.alias }),
  };
  const columns: Column[] =
    element.kind === 'STRUCT'
      ? element.fields.map((field) => ({
          name: field.name,
          type: field.type,
          sql: fieldOf(value, field.name, '').sql,
        }))
      : [{ name: item.alias ?? '', type: element, sql: value.sql }];
  add(ctx, { alias: item.alias, columns, value, demands: [] }, item.at);
  if (item.offset === undefined) return `(SELECT unnest(${list}) AS v) AS ${name}`;
  const offset = { name: item.offset, type: INT64, sql: `${name}.o` };
  ctx.scope.vars.push({ alias: undefined, columns: [offset], value: undefined, demands: [] });
  return `(SELECT unnest(${list}) AS v, generate_subscripts(${list}, 1) - 1 AS o) AS ${name}`;
}

function analyseJoin(ctx: Context, join: Join): string {
  const left = analyseFrom(ctx, join.left);
  const leftVars = [...ctx.scope.vars];
  const right = analyseFrom(ctx, join.right);
  const rightVars = ctx.scope.vars.slice(leftVars.length);
  const isUnnest = join.right.kind === 'unnest';
  const lateral = isUnnest ? 'LATERAL ' : '';
  if (join.type === 'CROSS') return `${left} CROSS JOIN ${lateral}${right}`;
  if (isUnnest && join.type !== 'LEFT' && join.type !== 'INNER')
    throw unsupported(`${join.type} JOIN UNNEST`);
  const condition =
    join.using.length > 0 ? usingSql(ctx, join, leftVars, rightVars) : onSql(ctx, join);
  // An outer join keeps the rows of one side whatever ON says, so ON filters only the other side.
  const filtered = {
    INNER: [...leftVars, ...rightVars],
    LEFT: rightVars,
    RIGHT: leftVars,
    FULL: [],
  }[join.type];
  meetDemands(filtered, join.on, (parts, at) => tryResolve(ctx, parts, at));
  return `${left} ${join.type} JOIN ${lateral}${right} ON ${condition}`;
}

function onSql(ctx: Context, join: Join): string {
  return join.on === undefined ? 'TRUE' : asBool(analyse(ctx, join.on), 'JOIN ON clause');
}

function usingSql(ctx: Context, join: Join, leftVars: RangeVar[], rightVars: RangeVar[]): string {
  const conditions = join.using.map((name) => {
    const find = (vars: RangeVar[]) => {
      const found = vars
        .flatMap((v) => v.columns)
        .filter((c) => c.name.toLowerCase() === name.toLowerCase());
      if (found.length === 1) return found[0]!;
      const what = found.length === 0 ? 'not found' : 'ambiguous';
      throw invalidQuery(`Column ${name} in USING clause ${what} at ${where(ctx, join)}`);
    };
    const already = ctx.scope.merged.find((c) => c.name.toLowerCase() === name.toLowerCase());
    const [left, right] = [already ?? find(leftVars), find(rightVars)];
    const sql = {
      INNER: left.sql,
      LEFT: left.sql,
      RIGHT: right.sql,
      FULL: `coalesce(${left.sql}, ${right.sql})`,
      CROSS: '',
    }[join.type];
    ctx.scope.merged = [
      ...ctx.scope.merged.filter((c) => c !== already),
      { name: left.name, type: left.type, sql },
    ];
    return `${left.sql} = ${right.sql}`;
  });
  return conditions.join(' AND ');
}
