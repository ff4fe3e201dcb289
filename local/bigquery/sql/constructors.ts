import { invalidQuery, unsupported } from '../errors.ts';
import type { Expr } from './ast.ts';
import { coerce, unify } from './coerce.ts';
import type { Context } from './context.ts';
import { analyse, noSignature, where } from './expression.ts';
import { refuseOpen } from './partition-filter.ts';
import { analyseQuery } from './query.ts';
import { sqlString, type Typed } from './typed.ts';
import { arrayOf, BOOL, duckType, structNames, typeName, UNKNOWN } from './types.ts';

/** `[…]` and `ARRAY<T>[…]`. */
export function analyseArray(ctx: Context, expr: Extract<Expr, { kind: 'array' }>): Typed {
  const items = expr.items.map((item) => analyse(ctx, item));
  const wanted = expr.element;
  if (wanted !== undefined) {
    const values = items.map((item) => coerce(item, wanted));
    if (values.includes(undefined))
      throw invalidQuery(`Array element does not coerce to expected type ${typeName(wanted)}`);
    return {
      sql: `CAST([${values.map((v) => v!.sql).join(', ')}] AS ${duckType(arrayOf(wanted))})`,
      type: arrayOf(wanted),
    };
  }
  // Later structs of a list may leave out the names the first one gives.
  const { type, values } = unify(items, () => noSignature(ctx, expr, 'array constructor', items));
  if (type.kind === 'ARRAY')
    throw invalidQuery(`Cannot construct array with element type ARRAY at ${where(ctx, expr)}`);
  if (values.length === 0) return { sql: 'CAST([] AS BIGINT[])', type: arrayOf(UNKNOWN) };
  return { sql: `[${values.map((v) => v.sql).join(', ')}]`, type: arrayOf(type) };
}

/** `STRUCT(…)`, `STRUCT<…>(…)` and `(a, b)`. */
export function analyseStruct(ctx: Context, expr: Extract<Expr, { kind: 'struct' }>): Typed {
  const values = expr.fields.map((field) => analyse(ctx, field.value));
  if (values.length === 0) throw unsupported('An empty STRUCT');
  const own = {
    kind: 'STRUCT' as const,
    fields: values.map((v, i) => ({ name: expr.fields[i]!.name, type: v.type })),
  };
  const type = expr.type?.kind === 'STRUCT' ? expr.type : own;
  if (type.fields.length !== values.length)
    throw invalidQuery(
      `STRUCT type has ${type.fields.length} fields but constructor call has ${values.length} fields at ${where(ctx, expr)}`,
    );
  const names = structNames(type);
  const fields = values.map((value, i) => {
    const typed = coerce(value, type.fields[i]!.type);
    if (typed === undefined)
      throw invalidQuery(
        `Struct field ${i + 1} has type ${typeName(value.type)} which does not coerce to ${typeName(type.fields[i]!.type)}`,
      );
    return `${sqlString(names[i]!)}: ${typed.sql}`;
  });
  return { sql: `{${fields.join(', ')}}`, type };
}

/** `ARRAY(query)`, `(query)` and `EXISTS (query)`; partition filters cannot reach into them from outside. */
export function analyseSubquery(
  ctx: Context,
  expr: Extract<Expr, { kind: 'array-query' | 'scalar-query' | 'exists' }>,
): Typed {
  const query = analyseQuery(ctx, expr.query);
  refuseOpen(query.demands);
  if (expr.kind === 'exists') return { sql: `EXISTS (${query.sql})`, type: BOOL };
  if (query.columns.length !== 1) {
    const what = expr.kind === 'scalar-query' ? 'Scalar subquery' : 'ARRAY subquery';
    throw invalidQuery(
      `${what} cannot have more than one column unless using SELECT AS STRUCT to build STRUCT values at ${where(ctx, expr)}`,
    );
  }
  const { type } = query.columns[0]!;
  if (expr.kind === 'scalar-query') return { sql: `(${query.sql})`, type };
  return { sql: `ARRAY(${query.sql})`, type: arrayOf(type) };
}
