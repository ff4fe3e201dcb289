import { invalidQuery, unsupported } from '../errors.ts';
import type { Statement as Ast, Expr, MergeAction, TableName } from './ast.ts';
import { nullOf } from './cast.ts';
import { asBool, coerce } from './coerce.ts';
import type { Context, Environment, Statement, TableInfo } from './context.ts';
import { analyse, where } from './expression.ts';
import { analyseFrom } from './from.ts';
import { meetDemands, refuseOpen } from './partition-filter.ts';
import { analyseQuery } from './query.ts';
import { type Column, emptyScope, type RangeVar } from './scope.ts';
import { tryResolve } from './select.ts';
import { duckType, quote, typeName } from './types.ts';

type Table = Extract<TableInfo, { kind: 'table' }>;
type Dml = Extract<Ast, { kind: 'insert' | 'update' | 'delete' | 'merge' | 'truncate' }>;

/** A fresh context for one statement. */
export function statementContext(sql: string, env: Environment): Context {
  let names = 0;
  const statement: Statement = {
    sql,
    env,
    nextName: () => {
      names += 1;
      return `r${names}`;
    },
    useDefaultDataset: true,
    viewDepth: 0,
  };
  return {
    statement,
    scope: emptyScope(undefined),
    ctes: new Map(),
    select: undefined,
    inAggregate: false,
  };
}

/** DuckDB's SQL for a statement that changes rows. */
export function analyseDml(ctx: Context, statement: Dml): string {
  const table = targetTable(ctx, statement.table);
  switch (statement.kind) {
    case 'truncate':
      return `DELETE FROM ${table.sql}`;
    case 'insert':
      return insertSql(ctx, table, statement);
    case 'delete': {
      const target = addTarget(ctx, table, statement.alias ?? statement.table.path.at(-1)!);
      const condition = asBool(analyse(ctx, statement.where), 'WHERE clause');
      meet(ctx, statement.where);
      return `DELETE FROM ${table.sql} AS ${target} WHERE ${condition}`;
    }
    case 'update': {
      const target = addTarget(ctx, table, statement.alias ?? statement.table.path.at(-1)!);
      const from = statement.from === undefined ? '' : ` FROM ${analyseFrom(ctx, statement.from)}`;
      const set = setSql(ctx, table, statement.set);
      const condition = asBool(analyse(ctx, statement.where), 'WHERE clause');
      meet(ctx, statement.where);
      return `UPDATE ${table.sql} AS ${target} SET ${set}${from} WHERE ${condition}`;
    }
    case 'merge':
      return mergeSql(ctx, table, statement);
  }
}

function targetTable(ctx: Context, name: TableName): Table {
  const table = ctx.statement.env.table(name.path, ctx.statement.useDefaultDataset);
  if (table.kind === 'view' || table.sql.startsWith('('))
    throw invalidQuery(`${name.path.join('.')} is not a table and cannot be modified`);
  return table;
}

function addTarget(ctx: Context, table: Table, alias: string): string {
  const name = ctx.statement.nextName();
  const columns = table.columns.map((column) => ({
    ...column,
    sql: `${name}.${quote(column.name)}`,
  }));
  const filter = table.requiredFilter;
  const demands =
    filter === undefined ? [] : [{ table: table.name, partitionColumn: filter, column: filter }];
  ctx.scope.vars.push({ alias, columns, value: undefined, demands });
  return name;
}

function meet(ctx: Context, condition: Expr): void {
  meetDemands(ctx.scope.vars, condition, (parts, at) => tryResolve(ctx, parts, at));
  refuseOpen(ctx.scope.vars.flatMap((v: RangeVar) => v.demands));
}

function columnNamed(ctx: Context, table: Table, name: string, at: number): Omit<Column, 'sql'> {
  const column = table.columns.find((c) => c.name.toLowerCase() === name.toLowerCase());
  if (column === undefined)
    throw invalidQuery(
      `Column ${name} is not present in table ${table.name} at ${where(ctx, { at })}`,
    );
  return column;
}

function valueFor(ctx: Context, expr: Expr | undefined, column: Omit<Column, 'sql'>): string {
  if (expr === undefined) return nullOf(column.type).sql;
  const value = analyse(ctx, expr);
  const converted = coerce(value, column.type);
  if (converted === undefined) {
    throw invalidQuery(
      `Value of type ${typeName(value.type)} cannot be assigned to ${column.name}, which has type ${typeName(column.type)} at ${where(ctx, expr)}`,
    );
  }
  return converted.sql;
}

function insertSql(
  ctx: Context,
  table: Table,
  statement: Extract<Dml, { kind: 'insert' }>,
): string {
  const names = statement.columns ?? table.columns.map((c) => c.name);
  const columns = names.map((name) => columnNamed(ctx, table, name, statement.table.at));
  const into = `INSERT INTO ${table.sql} (${columns.map((c) => quote(c.name)).join(', ')})`;
  const count = (found: number) => {
    if (found !== columns.length)
      throw invalidQuery(
        `Inserted row has wrong column count; Has ${found}, expected ${columns.length} at ${where(ctx, statement.table)}`,
      );
  };
  if (statement.rows !== undefined) {
    const rows = statement.rows.map((row) => {
      count(row.length);
      return `(${row.map((expr, i) => valueFor(ctx, expr, columns[i]!)).join(', ')})`;
    });
    return `${into} VALUES ${rows.join(', ')}`;
  }
  const query = analyseQuery(ctx, statement.query!);
  refuseOpen(query.demands);
  count(query.columns.length);
  const list = columns.map((column, i) => {
    const value = { sql: `q.c${i + 1}`, type: query.columns[i]!.type };
    const converted = coerce(value, column.type);
    if (converted === undefined) {
      throw invalidQuery(
        `Query column ${i + 1} has type ${typeName(value.type)} which cannot be inserted into column ${column.name}, which has type ${typeName(column.type)} at ${where(ctx, statement.table)}`,
      );
    }
    return converted.sql;
  });
  return `${into} SELECT ${list.join(', ')} FROM (${query.sql}) AS q`;
}

function setSql(
  ctx: Context,
  table: Table,
  set: { path: string[]; value: Expr | undefined; at: number }[],
): string {
  return set
    .map(({ path, value, at }) => {
      // `alias.column = …` names the target too.
      const name =
        path.length === 2 && ctx.scope.vars[0]!.alias?.toLowerCase() === path[0]!.toLowerCase()
          ? path[1]!
          : path[0]!;
      if (path.length > 1 && name === path[0]) throw unsupported('SET of a field inside a STRUCT');
      const column = columnNamed(ctx, table, name, at);
      return `${quote(column.name)} = ${valueFor(ctx, value, column)}`;
    })
    .join(', ');
}

function mergeSql(ctx: Context, table: Table, statement: Extract<Dml, { kind: 'merge' }>): string {
  const target = addTarget(ctx, table, statement.alias ?? statement.table.path.at(-1)!);
  const source = analyseFrom(ctx, statement.using);
  const on = asBool(analyse(ctx, statement.on), 'MERGE ON clause');
  meet(ctx, statement.on);
  const whens = statement.whens.map(({ match, and, action }) => {
    const head = {
      matched: 'WHEN MATCHED',
      'not-matched': 'WHEN NOT MATCHED',
      'not-matched-by-source': 'WHEN NOT MATCHED BY SOURCE',
    }[match];
    const condition =
      and === undefined ? '' : ` AND ${asBool(analyse(ctx, and), 'MERGE WHEN clause')}`;
    return `${head}${condition} THEN ${actionSql(ctx, table, action)}`;
  });
  return `MERGE INTO ${table.sql} AS ${target} USING ${source} ON ${on} ${whens.join(' ')}`;
}

function actionSql(ctx: Context, table: Table, action: MergeAction): string {
  if (action.kind === 'delete') return 'DELETE';
  if (action.kind === 'update') return `UPDATE SET ${setSql(ctx, table, action.set)}`;
  if (action.kind === 'insert-row') {
    const source = ctx.scope.vars.slice(1).flatMap((v) => v.columns);
    const values = table.columns.map((column, i) => {
      if (source[i] === undefined || duckType(source[i].type) !== duckType(column.type))
        throw invalidQuery('MERGE INSERT ROW: the source does not have the columns of the target');
      return source[i].sql;
    });
    return `INSERT (${table.columns.map((c) => quote(c.name)).join(', ')}) VALUES (${values.join(', ')})`;
  }
  const columns = action.columns.map((name) => columnNamed(ctx, table, name, 0));
  if (columns.length !== action.values.length)
    throw invalidQuery('MERGE INSERT has another number of values than of columns');
  const values = action.values.map((expr, i) => valueFor(ctx, expr, columns[i]!));
  return `INSERT (${columns.map((c) => quote(c.name)).join(', ')}) VALUES (${values.join(', ')})`;
}
