import { invalidQuery } from '../errors.ts';
import type { Expr, Window } from './ast.ts';
import type { RangeVar } from './scope.ts';
import type { Typed } from './typed.ts';

/**
 * `requirePartitionFilter`, approximated. The real service asks whether its optimizer can prune partitions; here a
 * reference to such a table is a demand for a filter on its partition column, and it is met by a conjunct of a WHERE
 * (or of a JOIN's ON) that compares the column, bare or inside functions, with something that has neither columns nor
 * subqueries, or that tests it for NULL. OR meets the demand when both sides do.
 *
 * A demand not met in a subquery, CTE or view passes outwards under the column's output name, as the optimizer pushes
 * predicates inwards, but only where that push changes no result: the column must be handed on unchanged, be grouped
 * by when the query groups, be in PARTITION BY of every window function, and there may be no LIMIT.
 */
export type Demand = {
  /** `project.dataset.table` and its partition column, for the message. */
  table: string;
  partitionColumn: string;
  /** The column's name here; nothing when a filter can no longer reach it. */
  column: string | undefined;
};

/** The refusal of a query that leaves a demand open. */
function demandError(demand: Demand) {
  return invalidQuery(
    `Cannot query over table '${demand.table}' without a filter over column(s) '${demand.partitionColumn}' that can be used for partition elimination`,
  );
}

/** Throws when any demand is left. */
export function refuseOpen(demands: Demand[]): void {
  if (demands[0] !== undefined) throw demandError(demands[0]);
}

type Resolve = (parts: string[], at: number) => Typed | undefined;

/** Everything an expression directly contains. Subqueries count as opaque. */
function children(expr: Expr): Expr[] {
  switch (expr.kind) {
    case 'field':
      return [expr.base];
    case 'index':
      return [expr.base, expr.index];
    case 'unary':
    case 'is':
    case 'cast':
    case 'extract':
      return [expr.operand];
    case 'binary':
    case 'distinct-from':
      return [expr.left, expr.right];
    case 'between':
      return [expr.operand, expr.low, expr.high];
    case 'call':
      return expr.args;
    case 'interval':
      return [expr.amount];
    case 'case':
      return [
        ...(expr.operand ? [expr.operand] : []),
        ...expr.whens.flatMap((w) => [w.when, w.result]),
        ...(expr.otherwise ? [expr.otherwise] : []),
      ];
    case 'array':
      return expr.items;
    case 'struct':
      return expr.fields.map((field) => field.value);
    default:
      return [];
  }
}

const SUBQUERIES = ['array-query', 'scalar-query', 'exists', 'in'];

function isConstant(expr: Expr, resolve: Resolve): boolean {
  if (SUBQUERIES.includes(expr.kind)) return false;
  // Paths that are no columns are date parts.
  if (expr.kind === 'path') return resolve(expr.parts, expr.at) === undefined;
  return children(expr).every((child) => isConstant(child, resolve));
}

function mentions(expr: Expr, rangeVar: RangeVar, column: string, resolve: Resolve): boolean {
  if (expr.kind === 'path') {
    const ref = resolve(expr.parts, expr.at)?.ref;
    return ref?.rangeVar === rangeVar && ref.column.toLowerCase() === column.toLowerCase();
  }
  return children(expr).some((child) => mentions(child, rangeVar, column, resolve));
}

/** Whether a condition limits the column in the sense above. */
function constrains(expr: Expr, rangeVar: RangeVar, column: string, resolve: Resolve): boolean {
  const on = (part: Expr) => mentions(part, rangeVar, column, resolve);
  const constant = (part: Expr) => isConstant(part, resolve);
  switch (expr.kind) {
    case 'binary': {
      const { left, right } = expr;
      if (expr.op === 'AND')
        return [left, right].some((e) => constrains(e, rangeVar, column, resolve));
      if (expr.op === 'OR')
        return [left, right].every((e) => constrains(e, rangeVar, column, resolve));
      if (!['=', '<', '<=', '>', '>='].includes(expr.op)) return false;
      return (on(left) && constant(right)) || (on(right) && constant(left));
    }
    case 'between':
      return !expr.not && on(expr.operand) && constant(expr.low) && constant(expr.high);
    case 'in': {
      if (expr.not || !on(expr.operand) || expr.list.kind === 'query') return false;
      return expr.list.kind === 'unnest'
        ? constant(expr.list.array)
        : expr.list.values.every(constant);
    }
    case 'is':
      return expr.what === 'NULL' && on(expr.operand);
    default:
      return false;
  }
}

/** Meets the demands of these range variables with a condition; the rest stay open on them. */
export function meetDemands(vars: RangeVar[], condition: Expr | undefined, resolve: Resolve): void {
  if (condition === undefined) return;
  for (const rangeVar of vars) {
    rangeVar.demands = rangeVar.demands.filter(
      (demand) =>
        demand.column === undefined || !constrains(condition, rangeVar, demand.column, resolve),
    );
  }
}

/** How one SELECT hands columns on. */
export type Passage = {
  outputs: { name: string; value: Typed }[];
  /** Columns of GROUP BY, or nothing when the SELECT does not group or aggregate. */
  grouped: Typed[] | undefined;
  /** PARTITION BY columns of each window function. */
  partitions: Typed[][];
  limited: boolean;
};

/** The demands a SELECT leaves to whoever reads it; those no outer filter can meet lose their column. */
export function passOn(vars: RangeVar[], passage: Passage): Demand[] {
  const open: Demand[] = [];
  for (const rangeVar of vars) {
    for (const demand of rangeVar.demands) {
      const isIt = (value: Typed) =>
        value.ref?.rangeVar === rangeVar &&
        value.ref.column.toLowerCase() === demand.column?.toLowerCase();
      const output = passage.outputs.find(({ value }) => isIt(value));
      const passes =
        output !== undefined &&
        !passage.limited &&
        (passage.grouped === undefined || passage.grouped.some(isIt)) &&
        passage.partitions.every((columns) => columns.some(isIt));
      open.push({ ...demand, column: passes ? output.name : undefined });
    }
  }
  return open;
}

/** A window with its named base filled in. */
export function resolveWindow(window: Window, named: { name: string; window: Window }[]): Window {
  if (window.base === undefined) return window;
  const base = named.find((w) => w.name.toLowerCase() === window.base!.toLowerCase());
  if (base === undefined) throw invalidQuery(`Unrecognized window alias ${window.base}`);
  const inner = resolveWindow(base.window, named);
  return {
    base: undefined,
    partitionBy: [...inner.partitionBy, ...window.partitionBy],
    orderBy: [...inner.orderBy, ...window.orderBy],
    frame: window.frame ?? inner.frame,
  };
}
