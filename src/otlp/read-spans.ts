import {
  MAX_GROUPS_PER_REQUEST,
  MAX_SPANS_PER_REQUEST,
  tooManyGroups,
  tooManySpans,
} from './measure.ts';
import {
  childOf,
  entriesOf,
  enumOf,
  type Fields,
  fieldOf,
  fieldsOf,
  listOf,
  nanosecondsOf,
  OtlpReadError,
  textOf,
} from './read-fields.ts';
import { MAX_ATTRIBUTES, readAttributes } from './read-values.ts';
import type { Attributes, InstrumentationScope, OtlpSpan } from './span.ts';

/** A span that cannot be taken, beside neighbours that can. */
export type RejectedSpan = {
  /** Where it stood, e.g. `resourceSpans[0].scopeSpans[1].spans[2]`. */
  path: string;
  reason: string;
};

export type ReadSpans = { spans: OtlpSpan[]; rejected: RejectedSpan[] };

/** The spans of a request, from protobuf or JSON alike; throws `OtlpReadError` for what is not such a request. */
export function readSpans(request: unknown): ReadSpans {
  const spans: OtlpSpan[] = [];
  const rejected: RejectedSpan[] = [];
  let count = 0;
  let groups = 0;
  for (const [group, path] of entriesOf(fieldsOf(request, 'The body'), 'resourceSpans', '')) {
    groups += 1 + listOf(group, 'scopeSpans', path).length;
    if (groups > MAX_GROUPS_PER_REQUEST) throw tooManyGroups();
    const resource = resourceOf(group, path);
    for (const [scopeSpans, scopePath] of entriesOf(group, 'scopeSpans', path)) {
      count += listOf(scopeSpans, 'spans', scopePath).length;
      if (count > MAX_SPANS_PER_REQUEST) throw tooManySpans();
      const scope = scopeOf(scopeSpans, scopePath);
      for (const [span, spanPath] of entriesOf(scopeSpans, 'spans', scopePath)) {
        const read = readSpan(span, spanPath, resource, scope);
        if (typeof read === 'string') rejected.push({ path: spanPath, reason: read });
        else spans.push(read);
      }
    }
  }
  return { spans, rejected };
}

function resourceOf(group: Fields, path: string): Attributes {
  const resource = readAttributes(childOf(group, 'resource', path), `${path}.resource`);
  if (resource !== undefined) return resource;
  throw new OtlpReadError(`${path}.resource has more than ${MAX_ATTRIBUTES} attributes`);
}

function scopeOf(scopeSpans: Fields, path: string): InstrumentationScope {
  const fields = childOf(scopeSpans, 'scope', path);
  const name = textOf(fields, 'name', `${path}.scope`);
  const version = textOf(fields, 'version', `${path}.scope`);
  return version === '' ? { name } : { name, version };
}

const STATUS_CODES = ['unset', 'ok', 'error'] as const;

/** The span, or why it is rejected. */
function readSpan(
  fields: Fields,
  path: string,
  resource: Attributes,
  scope: InstrumentationScope,
): OtlpSpan | string {
  const traceId = idOf(fields, 'traceId', 16);
  const spanId = idOf(fields, 'spanId', 8);
  if (!traceId) return 'traceId must be 16 bytes, not all zero';
  if (!spanId) return 'spanId must be 8 bytes, not all zero';
  const parentSpanId = idOf(fields, 'parentSpanId', 8);
  if (parentSpanId === undefined) return 'parentSpanId must be 8 bytes, or empty';
  const attributes = readAttributes(fields, path);
  if (attributes === undefined) return `has more than ${MAX_ATTRIBUTES} attributes`;
  const events = readEvents(fields, path);
  const links = readLinks(fields, path);
  if (typeof events === 'string') return events;
  if (typeof links === 'string') return links;

  const startNs = nanosecondsOf(fields, 'startTimeUnixNano', path);
  const endNs = nanosecondsOf(fields, 'endTimeUnixNano', path);
  const status = childOf(fields, 'status', path);
  const message = textOf(status, 'message', `${path}.status`);
  const code = STATUS_CODES[enumOf(status, 'code', `${path}.status`)] ?? 'unset';
  return {
    traceId,
    spanId,
    ...(parentSpanId !== '' && { parentSpanId }),
    name: textOf(fields, 'name', path),
    kind: enumOf(fields, 'kind', path),
    startNs,
    endNs,
    startMs: Number(startNs / 1_000_000n),
    endMs: Number(endNs / 1_000_000n),
    attributes,
    resource,
    scope,
    status: message === '' ? { code } : { code, message },
    events,
    links,
  };
}

function readEvents(fields: Fields, path: string): OtlpSpan['events'] | string {
  const events: OtlpSpan['events'] = [];
  for (const [event, eventPath] of entriesOf(fields, 'events', path)) {
    const attributes = readAttributes(event, eventPath);
    if (attributes === undefined) return `has an event of more than ${MAX_ATTRIBUTES} attributes`;
    const name = textOf(event, 'name', eventPath);
    events.push({ name, timeNs: nanosecondsOf(event, 'timeUnixNano', eventPath), attributes });
  }
  return events;
}

function readLinks(fields: Fields, path: string): OtlpSpan['links'] | string {
  const links: OtlpSpan['links'] = [];
  for (const [link, linkPath] of entriesOf(fields, 'links', path)) {
    const attributes = readAttributes(link, linkPath);
    if (attributes === undefined) return `has a link of more than ${MAX_ATTRIBUTES} attributes`;
    const traceId = idOf(link, 'traceId', 16);
    const spanId = idOf(link, 'spanId', 8);
    // A link that leads nowhere is worth nothing, its span may be.
    if (traceId && spanId) links.push({ traceId, spanId, attributes });
  }
  return links;
}

/** An id in lower-case hexadecimal; '' when it is absent, empty or all zero, undefined when it is none. */
function idOf(fields: Fields, name: string, bytes: number): string | undefined {
  const value = fieldOf(fields, name) ?? '';
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  if (typeof hex !== 'string') return undefined;
  if (/^0*$/.test(hex)) return '';
  return hex.length === bytes * 2 && /^[0-9a-f]+$/i.test(hex) ? hex.toLowerCase() : undefined;
}
