import { invalidQuery, unsupported } from '../errors.ts';
import type { Expr } from './ast.ts';
import { asArray, coerce, supertype } from './coerce.ts';
import type { Context } from './context.ts';
import { analyse, floatLiteral, intLiteral, noSignature } from './expression.ts';
import { addInterval } from './functions/time-parts.ts';
import type { Typed } from './typed.ts';
import { arrayOf, FLOAT64, INT64, type SqlType, STRING, UNKNOWN } from './types.ts';

type Operation = Extract<Expr, { kind: 'unary' | 'binary' }>;
const LOGIC = ['OR', 'AND', 'NOT', '=', '!=', '<', '<=', '>', '>=', 'LIKE', 'NOT LIKE'];
const NUMBERS = ['INT64', 'FLOAT64', 'NUMERIC'];

/** Whether an operator computes (rather than compares or combines conditions). */
export function isArithmetic(expr: Operation): boolean {
  return !LOGIC.includes(expr.op);
}

/** Unary and binary arithmetic, bit operations and `||`, with GoogleSQL's result types. */
export function analyseArithmetic(ctx: Context, expr: Operation): Typed {
  if (expr.kind === 'unary') return analyseUnary(ctx, expr);
  if (expr.right.kind === 'interval' || expr.left.kind === 'interval')
    return analyseInterval(ctx, expr);
  const [left, right] = [analyse(ctx, expr.left), analyse(ctx, expr.right)];
  const refuse = () => invalidQuery(noSignature(ctx, expr, `operator ${expr.op}`, [left, right]));
  switch (expr.op) {
    case '+':
    case '-':
      if (left.type.kind === 'DATE' && right.type.kind === 'INT64') {
        return {
          sql: `CAST(${left.sql} ${expr.op} CAST(${right.sql} AS INTEGER) AS DATE)`,
          type: left.type,
        };
      }
      return numeric([left, right], refuse, (a, b) => `(${a} ${expr.op} ${b})`);
    case '*':
      return multiply(left, right, refuse);
    case '/':
      return divide(left, right, refuse);
    case '||':
      return concatenate(left, right, refuse);
    default:
      return bits(expr.op, left, right, refuse);
  }
}

function analyseUnary(ctx: Context, expr: Extract<Operation, { kind: 'unary' }>): Typed {
  const { operand, op } = expr;
  if (op === '-' && operand.kind === 'int') return intLiteral(`-${operand.text}`);
  if (op === '-' && operand.kind === 'float') return floatLiteral(`-${operand.text}`);
  const value = analyse(ctx, operand);
  const refuse = () => invalidQuery(noSignature(ctx, expr, `operator ${op}`, [value]));
  if (op === '~') {
    const int = coerce(value, INT64);
    if (int === undefined) throw refuse();
    return { sql: `(~${int.sql})`, type: INT64 };
  }
  if (op === '+') return numeric([value], refuse, (a) => `(${a})`);
  return numeric([value], refuse, (a) => `(-${a})`);
}

/** The operands as one numeric type; UNKNOWN alone counts as INT64. */
function numericOperands(values: Typed[], refuse: () => Error): { type: SqlType; sql: string[] } {
  const common = supertype(values);
  const type = common?.kind === 'UNKNOWN' ? INT64 : common;
  if (type?.kind === 'BIGNUMERIC') throw unsupported('Arithmetic on BIGNUMERIC');
  if (type === undefined || !NUMBERS.includes(type.kind)) throw refuse();
  return { type, sql: values.map((value) => coerce(value, type)!.sql) };
}

function numeric(
  values: Typed[],
  refuse: () => Error,
  write: (a: string, b: string) => string,
): Typed {
  const { type, sql } = numericOperands(values, refuse);
  return { sql: write(sql[0]!, sql[1] ?? ''), type };
}

/** `a * b`; NUMERIC products are exact and rounded once, half away from zero, at the ninth decimal. */
export function multiply(left: Typed, right: Typed, refuse: () => Error): Typed {
  const { type, sql } = numericOperands([left, right], refuse);
  if (type.kind !== 'NUMERIC') return { sql: `(${sql[0]} * ${sql[1]})`, type };
  // An INT64 factor keeps scale 0, so that the exact product has room for large amounts.
  const factor = (value: Typed, converted: string) =>
    value.type.kind === 'INT64' ? `CAST(${value.sql} AS DECIMAL(19,0))` : converted;
  return { sql: `bq_numeric_mul(${factor(left, sql[0]!)}, ${factor(right, sql[1]!)})`, type };
}

/** `a / b`: FLOAT64 for two integers, exact NUMERIC when one side is NUMERIC; division by zero is an error. */
export function divide(left: Typed, right: Typed, refuse: () => Error): Typed {
  const { type, sql } = numericOperands([left, right], refuse);
  if (type.kind === 'NUMERIC') return { sql: `bq_numeric_div(${sql[0]}, ${sql[1]})`, type };
  const [a, b] = [coerce(left, FLOAT64)!.sql, coerce(right, FLOAT64)!.sql];
  return { sql: `bq_double_div(${a}, ${b})`, type: FLOAT64 };
}

function concatenate(left: Typed, right: Typed, refuse: () => Error): Typed {
  const kinds = [left.type.kind, right.type.kind];
  if (kinds.includes('ARRAY')) {
    const type = supertype([left, right]);
    if (type?.kind !== 'ARRAY') throw refuse();
    const [a, b] = [left, right].map((v) => asArray(coerce(v, type) ?? v, UNKNOWN).sql);
    return {
      sql: `CASE WHEN ${a} IS NULL OR ${b} IS NULL THEN NULL ELSE list_concat(${a}, ${b}) END`,
      type: arrayOf(type.element),
    };
  }
  const type = kinds.includes('BYTES') ? ({ kind: 'BYTES' } as const) : STRING;
  const [a, b] = [coerce(left, type), coerce(right, type)];
  if (a === undefined || b === undefined) throw refuse();
  return { sql: `(${a.sql} || ${b.sql})`, type };
}

function bits(op: string, left: Typed, right: Typed, refuse: () => Error): Typed {
  const [a, b] = [coerce(left, INT64), coerce(right, INT64)];
  if (a === undefined || b === undefined) throw refuse();
  const sql = op === '^' ? `xor(${a.sql}, ${b.sql})` : `(${a.sql} ${op} ${b.sql})`;
  if (op === '<<' || op === '>>') throw unsupported(`Operator ${op}`);
  return { sql, type: INT64 };
}

function analyseInterval(ctx: Context, expr: Extract<Operation, { kind: 'binary' }>): Typed {
  const { left, right, op } = expr;
  if (right.kind !== 'interval' || (op !== '+' && op !== '-'))
    throw unsupported('INTERVAL arithmetic other than TIMESTAMP ± INTERVAL');
  const value = analyse(ctx, left);
  if (value.type.kind !== 'TIMESTAMP') {
    throw unsupported(
      `${value.type.kind} ${op} INTERVAL (its type would be DATETIME; use DATE_ADD or DATE_SUB)`,
    );
  }
  return addInterval(ctx, value, right, op === '+' ? 1 : -1);
}
