import { invalidQuery, unsupported } from '../../errors.ts';
import { castTo } from '../cast.ts';
import { coerce } from '../coerce.ts';
import { sqlString } from '../typed.ts';
import { arrayOf, BOOL, BYTES, INT64, STRING } from '../types.ts';
import {
  argsOf,
  type FunctionSpec,
  fixed,
  type Library,
  literalText,
  overloaded,
  refuse,
  signature,
} from './define.ts';

const text = (write: (...args: string[]) => string, extra = 0) =>
  fixed([STRING, ...Array(extra).fill(STRING)], STRING, write);

// Other scalars become text as CAST writes them.
const concat: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  if (args.length === 0) throw refuse(ctx, call, args);
  const isBytes = args.some((arg) => arg.type.kind === 'BYTES');
  const parts = isBytes
    ? args.map((arg) => coerce(arg, BYTES))
    : args.map((arg) => castTo(arg, STRING, false));
  if (parts.includes(undefined)) throw refuse(ctx, call, args);
  return { sql: `(${parts.map((p) => p!.sql).join(' || ')})`, type: isBytes ? BYTES : STRING };
};

/** RE2 on both sides; the pattern must be a literal so that its groups can be counted. */
function pattern(
  name: string,
  expr: Parameters<typeof literalText>[0],
): { sql: string; groups: number } {
  const regex = literalText(expr);
  if (regex === undefined) throw unsupported(`${name} with a pattern that is not a string literal`);
  const groups = [
    ...regex
      .replaceAll(/\\./g, '')
      .replaceAll(/\[[^\]]*\]/g, '')
      .matchAll(/\((?!\?(?!P?<))/g),
  ].length;
  return { sql: sqlString(regex), groups };
}

const regexpExtract: FunctionSpec = (ctx, call) => {
  const [value] = argsOf(ctx, call);
  if (call.args.length !== 2 || value === undefined || coerce(value, STRING) === undefined)
    throw refuse(ctx, call, argsOf(ctx, call));
  const { sql, groups } = pattern('REGEXP_EXTRACT', call.args[1]);
  if (groups > 1)
    throw invalidQuery(
      'Regular expressions passed into extraction functions must not have more than 1 capturing group',
    );
  const extracted = `regexp_extract(${value.sql}, ${sql}, ${groups})`;
  return {
    sql: `(CASE WHEN regexp_matches(${value.sql}, ${sql}) THEN ${extracted} END)`,
    type: STRING,
  };
};

const regexpReplace: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  const values = args.map((arg) => coerce(arg, STRING));
  if (args.length !== 3 || values.includes(undefined)) throw refuse(ctx, call, args);
  return {
    sql: `regexp_replace(${values[0]!.sql}, ${pattern('REGEXP_REPLACE', call.args[1]).sql}, ${values[2]!.sql}, 'g')`,
    type: STRING,
  };
};

const toStringFunction: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  const [value] = args;
  if (args.length !== 1 || value === undefined) throw unsupported('STRING with a time zone');
  if (value.type.kind === 'JSON') return { sql: `bq_json_value(${value.sql}, '$')`, type: STRING };
  if (!['TIMESTAMP', 'DATE'].includes(value.type.kind)) throw refuse(ctx, call, args);
  return castTo(value, STRING, false);
};

const split = (s: string, d = "','") =>
  `(CASE WHEN ${s} = '' THEN [''] ELSE string_split(${s}, ${d}) END)`;
const substr = overloaded(
  signature([STRING, INT64], STRING, (s, p) => `bq_substr(${s}, ${p})`),
  signature([STRING, INT64, INT64], STRING, (s, p, n) => `bq_substr_n(${s}, ${p}, ${n})`),
);
const pad = (name: string) =>
  fixed(
    [STRING, INT64, STRING],
    STRING,
    (s, n, p = "' '") => `${name}(${s}, CAST(${n} AS INTEGER), ${p})`,
    1,
  );
const trim = (name: string) =>
  fixed(
    [STRING, STRING],
    STRING,
    (s, chars) => (chars === undefined ? `bq_${name}(${s})` : `${name}(${s}, ${chars})`),
    1,
  );
const digest = (name: string) =>
  overloaded(
    signature([STRING], BYTES, (s) => `unhex(${name}(${s}))`),
    signature([BYTES], BYTES, (b) => `unhex(${name}(${b}))`),
  );

/** String, byte and hash functions. */
export const STRINGS: Library = {
  ASCII: fixed([STRING], INT64, (s) => `CAST(ascii(${s}) AS BIGINT)`),
  BYTE_LENGTH: overloaded(
    signature([STRING], INT64, (s) => `octet_length(encode(${s}))`),
    signature([BYTES], INT64, (b) => `octet_length(${b})`),
  ),
  CHAR_LENGTH: fixed([STRING], INT64, (s) => `length(${s})`),
  CONCAT: concat,
  ENDS_WITH: fixed([STRING, STRING], BOOL, (s, e) => `ends_with(${s}, ${e})`),
  FROM_BASE64: fixed([STRING], BYTES, (s) => `from_base64(${s})`),
  FROM_HEX: fixed([STRING], BYTES, (s) => `unhex(${s})`),
  GENERATE_UUID: fixed([], STRING, () => 'CAST(uuid() AS VARCHAR)'),
  INSTR: fixed([STRING, STRING], INT64, (s, e) => `instr(${s}, ${e})`),
  LEFT: fixed([STRING, INT64], STRING, (s, n) => `bq_substr_n(${s}, 1, ${n})`),
  LENGTH: overloaded(
    signature([STRING], INT64, (s) => `length(${s})`),
    signature([BYTES], INT64, (b) => `octet_length(${b})`),
  ),
  LOWER: text((s) => `bq_lower(${s})`),
  LPAD: pad('lpad'),
  LTRIM: trim('ltrim'),
  MD5: digest('md5'),
  REGEXP_CONTAINS: fixed([STRING, STRING], BOOL, (s, r) => `regexp_matches(${s}, ${r})`),
  REGEXP_EXTRACT: regexpExtract,
  REGEXP_REPLACE: regexpReplace,
  REPEAT: fixed([STRING, INT64], STRING, (s, n) => `repeat(${s}, ${n})`),
  REPLACE: text(
    (s, from, to) => `(CASE WHEN ${from} = '' THEN ${s} ELSE replace(${s}, ${from}, ${to}) END)`,
    2,
  ),
  // By code points; DuckDB's own reverse keeps combining characters together.
  REVERSE: text(
    (s) =>
      `(CASE WHEN ${s} = '' THEN '' ELSE array_to_string(list_reverse(regexp_extract_all(${s}, '(?s).')), '') END)`,
  ),
  RIGHT: fixed([STRING, INT64], STRING, (s, n) => `right(${s}, ${n})`),
  RPAD: pad('rpad'),
  RTRIM: trim('rtrim'),
  SHA1: digest('sha1'),
  SHA256: digest('sha256'),
  SPLIT: fixed([STRING, STRING], arrayOf(STRING), split, 1),
  STARTS_WITH: fixed([STRING, STRING], BOOL, (s, e) => `starts_with(${s}, ${e})`),
  STRING: toStringFunction,
  STRPOS: fixed([STRING, STRING], INT64, (s, e) => `instr(${s}, ${e})`),
  SUBSTR: substr,
  SUBSTRING: substr,
  TO_BASE64: fixed([BYTES], STRING, (b) => `to_base64(${b})`),
  TO_HEX: fixed([BYTES], STRING, (b) => `lower(hex(${b}))`),
  TRIM: trim('trim'),
  UPPER: text((s) => `bq_upper(${s})`),
};
