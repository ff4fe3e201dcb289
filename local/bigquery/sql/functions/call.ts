import { invalidQuery, unsupported } from '../../errors.ts';
import type { Context } from '../context.ts';
import { where } from '../expression.ts';
import type { Typed } from '../typed.ts';
import { analyseAggregate, isAggregate } from './aggregates.ts';
import { ARRAYS } from './arrays.ts';
import type { CallNode, Library } from './define.ts';
import { JSONS } from './json.ts';
import { NUMBERS } from './numbers.ts';
import { STRINGS } from './strings.ts';
import { TIMES } from './times.ts';
import { analyseWindowFunction, isWindowFunction, overSql } from './windows.ts';

/**
 * A function call. Only functions whose DuckDB form is known to give GoogleSQL's answer are here; all others are
 * refused by name.
 */
export function analyseCall(ctx: Context, call: CallNode): Typed {
  const over = overSql(ctx, call.over);
  if (isAggregate(call.name)) return analyseAggregate(ctx, call, over);
  if (isWindowFunction(call.name)) return analyseWindowFunction(ctx, call, over);
  const libraries: Library[] = [STRINGS, NUMBERS, TIMES, JSONS, ARRAYS];
  const spec = libraries.find((library) => Object.hasOwn(library, call.name))?.[call.name];
  if (spec === undefined) throw unsupported(`Function ${call.name} (at ${where(ctx, call)})`);
  const isPlain =
    !call.star && !call.distinct && call.nulls === undefined && call.having === undefined;
  if (!isPlain || call.orderBy.length > 0 || call.limit !== undefined || over !== '') {
    throw invalidQuery(
      `Function ${call.name} is no aggregate or window function at ${where(ctx, call)}`,
    );
  }
  return spec(ctx, call);
}
