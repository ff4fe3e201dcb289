import {
  entriesOf,
  type Fields,
  fieldOf,
  fieldsOf,
  int64Of,
  listOf,
  OtlpReadError,
  textOf,
} from './read-fields.ts';
import type { Attributes, AttributeValue } from './span.ts';

/** Eight times what an SDK keeps by default. */
export const MAX_ATTRIBUTES = 1_024;

/** What is nested deeper is left out. */
const MAX_VALUE_DEPTH = 16;

/** The attributes of a span or resource; undefined when they are more than can be kept. */
export function readAttributes(fields: Fields, path: string): Attributes | undefined {
  if (listOf(fields, 'attributes', path).length > MAX_ATTRIBUTES) return undefined;
  return readPairs(fields, 'attributes', path, 0);
}

function readPairs(fields: Fields, name: string, path: string, depth: number): Attributes {
  const attributes = new Map<string, AttributeValue>();
  for (const [pair, pairPath] of entriesOf(fields, name, path)) {
    const key = textOf(pair, 'key', pairPath);
    const written = fieldOf(pair, 'value');
    const value =
      written === undefined ? undefined : readValue(written, `${pairPath}.value`, depth);
    if (value !== undefined) attributes.set(key, value);
  }
  return attributes;
}

/** An AnyValue; undefined when it is empty, of a kind nobody knows, or too deep. */
function readValue(written: unknown, path: string, depth: number): AttributeValue | undefined {
  if (depth > MAX_VALUE_DEPTH) return undefined;
  const fields = fieldsOf(written, path);
  const take = (name: string) => fieldOf(fields, name);
  const text = take('stringValue');
  if (text !== undefined) return checked(text, typeof text === 'string', `${path}.stringValue`);
  const bool = take('boolValue');
  if (bool !== undefined) return checked(bool, typeof bool === 'boolean', `${path}.boolValue`);
  const int = take('intValue');
  if (int !== undefined) {
    const value = int64Of(int);
    return checked(value, value !== undefined, `${path}.intValue`);
  }
  const double = take('doubleValue');
  if (double !== undefined) {
    // JSON has no other way to write these.
    const value = ['NaN', 'Infinity', '-Infinity'].includes(double as string)
      ? Number(double)
      : double;
    return checked(value, typeof value === 'number', `${path}.doubleValue`);
  }
  const bytes = take('bytesValue');
  if (bytes !== undefined) {
    const value = typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes;
    return checked(value, value instanceof Uint8Array, `${path}.bytesValue`);
  }
  if (take('arrayValue') !== undefined) {
    const inner = `${path}.arrayValue`;
    return [...entriesOf(fieldsOf(take('arrayValue'), inner), 'values', inner)]
      .map(([one, onePath]) => readValue(one, onePath, depth + 1))
      .filter((value) => value !== undefined);
  }
  if (take('kvlistValue') !== undefined) {
    const inner = `${path}.kvlistValue`;
    return readPairs(fieldsOf(take('kvlistValue'), inner), 'values', inner, depth + 1);
  }
  return undefined;
}

function checked(value: unknown, isRight: boolean, path: string): AttributeValue {
  if (!isRight) throw new OtlpReadError(`${path} has the wrong type`);
  return value as AttributeValue;
}
