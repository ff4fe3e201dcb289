import { unsupported } from '../../errors.ts';
import { coerce, literalOf } from '../coerce.ts';
import { sqlString, type Typed } from '../typed.ts';
import { BOOL, FLOAT64, INT64, JSON_TYPE, type SqlType, STRING, typeName } from '../types.ts';
import {
  argsOf,
  elementOf,
  type FunctionSpec,
  fixed,
  type Library,
  literalText,
  refuse,
} from './define.ts';

const PATH = /^\$(?:\.(?:[A-Za-z_][A-Za-z0-9_]*|"[^"]*")|\[\d+\])*$/;

function pathOf(name: string, expr: Parameters<typeof literalText>[0]): string {
  if (expr === undefined) return sqlString('$');
  const path = literalText(expr)?.replaceAll(/\['([^']*)'\]/g, '."$1"');
  if (path === undefined) throw unsupported(`${name} with a path that is not a string literal`);
  if (!PATH.test(path)) throw unsupported(`JSON path ${path}`);
  return sqlString(path);
}

function reader(
  write: (json: string, path: string, isJson: boolean) => string,
  result: (json: Typed) => Typed['type'],
): FunctionSpec {
  return (ctx, call) => {
    const [json] = argsOf(ctx, { ...call, args: call.args.slice(0, 1) });
    const value = json?.type.kind === 'JSON' ? json : json && coerce(json, STRING);
    if (value === undefined || call.args.length > 2)
      throw refuse(ctx, call, json === undefined ? [] : [json]);
    return {
      sql: write(value.sql, pathOf(call.name, call.args[1]), value.type.kind === 'JSON'),
      type: result(value),
    };
  };
}

const JSON_TEXT: Partial<Record<SqlType['kind'], (x: string) => string>> = {
  STRING: (x) => `bq_json_string(${x})`,
  INT64: (x) => `bq_json_int(${x})`,
  BOOL: (x) => `CAST(${x} AS VARCHAR)`,
  JSON: (x) => `CAST(${x} AS VARCHAR)`,
};

const toJsonString: FunctionSpec = (ctx, call) => {
  const args = argsOf(ctx, call);
  const value = args[0];
  if (value === undefined || args.length > 1) throw unsupported('TO_JSON_STRING with pretty_print');
  const isArray = value.type.kind === 'ARRAY';
  const write = JSON_TEXT[isArray ? elementOf(value.type).kind : value.type.kind];
  if (write === undefined) throw unsupported(`TO_JSON_STRING of ${typeName(value.type)}`);
  const items = `list_transform(${value.sql}, lambda x: coalesce(${write('x')}, 'null'))`;
  const sql = isArray
    ? `'[' || coalesce(array_to_string(${items}, ','), '') || ']'`
    : write(value.sql);
  return {
    sql: `(CASE WHEN ${value.sql} IS NULL THEN 'null' ELSE ${sql} END)`,
    type: STRING,
  };
};

const parseJson: FunctionSpec = (_ctx, call) => {
  const text = literalText(call.args[0]);
  if (call.args.length !== 1 || text === undefined) {
    throw unsupported('PARSE_JSON of anything but a string literal');
  }
  return { sql: literalOf(JSON_TYPE, text), type: JSON_TYPE };
};

const jsonValue = reader(
  (j, p, isJson) => `${isJson ? 'bq_json_value' : 'bq_json_text_value'}(${j}, ${p})`,
  () => STRING,
);
const jsonQuery = reader(
  (j, p, isJson) => `${isJson ? 'json_extract' : 'bq_json_text_query'}(${j}, ${p})`,
  (json) => json.type,
);
const scalar = (type: Typed['type'], duck: string) =>
  fixed([JSON_TYPE], type, (j) => `CAST(bq_json_value(${j}, '$') AS ${duck})`);

/** JSON functions over JSON values and JSON-formatted strings; paths are literals. */
export const JSONS: Library = {
  BOOL: scalar(BOOL, 'BOOLEAN'),
  FLOAT64: scalar(FLOAT64, 'DOUBLE'),
  INT64: scalar(INT64, 'BIGINT'),
  JSON_EXTRACT: jsonQuery,
  JSON_EXTRACT_SCALAR: jsonValue,
  JSON_QUERY: jsonQuery,
  JSON_VALUE: jsonValue,
  PARSE_JSON: parseJson,
  TO_JSON_STRING: toJsonString,
};
