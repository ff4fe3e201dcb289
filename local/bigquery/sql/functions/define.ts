import { invalidQuery } from '../../errors.ts';
import type { Call, Expr } from '../ast.ts';
import { coerce, supertype } from '../coerce.ts';
import type { Context } from '../context.ts';
import { analyse, noSignature } from '../expression.ts';
import type { Typed } from '../typed.ts';
import { type SqlType, sameType, UNKNOWN } from '../types.ts';

/** A call as it stands in the statement. */
export type CallNode = Call & { at: number };
/** Turns a call into DuckDB SQL, or throws when its arguments fit no signature. */
export type FunctionSpec = (ctx: Context, call: CallNode) => Typed;
export type Library = Record<string, FunctionSpec>;

/** The arguments of a call, analysed. */
export function argsOf(ctx: Context, call: CallNode): Typed[] {
  return call.args.map((arg) => analyse(ctx, arg));
}

/** The error for arguments that fit no signature. */
export function refuse(ctx: Context, call: CallNode, args: Typed[]) {
  return invalidQuery(noSignature(ctx, call, `function ${call.name}`, args));
}

type Signature = {
  params: SqlType[];
  optional: number;
  result: SqlType;
  write: (...args: string[]) => string;
};

/** One signature: parameter types (the last `optional` of them may be left out), result type, DuckDB SQL. */
export function signature(
  params: SqlType[],
  result: SqlType,
  write: Signature['write'],
  optional = 0,
): Signature {
  return { params, result, write, optional };
}

function matches(sig: Signature, args: Typed[], exactly: boolean): boolean {
  if (args.length > sig.params.length || args.length < sig.params.length - sig.optional)
    return false;
  return args.every((arg, i) =>
    exactly ? sameType(arg.type, sig.params[i]!) : coerce(arg, sig.params[i]!) !== undefined,
  );
}

/** A function by its signatures: an exact match wins, then the first that the arguments convert to. */
export function overloaded(...signatures: Signature[]): FunctionSpec {
  return (ctx, call) => {
    const args = argsOf(ctx, call);
    const sig =
      signatures.find((s) => matches(s, args, true)) ??
      signatures.find((s) => matches(s, args, false));
    if (sig === undefined) throw refuse(ctx, call, args);
    return {
      sql: sig.write(...args.map((arg, i) => coerce(arg, sig.params[i]!)!.sql)),
      type: sig.result,
    };
  };
}

/** A function with one signature. */
export function fixed(
  params: SqlType[],
  result: SqlType,
  write: Signature['write'],
  optional = 0,
): FunctionSpec {
  return overloaded(signature(params, result, write, optional));
}

/** A function over at least `min` values of one common type. */
export function uniform(
  min: number,
  result: (common: SqlType) => SqlType,
  write: (args: string[], type: SqlType) => string,
): FunctionSpec {
  return (ctx, call) => {
    const args = argsOf(ctx, call);
    const type = supertype(args);
    if (args.length < min || type === undefined) throw refuse(ctx, call, args);
    const converted = args.map((arg) => (type.kind === 'UNKNOWN' ? arg : coerce(arg, type)!).sql);
    return { sql: write(converted, type), type: result(type) };
  };
}

/** A literal text argument, or nothing. Formats, paths and zones must be known when the SQL is written. */
export function literalText(expr: Expr | undefined): string | undefined {
  return expr?.kind === 'string' ? expr.text : undefined;
}

/** The element type of an array argument. */
export function elementOf(type: SqlType): SqlType {
  return type.kind === 'ARRAY' ? type.element : UNKNOWN;
}
