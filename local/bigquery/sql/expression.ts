import { invalidQuery, unsupported } from '../errors.ts';
import { analyseArithmetic, isArithmetic } from './arithmetic.ts';
import type { Expr, InList } from './ast.ts';
import { castTo, typedLiteral } from './cast.ts';
import { asArray, asBool, coerce, elementType, supertype, unify } from './coerce.ts';
import { analyseArray, analyseStruct, analyseSubquery } from './constructors.ts';
import type { Context } from './context.ts';
import { analyseCall } from './functions/call.ts';
import { extractPart } from './functions/time-parts.ts';
import { position } from './lexer.ts';
import { refuseOpen } from './partition-filter.ts';
import { analyseQuery } from './query.ts';
import { fieldOf, resolvePath } from './scope.ts';
import { sqlString, type Typed } from './typed.ts';
import { BOOL, BYTES, FLOAT64, INT64, STRING, typeName, UNKNOWN } from './types.ts';

const MAX_INT64 = 9223372036854775807n;

/** `[line:column]` of a node, for messages. */
export function where(ctx: Context, node: { at: number }): string {
  return position(ctx.statement.sql, node.at);
}

/** An integer literal, checked against INT64. */
export function intLiteral(text: string): Typed {
  const value =
    BigInt(text.startsWith('-') ? text.slice(1) : text) * (text.startsWith('-') ? -1n : 1n);
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n)
    throw invalidQuery(`Invalid integer literal: ${text}`);
  return {
    sql: `CAST('${value}' AS BIGINT)`,
    type: INT64,
    literal: { kind: 'int', text: String(value) },
  };
}

/** A floating point literal; its text is kept, so that it can become an exact NUMERIC. */
export function floatLiteral(text: string): Typed {
  return { sql: `CAST('${text}' AS DOUBLE)`, type: FLOAT64, literal: { kind: 'float', text } };
}

/** Analyses one expression: resolves its names, types it, and writes it in DuckDB's SQL. */
export function analyse(ctx: Context, expr: Expr): Typed {
  switch (expr.kind) {
    case 'null':
      return { sql: 'NULL', type: UNKNOWN };
    case 'bool':
      return { sql: expr.value ? 'TRUE' : 'FALSE', type: BOOL };
    case 'int':
      return intLiteral(expr.text);
    case 'float':
      return floatLiteral(expr.text);
    case 'string':
      if (expr.text.includes('\0')) throw unsupported('A NUL character in a string literal');
      return {
        sql: sqlString(expr.text),
        type: STRING,
        literal: { kind: 'string', text: expr.text },
      };
    case 'bytes':
      return { sql: `unhex('${Buffer.from(expr.bytes).toString('hex')}')`, type: BYTES };
    case 'typed-literal':
      return typedLiteral(expr.type, expr.text);
    case 'path':
      return resolvePath(ctx.scope, expr.parts, ctx.statement.sql, expr.at, !ctx.inAggregate);
    case 'field':
      return fieldOf(analyse(ctx, expr.base), expr.name, where(ctx, expr));
    case 'index':
      return analyseIndex(ctx, expr);
    case 'param': {
      const value = ctx.statement.env.param(expr.name, expr.ordinal);
      if (value !== undefined) return value;
      const name = expr.name === '' ? `number ${expr.ordinal + 1}` : `'${expr.name}'`;
      throw invalidQuery(`Query parameter ${name} not found at ${where(ctx, expr)}`);
    }
    case 'unary':
    case 'binary':
      return isArithmetic(expr) ? analyseArithmetic(ctx, expr) : analyseLogic(ctx, expr);
    case 'between': {
      const parts = [expr.operand, expr.low, expr.high].map((e) => analyse(ctx, e));
      const [value, low, high] = unify(parts, () =>
        noSignature(ctx, expr, 'operator BETWEEN', parts),
      ).values;
      return {
        sql: `(${value!.sql} ${expr.not ? 'NOT ' : ''}BETWEEN ${low!.sql} AND ${high!.sql})`,
        type: BOOL,
      };
    }
    case 'in':
      return analyseIn(ctx, expr);
    case 'is': {
      const operand = analyse(ctx, expr.operand);
      const sql = expr.what === 'NULL' ? operand.sql : asBool(operand, `IS ${expr.what}`);
      return { sql: `(${sql} IS ${expr.not ? 'NOT ' : ''}${expr.what})`, type: BOOL };
    }
    case 'distinct-from': {
      const parts = [expr.left, expr.right].map((e) => analyse(ctx, e));
      const [left, right] = unify(parts, () =>
        noSignature(ctx, expr, 'operator IS DISTINCT FROM', parts),
      ).values;
      return {
        sql: `(${left!.sql} IS ${expr.not ? 'NOT ' : ''}DISTINCT FROM ${right!.sql})`,
        type: BOOL,
      };
    }
    case 'call':
      return analyseCall(ctx, expr);
    case 'cast':
      return named(castTo(analyse(ctx, expr.operand), expr.type, expr.safe), undefined);
    case 'extract':
      return extractPart(ctx, expr);
    case 'interval':
      throw invalidQuery(`Unexpected INTERVAL expression at ${where(ctx, expr)}`);
    case 'case':
      return analyseCase(ctx, expr);
    case 'array':
      return analyseArray(ctx, expr);
    case 'struct':
      return analyseStruct(ctx, expr);
    case 'array-query':
    case 'scalar-query':
    case 'exists':
      return analyseSubquery(ctx, expr);
  }
}

/** The value under another name, or without one. */
export function named(value: Typed, name: string | undefined): Typed {
  const { name: _name, ...rest } = value;
  return name === undefined ? rest : { ...rest, name };
}

/** The message for operands or arguments that fit no signature. */
export function noSignature(
  ctx: Context,
  node: { at: number },
  what: string,
  args: Typed[],
): string {
  const types = args.map((arg) => typeName(arg.type)).join(', ');
  return `No matching signature for ${what} for argument types: ${types} at ${where(ctx, node)}`;
}

function analyseLogic(ctx: Context, expr: Extract<Expr, { kind: 'unary' | 'binary' }>): Typed {
  if (expr.kind === 'unary') {
    return { sql: `(NOT ${asBool(analyse(ctx, expr.operand), 'Operand of NOT')})`, type: BOOL };
  }
  const { op } = expr;
  const [left, right] = [analyse(ctx, expr.left), analyse(ctx, expr.right)];
  if (op === 'AND' || op === 'OR') {
    return {
      sql: `(${asBool(left, `Operand of ${op}`)} ${op} ${asBool(right, `Operand of ${op}`)})`,
      type: BOOL,
    };
  }
  const refuse = () => noSignature(ctx, expr, `operator ${op}`, [left, right]);
  if (op === 'LIKE' || op === 'NOT LIKE') {
    const [text, pattern] = [coerce(left, STRING), coerce(right, STRING)];
    if (text === undefined || pattern === undefined) throw invalidQuery(refuse());
    return { sql: `(${text.sql} ${op} ${pattern.sql} ESCAPE '\\')`, type: BOOL };
  }
  const both = unify([left, right], refuse);
  const comparable =
    op === '=' || op === '!=' ? ['ARRAY', 'JSON'] : ['ARRAY', 'JSON', 'STRUCT', 'BIGNUMERIC'];
  if (comparable.includes(both.type.kind)) throw invalidQuery(refuse());
  return {
    sql: `(${both.values[0]!.sql} ${op === '!=' ? '<>' : op} ${both.values[1]!.sql})`,
    type: BOOL,
  };
}

function analyseIn(ctx: Context, expr: Extract<Expr, { kind: 'in' }>): Typed {
  const operand = analyse(ctx, expr.operand);
  const { list } = expr;
  const not = expr.not ? 'NOT ' : '';
  if (list.kind === 'values') {
    const values = list.values.map((value) => analyse(ctx, value));
    const all = unify([operand, ...values], () =>
      noSignature(ctx, expr, 'operator IN', [operand, ...values]),
    ).values;
    return {
      sql: `(${all[0]!.sql} ${not}IN (${all
        .slice(1)
        .map((v) => v.sql)
        .join(', ')}))`,
      type: BOOL,
    };
  }
  const [element, rows] = inRows(ctx, list);
  const [value, target] = [operand, { sql: 'x', type: element }];
  const type = supertype([value, target]);
  if (type === undefined)
    throw invalidQuery(noSignature(ctx, expr, 'operator IN', [operand, target]));
  return { sql: `(${coerce(value, type)!.sql} ${not}IN (${rows}))`, type: BOOL };
}

function inRows(ctx: Context, list: Exclude<InList, { kind: 'values' }>) {
  if (list.kind === 'unnest') {
    const array = analyse(ctx, list.array);
    const element = elementType(array, 'UNNEST');
    return [element, `SELECT unnest(${asArray(array, element).sql})`] as const;
  }
  const query = analyseQuery(ctx, list.query);
  refuseOpen(query.demands);
  if (query.columns.length !== 1)
    throw invalidQuery('Subquery of type IN must have only one output column');
  return [query.columns[0]!.type, query.sql] as const;
}

function analyseIndex(ctx: Context, expr: Extract<Expr, { kind: 'index' }>): Typed {
  const base = analyse(ctx, expr.base);
  if (base.type.kind === 'JSON') return analyseJsonField(ctx, expr, base);
  if (base.type.kind !== 'ARRAY') throw unsupported(`Subscript on ${typeName(base.type)}`);
  const index = coerce(analyse(ctx, expr.index), INT64);
  if (index === undefined)
    throw invalidQuery(`Array position must be INT64 at ${where(ctx, expr)}`);
  const isOrdinal = expr.mode.endsWith('ORDINAL');
  const ordinal = isOrdinal ? index.sql : `${index.sql} + 1`;
  const element = `${base.sql}[${ordinal}]`;
  const inRange = `${ordinal} BETWEEN 1 AND len(${base.sql})`;
  const outside = expr.mode.startsWith('SAFE')
    ? 'NULL'
    : `error('Array index ' || ${index.sql} || ' is out of bounds')`;
  const sql = `(CASE WHEN ${base.sql} IS NULL OR ${index.sql} IS NULL THEN NULL WHEN ${inRange} THEN ${element} ELSE ${outside} END)`;
  return { sql, type: base.type.element };
}

/** `json['name']`, with any name; positions in JSON arrays are not supported. */
function analyseJsonField(
  ctx: Context,
  expr: Extract<Expr, { kind: 'index' }>,
  base: Typed,
): Typed {
  const name = analyse(ctx, expr.index);
  if (expr.mode !== '' || name.type.kind !== 'STRING') {
    throw unsupported(`Subscript of JSON by ${typeName(name.type)}`);
  }
  return { sql: `bq_json_field(${base.sql}, ${name.sql})`, type: base.type };
}

function analyseCase(ctx: Context, expr: Extract<Expr, { kind: 'case' }>): Typed {
  const operand = expr.operand === undefined ? undefined : analyse(ctx, expr.operand);
  const whens = expr.whens.map(({ when }) => {
    const condition = analyse(ctx, when);
    if (operand === undefined) return asBool(condition, 'CASE WHEN');
    const [left, right] = unify([operand, condition], () =>
      noSignature(ctx, expr, 'operator CASE', [operand, condition]),
    ).values;
    return `${left!.sql} = ${right!.sql}`;
  });
  const results = expr.whens.map(({ result }) => analyse(ctx, result));
  if (expr.otherwise !== undefined) results.push(analyse(ctx, expr.otherwise));
  const { type, values } = unify(results, () => noSignature(ctx, expr, 'operator CASE', results));
  const branches = whens.map((when, i) => `WHEN ${when} THEN ${values[i]!.sql}`).join(' ');
  const otherwise = expr.otherwise === undefined ? '' : ` ELSE ${values.at(-1)!.sql}`;
  return { sql: `(CASE ${branches}${otherwise} END)`, type };
}
