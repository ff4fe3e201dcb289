import { invalidQuery, unsupported } from '../../errors.ts';
import { divide } from '../arithmetic.ts';
import { castTo } from '../cast.ts';
import { coerce } from '../coerce.ts';
import { noSignature } from '../expression.ts';
import { BOOL, duckType, FLOAT64, INT64, isOrderable, NUMERIC, type SqlType } from '../types.ts';
import {
  argsOf,
  type FunctionSpec,
  fixed,
  type Library,
  overloaded,
  refuse,
  signature,
  uniform,
} from './define.ts';

/** INT64, NUMERIC or FLOAT64, whichever the argument is; DuckDB narrows decimals, so NUMERIC is restored. */
const sameNumber = (name: string) =>
  overloaded(
    signature([INT64], INT64, (x) => `${name}(${x})`),
    signature([NUMERIC], NUMERIC, (x) => `CAST(${name}(${x}) AS DECIMAL(38,9))`),
    signature([FLOAT64], FLOAT64, (x) => `${name}(${x})`),
  );

const rounding = (name: string) =>
  overloaded(
    signature([NUMERIC], NUMERIC, (x) => `CAST(${name}(${x}) AS DECIMAL(38,9))`),
    signature([FLOAT64], FLOAT64, (x) => `${name}(${x})`),
  );

/**
 * Rounds or cuts a double at a digit by its exact decimal expansion, as GoogleSQL does: 1.15 is 1.149999…, so it
 * rounds to 1.1. DuckDB would multiply by 10 first, which already rounds. One digit more than asked for, cut, is
 * enough to tell a half from less.
 */
function onDecimals(name: string, x: string, count: number): string {
  if (count > 17) throw unsupported(`${name.toUpperCase()} of FLOAT64 to more than 17 digits`);
  const kept = count < 0 ? 9 : count + 1;
  const cut = `regexp_extract(format('{:.40f}', ${x}), '^-?\\d+\\.\\d{${kept}}')`;
  const decimal = `${name}(CAST(${cut} AS DECIMAL(38,${kept})), ${count})`;
  return `(CASE WHEN abs(${x}) < 1e${37 - kept} THEN CAST(${decimal} AS DOUBLE) ELSE ${x} END)`;
}

function digits(name: string): FunctionSpec {
  const whole = rounding(name);
  return (ctx, call) => {
    if (call.args.length !== 2) return whole(ctx, call);
    const [value, places] = argsOf(ctx, call);
    const type = value!.type.kind === 'NUMERIC' ? NUMERIC : FLOAT64;
    const x = coerce(value!, type);
    const count = Number(places!.literal?.text);
    if (x === undefined) throw refuse(ctx, call, [value!, places!]);
    if (places!.literal?.kind !== 'int')
      throw unsupported(`${name.toUpperCase()} to a number of digits that is not a literal`);
    if (type === NUMERIC && count >= 9) return x;
    if (type === FLOAT64) return { sql: onDecimals(name, x.sql, count), type };
    return { sql: `CAST(${name}(${x.sql}, ${count}) AS ${duckType(type)})`, type };
  };
}

/** Functions whose NUMERIC result would be computed in floating point: FLOAT64 only. */
function floating(write: (...args: string[]) => string, count = 1): FunctionSpec {
  return (ctx, call) => {
    const args = argsOf(ctx, call);
    if (args.some((arg) => arg.type.kind === 'NUMERIC'))
      throw unsupported(`${call.name} over NUMERIC (CAST to FLOAT64 first)`);
    const values = args.map((arg) => coerce(arg, FLOAT64));
    if (args.length !== count || values.includes(undefined)) throw refuse(ctx, call, args);
    return { sql: write(...values.map((v) => v!.sql)), type: FLOAT64 };
  };
}

// DuckDB skips NULLs here, GoogleSQL answers NULL.
const extreme =
  (name: string): FunctionSpec =>
  (ctx, call) => {
    const value = uniform(
      1,
      (type) => type,
      (args) =>
        `(CASE WHEN ${args.map((a) => `${a} IS NULL`).join(' OR ')} THEN NULL ELSE ${name}(${args.join(', ')}) END)`,
    )(ctx, call);
    if (!isOrderable(value.type))
      throw invalidQuery(noSignature(ctx, call, `function ${call.name}`, [value]));
    return value;
  };

const safeDivide: FunctionSpec = (ctx, call) => {
  const [left, right] = argsOf(ctx, call);
  if (call.args.length !== 2) throw refuse(ctx, call, argsOf(ctx, call));
  const quotient = divide(left!, right!, () => refuse(ctx, call, [left!, right!]));
  const divisor = coerce(right!, quotient.type)!.sql;
  return { sql: `(CASE WHEN ${divisor} <> 0 THEN ${quotient.sql} END)`, type: quotient.type };
};

const conditional: FunctionSpec = (ctx, call) => {
  const [condition, ...results] = argsOf(ctx, call);
  const bool = condition === undefined ? undefined : coerce(condition, BOOL);
  if (bool === undefined || results.length !== 2) throw refuse(ctx, call, argsOf(ctx, call));
  const rest = { ...call, args: call.args.slice(1) };
  return uniform(
    2,
    (type) => type,
    ([yes, no]) => `(CASE WHEN ${bool.sql} THEN ${yes} ELSE ${no} END)`,
  )(ctx, rest);
};

const same = (type: SqlType) => type;
const exactly =
  (count: number, spec: FunctionSpec): FunctionSpec =>
  (ctx, call) => {
    if (call.args.length !== count) throw refuse(ctx, call, argsOf(ctx, call));
    return spec(ctx, call);
  };
const power = floating((x, y) => `pow(${x}, ${y})`, 2);
const parse: FunctionSpec = (ctx, call) => castTo(argsOf(ctx, call)[0]!, NUMERIC, false);

/** Numbers, conditions and NULLs. */
export const NUMBERS: Library = {
  ABS: sameNumber('abs'),
  CEIL: rounding('ceil'),
  CEILING: rounding('ceil'),
  COALESCE: uniform(1, same, (args) => `coalesce(${args.join(', ')})`),
  DIV: fixed([INT64, INT64], INT64, (a, b) => `bq_int_div(${a}, ${b})`),
  EXP: floating((x) => `exp(${x})`),
  FLOOR: rounding('floor'),
  GREATEST: extreme('greatest'),
  IF: conditional,
  IFNULL: exactly(
    2,
    uniform(2, same, (args) => `coalesce(${args.join(', ')})`),
  ),
  IS_INF: fixed([FLOAT64], BOOL, (x) => `isinf(${x})`),
  IS_NAN: fixed([FLOAT64], BOOL, (x) => `isnan(${x})`),
  LEAST: extreme('least'),
  LN: floating((x) => `ln(${x})`),
  LOG: (ctx, call) =>
    (call.args.length === 2
      ? floating((x, b) => `(ln(${x}) / ln(${b}))`, 2)
      : floating((x) => `ln(${x})`))(ctx, call),
  LOG10: floating((x) => `log10(${x})`),
  MOD: overloaded(
    signature([INT64, INT64], INT64, (a, b) => `bq_int_mod(${a}, ${b})`),
    signature(
      [NUMERIC, NUMERIC],
      NUMERIC,
      (a, b) => `CAST(bq_int_mod(${a}, ${b}) AS DECIMAL(38,9))`,
    ),
  ),
  NULLIF: exactly(
    2,
    uniform(2, same, ([a, b]) => `nullif(${a}, ${b})`),
  ),
  PARSE_NUMERIC: exactly(1, parse),
  POW: power,
  POWER: power,
  RAND: fixed([], FLOAT64, () => 'random()'),
  ROUND: digits('round'),
  SAFE_DIVIDE: safeDivide,
  SIGN: overloaded(
    signature([INT64], INT64, (x) => `CAST(sign(${x}) AS BIGINT)`),
    signature([NUMERIC], NUMERIC, (x) => `CAST(sign(${x}) AS DECIMAL(38,9))`),
    signature([FLOAT64], FLOAT64, (x) => `CAST(sign(${x}) AS DOUBLE)`),
  ),
  SQRT: floating((x) => `sqrt(${x})`),
  TRUNC: digits('trunc'),
};
