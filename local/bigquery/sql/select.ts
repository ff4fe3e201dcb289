import { invalidQuery } from '../errors.ts';
import type { Expr, OrderItem, Select, SelectItem } from './ast.ts';
import { asBool } from './coerce.ts';
import type { AnalysedQuery, Context, SelectState } from './context.ts';
import { analyse, named, where } from './expression.ts';
import { analyseFrom } from './from.ts';
import { meetDemands, passOn } from './partition-filter.ts';
import { orderSql } from './query.ts';
import { emptyScope, fieldOf, type Scope, visibleColumns } from './scope.ts';
import { sqlString, type Typed } from './typed.ts';
import { structNames, typeName } from './types.ts';

type Output = { name: string; anonymous: boolean; value: Typed };

/** Analyses one SELECT with its ORDER BY and its already written LIMIT. */
export function analyseSelect(
  outer: Context,
  select: Select,
  orderBy: OrderItem[],
  limit: string,
): AnalysedQuery {
  const scope = emptyScope(outer.scope);
  const state: SelectState = { windows: select.windows, hasAggregate: false, partitions: [] };
  const ctx: Context = { ...outer, scope, select: state, inAggregate: false };
  const fromSql = select.from === undefined ? '' : ` FROM ${analyseFrom(ctx, select.from)}`;
  const whereSql =
    select.where === undefined
      ? ''
      : ` WHERE ${asBool(analyse(ctx, select.where), 'WHERE clause')}`;
  meetDemands(scope.vars, select.where, (parts, at) => tryResolve(ctx, parts, at));

  const outputs = name(select.items.flatMap((item) => analyseItem(ctx, item)));
  const aliased: Scope = { ...scope, aliases: aliasesOf(outputs) };
  const late: Context = { ...ctx, scope: aliased };
  const grouped = select.groupBy.map((expr) => analyseGroupItem(late, expr, outputs));
  const groupList = grouped.map((value) => value.sql).join(', ');
  const groupSql =
    grouped.length === 0 ? '' : ` GROUP BY ${select.rollup ? `ROLLUP (${groupList})` : groupList}`;
  const having =
    select.having === undefined
      ? ''
      : ` HAVING ${asBool(analyse(late, select.having), 'HAVING clause')}`;
  const qualify =
    select.qualify === undefined
      ? ''
      : ` QUALIFY ${asBool(analyse(late, select.qualify), 'QUALIFY clause')}`;
  const order = orderSql(
    late,
    orderBy,
    outputs.map((output) => output.value.sql),
  );

  const demands = passOn(scope.vars, {
    outputs,
    grouped: grouped.length > 0 || state.hasAggregate ? grouped : undefined,
    partitions: state.partitions,
    limited: limit !== '',
  });
  const rest = `${fromSql}${whereSql}${groupSql}${having}${qualify}${order}${limit}`;
  const distinct = select.distinct ? 'DISTINCT ' : '';
  if (select.asStruct) return asStruct(outputs, distinct, rest);
  const list = outputs.map((output, i) => `${output.value.sql} AS c${i + 1}`).join(', ');
  const columns = outputs.map((output) => ({ name: output.name, type: output.value.type }));
  return { sql: `SELECT ${distinct}${list}${rest}`, columns, demands };
}

function asStruct(outputs: Output[], distinct: string, rest: string): AnalysedQuery {
  const fields = outputs.map(({ name, anonymous, value }) => ({
    name: anonymous ? '' : name,
    type: value.type,
  }));
  const names = structNames({ fields });
  const sql = outputs.map((output, i) => `${sqlString(names[i]!)}: ${output.value.sql}`).join(', ');
  const columns = [{ name: '', type: { kind: 'STRUCT' as const, fields } }];
  return { sql: `SELECT ${distinct}{${sql}} AS c1${rest}`, columns, demands: [] };
}

/** Columns without a name are called `f0_`, `f1_`, … in the order in which they stand. */
function name(items: { name: string | undefined; value: Typed }[]): Output[] {
  let unnamed = 0;
  return items.map((item) => {
    const anonymous = item.name === undefined;
    if (anonymous) unnamed += 1;
    return { name: item.name ?? `f${unnamed - 1}_`, anonymous, value: item.value };
  });
}

function aliasesOf(outputs: Output[]): Map<string, Typed> {
  return new Map(outputs.filter((o) => !o.anonymous).map((o) => [o.name.toLowerCase(), o.value]));
}

/** The column a path names, or nothing (date parts look like paths). */
export function tryResolve(ctx: Context, parts: string[], at: number): Typed | undefined {
  try {
    return analyse(ctx, { kind: 'path', parts, at });
  } catch {
    return undefined;
  }
}

function analyseGroupItem(ctx: Context, expr: Expr, outputs: Output[]): Typed {
  if (expr.kind !== 'int') {
    const value = analyse(ctx, expr);
    if (['ARRAY', 'STRUCT', 'JSON'].includes(value.type.kind)) {
      throw invalidQuery(
        `Grouping by expressions of type ${typeName(value.type)} is not allowed at ${where(ctx, expr)}`,
      );
    }
    return value;
  }
  const output = outputs[Number(expr.text) - 1];
  if (output === undefined) {
    throw invalidQuery(
      `GROUP BY column number item is out of range. Column numbers must be between 1 and ${outputs.length} at ${where(ctx, expr)}`,
    );
  }
  return output.value;
}

function analyseItem(ctx: Context, item: SelectItem): { name: string | undefined; value: Typed }[] {
  if (item.kind === 'expr') {
    const value = analyse(ctx, item.expr);
    return [{ name: item.alias ?? value.name, value: named(value, item.alias ?? value.name) }];
  }
  const columns = item.of === undefined ? allColumns(ctx, item.at) : columnsOf(ctx, item.of);
  const is = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  for (const excepted of item.except) {
    if (!columns.some((column) => is(column.name, excepted))) {
      throw invalidQuery(
        `Column ${excepted} in SELECT * EXCEPT list does not exist at ${where(ctx, item)}`,
      );
    }
  }
  const replaced = item.replace.map(({ expr, name }) => ({ name, value: analyse(ctx, expr) }));
  return columns
    .filter((column) => !item.except.some((excepted) => is(column.name, excepted)))
    .map((column) => ({
      name: column.name,
      value: replaced.find((r) => is(r.name, column.name))?.value ?? column.value,
    }));
}

function allColumns(ctx: Context, at: number): { name: string; value: Typed }[] {
  if (ctx.scope.vars.length === 0)
    throw invalidQuery(`SELECT * must have a FROM clause at ${where(ctx, { at })}`);
  return visibleColumns(ctx.scope).map(({ column, rangeVar }) => {
    const value = { sql: column.sql, type: column.type };
    return {
      name: column.name,
      value: rangeVar === undefined ? value : { ...value, ref: { rangeVar, column: column.name } },
    };
  });
}

function columnsOf(ctx: Context, of: Expr): { name: string; value: Typed }[] {
  const alias =
    of.kind === 'path' && of.parts.length === 1 ? of.parts[0]!.toLowerCase() : undefined;
  const rangeVar = ctx.scope.vars.find(
    (v) => alias !== undefined && v.alias?.toLowerCase() === alias,
  );
  if (rangeVar !== undefined) {
    return rangeVar.columns.map((column) => ({
      name: column.name,
      value: { sql: column.sql, type: column.type, ref: { rangeVar, column: column.name } },
    }));
  }
  const base = analyse(ctx, of);
  if (base.type.kind !== 'STRUCT')
    throw invalidQuery(
      `Dot-star is not supported for type ${typeName(base.type)} at ${where(ctx, of)}`,
    );
  return base.type.fields.map((field) => ({
    name: field.name,
    value: fieldOf(base, field.name, where(ctx, of)),
  }));
}
