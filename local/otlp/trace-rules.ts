import type { Attributes, AttributeValue, OtlpSpan } from '../../src/otlp/span.ts';

/** What telemetry.googleapis.com takes in one span; sizes in bytes of UTF-8. */
const MAX_NAME_BYTES = 1_024;
const MAX_ATTRIBUTES = 1_024;
const MAX_KEY_BYTES = 512;
const MAX_VALUE_BYTES = 64 * 1_024;
const MAX_EVENTS = 256;
const MAX_LINKS = 128;

export const MISSING_PROJECT = 'Resource is missing required attribute "gcp.project_id"';

/** Why none of a request's spans are taken, in Google's words; undefined when nothing speaks against them. */
export function reasonAgainstResource(resource: Attributes, projectId: string): string | undefined {
  const project = resource.get('gcp.project_id');
  if (typeof project !== 'string' || project === '') return MISSING_PROJECT;
  if (project === projectId) return undefined;
  return `Permission denied: the resource's gcp.project_id is ${project}, here is ${projectId}`;
}

/** Why a single span is not taken; undefined when it is. */
export function reasonAgainstSpan(span: OtlpSpan): string | undefined {
  const { name, attributes, events, links } = span;
  if (bytes(name) > MAX_NAME_BYTES) return `name is longer than ${MAX_NAME_BYTES} bytes`;
  if (events.length > MAX_EVENTS) return `has ${events.length} events, at most ${MAX_EVENTS}`;
  if (links.length > MAX_LINKS) return `has ${links.length} links, at most ${MAX_LINKS}`;
  if (attributes.size > MAX_ATTRIBUTES) {
    return `has ${attributes.size} attributes, at most ${MAX_ATTRIBUTES}`;
  }
  for (const [key, value] of attributes) {
    if (bytes(key) > MAX_KEY_BYTES) return `has a key longer than ${MAX_KEY_BYTES} bytes`;
    if (sizeOf(value) > MAX_VALUE_BYTES) return `${key} is longer than ${MAX_VALUE_BYTES} bytes`;
  }
  return undefined;
}

const bytes = (text: string): number => Buffer.byteLength(text);

function sizeOf(value: AttributeValue): number {
  if (typeof value === 'string') return bytes(value);
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Map) {
    let sum = 0;
    for (const [key, item] of value) sum += bytes(key) + sizeOf(item);
    return sum;
  }
  if (Array.isArray(value)) {
    return value.reduce((sum: number, item: AttributeValue) => sum + sizeOf(item), 0);
  }
  return 8;
}
