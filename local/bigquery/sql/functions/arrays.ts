import { coerce, supertype } from '../coerce.ts';
import { arrayOf, INT64, STRING } from '../types.ts';
import {
  argsOf,
  elementOf,
  type FunctionSpec,
  type Library,
  overloaded,
  refuse,
  signature,
} from './define.ts';

const overArray =
  (write: (sql: string) => string, keeps: boolean): FunctionSpec =>
  (ctx, call) => {
    const args = argsOf(ctx, call);
    const [array] = args;
    if (args.length !== 1 || array?.type.kind !== 'ARRAY') throw refuse(ctx, call, args);
    return { sql: write(array.sql), type: keeps ? array.type : INT64 };
  };

const concat: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  const type = supertype(args);
  if (type?.kind !== 'ARRAY') throw refuse(ctx, call, args);
  const parts = args.map((arg) => coerce(arg, type)!.sql);
  const list = parts.reduce((a, b) => `list_concat(${a}, ${b})`);
  return {
    sql: `(CASE WHEN ${parts.map((p) => `${p} IS NULL`).join(' OR ')} THEN NULL ELSE ${list} END)`,
    type,
  };
};

const joined: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  const [array, delimiter, nullText] = args;
  if (array === undefined || elementOf(array.type).kind !== 'STRING' || delimiter === undefined)
    throw refuse(ctx, call, args);
  const texts = args.slice(1).map((arg) => coerce(arg, STRING));
  if (texts.includes(undefined)) throw refuse(ctx, call, args);
  const list =
    nullText === undefined
      ? `list_filter(${array.sql}, lambda x: x IS NOT NULL)`
      : `list_transform(${array.sql}, lambda x: coalesce(x, ${nullText.sql}))`;
  // DuckDB joins an empty list to NULL.
  return {
    sql: `(CASE WHEN ${array.sql} IS NULL THEN NULL ELSE coalesce(array_to_string(${list}, ${texts[0]!.sql}), '') END)`,
    type: STRING,
  };
};

/** Functions over arrays. */
export const ARRAYS: Library = {
  ARRAY_CONCAT: concat,
  ARRAY_LENGTH: overArray((a) => `CAST(len(${a}) AS BIGINT)`, false),
  ARRAY_REVERSE: overArray((a) => `list_reverse(${a})`, true),
  ARRAY_TO_STRING: joined,
  GENERATE_ARRAY: overloaded(
    signature(
      [INT64, INT64, INT64],
      arrayOf(INT64),
      (from, to, step = '1') => `generate_series(${from}, ${to}, ${step})`,
      1,
    ),
  ),
};
