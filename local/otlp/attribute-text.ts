import type { Attributes, AttributeValue } from '../../src/otlp/span.ts';

export type Json = string | number | boolean | Json[] | { [key: string]: Json };

/** Attributes as JSON: whole numbers that a double cannot hold as text, bytes in base64. */
export function plain(attributes: Attributes): Record<string, Json> {
  return Object.fromEntries([...attributes].map(([key, value]) => [key, plainValue(value)]));
}

/** A value as text, lists and maps as JSON; undefined when there is none. */
export function textOf(value: AttributeValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const json = plainValue(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

function plainValue(value: AttributeValue): Json {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Map) return plain(value);
  if (Array.isArray(value)) return value.map(plainValue);
  return value as string | boolean;
}
