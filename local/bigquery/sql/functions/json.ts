import { unsupported } from '../../errors.ts';
import { coerce } from '../coerce.ts';
import { sqlString, type Typed } from '../typed.ts';
import { BOOL, FLOAT64, INT64, JSON_TYPE, STRING, typeName } from '../types.ts';
import { argsOf, type FunctionSpec, fixed, type Library, literalText, refuse } from './define.ts';

const PATH = /^\$(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|"[^"]*")|\[\d+\])*$/;

function pathOf(name: string, expr: Parameters<typeof literalText>[0]): string {
  if (expr === undefined) return sqlString('$');
  const path = literalText(expr)?.replaceAll(/\['([^']*)'\]/g, '."$1"');
  if (path === undefined) throw unsupported(`${name} with a path that is not a string literal`);
  if (!PATH.test(path)) throw unsupported(`JSON path ${path}`);
  return sqlString(path);
}

function reader(
  write: (json: string, path: string) => string,
  result: (json: Typed) => Typed['type'],
): FunctionSpec {
  return (ctx, call) => {
    const [json] = argsOf(ctx, { ...call, args: call.args.slice(0, 1) });
    const value = json?.type.kind === 'JSON' ? json : json && coerce(json, STRING);
    if (value === undefined || call.args.length > 2)
      throw refuse(ctx, call, json === undefined ? [] : [json]);
    return { sql: write(value.sql, pathOf(call.name, call.args[1])), type: result(value) };
  };
}

const toJsonString: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  const value = args[0];
  if (value === undefined || args.length > 1) throw unsupported('TO_JSON_STRING with pretty_print');
  const element = value.type.kind === 'ARRAY' ? value.type.element : value.type;
  if (!['STRING', 'BOOL', 'INT64', 'JSON'].includes(element.kind))
    throw unsupported(`TO_JSON_STRING of ${typeName(value.type)}`);
  return { sql: `coalesce(CAST(to_json(${value.sql}) AS VARCHAR), 'null')`, type: STRING };
};

const jsonValue = reader(
  (j, p) => `bq_json_value(${j}, ${p})`,
  () => STRING,
);
const jsonQuery = reader(
  (j, p) => `bq_json_query(${j}, ${p})`,
  (json) => json.type,
);
const scalar = (type: Typed['type'], duck: string) =>
  fixed([JSON_TYPE], type, (j) => `CAST(bq_json_value(${j}, '$') AS ${duck})`);

/** JSON functions over JSON values and JSON-formatted strings; paths are literals. */
export const JSONS: Library = {
  BOOL: scalar(BOOL, 'BOOLEAN'),
  FLOAT64: scalar(FLOAT64, 'DOUBLE'),
  INT64: scalar(INT64, 'BIGINT'),
  JSON_EXTRACT: (ctx, call) => asText(jsonQuery(ctx, call)),
  JSON_EXTRACT_SCALAR: jsonValue,
  JSON_QUERY: (ctx, call) => asText(jsonQuery(ctx, call)),
  JSON_VALUE: jsonValue,
  PARSE_JSON: fixed([STRING], JSON_TYPE, (s) => `CAST(${s} AS JSON)`),
  TO_JSON_STRING: toJsonString,
};

// From a string the result is a string, from JSON it stays JSON.
function asText(value: Typed): Typed {
  return value.type.kind === 'STRING' ? { ...value, sql: `CAST(${value.sql} AS VARCHAR)` } : value;
}
