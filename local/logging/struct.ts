export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** `google.protobuf.Struct` and `Value` as proto-loader hands them over with `oneofs: true`. */
export type Struct = { fields: Record<string, Value> };
export type Value = {
  kind?: 'nullValue' | 'numberValue' | 'stringValue' | 'boolValue' | 'structValue' | 'listValue';
  numberValue?: number;
  stringValue?: string;
  boolValue?: boolean;
  structValue?: Struct;
  listValue?: { values: Value[] };
};

/** The object that a Struct stands for. Its keys are its own, whatever they are called. */
export function structToJson({ fields }: Struct): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, fromValue(value)]));
}

/** The Struct of an object that came from JSON. */
export function jsonToStruct(object: JsonObject): Struct {
  return {
    fields: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, toValue(value)])),
  };
}

function fromValue(value: Value): Json {
  switch (value.kind) {
    case 'numberValue':
      return value.numberValue!;
    case 'stringValue':
      return value.stringValue!;
    case 'boolValue':
      return value.boolValue!;
    case 'structValue':
      return structToJson(value.structValue!);
    case 'listValue':
      return value.listValue!.values.map(fromValue);
    default:
      return null;
  }
}

function toValue(value: Json): Value {
  if (typeof value === 'string') return { kind: 'stringValue', stringValue: value };
  if (typeof value === 'number') return { kind: 'numberValue', numberValue: value };
  if (typeof value === 'boolean') return { kind: 'boolValue', boolValue: value };
  if (value === null) return { kind: 'nullValue', nullValue: 'NULL_VALUE' } as Value;
  if (Array.isArray(value)) return { kind: 'listValue', listValue: { values: value.map(toValue) } };
  return { kind: 'structValue', structValue: jsonToStruct(value) };
}
