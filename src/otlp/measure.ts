import protobuf from 'protobufjs';
import { DEFINITIONS } from './messages.ts';
import { OtlpReadError } from './read-fields.ts';

/** Larger than any SDK's batch (512 by default; collectors send up to 8,192), and bounded. */
export const MAX_SPANS_PER_REQUEST = 10_000;

/** Resources and scopes of a request: one of each per span at the most. */
export const MAX_GROUPS_PER_REQUEST = 2 * MAX_SPANS_PER_REQUEST;

/** Everything within spans and resources: attributes, their values, events, links. An attribute is two, or more. */
export const MAX_PARTS_PER_REQUEST = 600_000;

/** JSON writes a part as an object and its names, so with three of the characters that are counted. */
const MAX_JSON_ELEMENTS = 3 * MAX_PARTS_PER_REQUEST;

const MAX_DEPTH = 100;
/** How fields are written on the wire, by type; messages and all others are length-delimited. */
const WIRE_TYPES: Record<string, number> = { int32: 0, int64: 0, bool: 0, fixed64: 1, double: 1 };
const LENGTH_DELIMITED = 2;

type Counter = 'spans' | 'groups' | 'parts';
type Field = { name: string; wireType: number; child?: Message; counter: Counter };
type Message = Map<number, Field>;
type Counts = Record<Counter, number>;

const COUNTERS: Record<string, Counter> = {
  Span: 'spans',
  ResourceSpans: 'groups',
  ScopeSpans: 'groups',
};
const REQUEST = tableOf('ExportTraceServiceRequest', new Map());

/**
 * Measures a request in protobuf before anything is made of it: a body of empty messages, two bytes each, is small, and what
 * it decodes to is not. Throws `OtlpReadError` at the first message too many, Error for what is not protobuf.
 */
export function measureProtobuf(body: Uint8Array): Counts {
  const counts: Counts = { spans: 0, groups: 0, parts: 0 };
  const reader = protobuf.Reader.create(body);
  measureMessage(reader, reader.len, REQUEST, counts, 0);
  return counts;
}

function measureMessage(
  reader: protobuf.Reader,
  end: number,
  message: Message,
  counts: Counts,
  depth: number,
): void {
  if (depth > MAX_DEPTH) throw new OtlpReadError(`more than ${MAX_DEPTH} messages are nested`);
  while (reader.pos < end) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    const field = message.get(tag >>> 3);
    // The decoder goes by what a field should be: where both differ, what was measured would not be what is decoded.
    if (field !== undefined && field.wireType !== wireType) {
      throw new OtlpReadError(`${field.name} has the wrong wire type`);
    }
    if (field?.child === undefined) {
      reader.skipType(wireType);
      continue;
    }
    count(counts, field.counter);
    const childEnd = reader.uint32() + reader.pos;
    if (childEnd > end) throw new OtlpReadError(`${field.name} is cut off`);
    measureMessage(reader, childEnd, field.child, counts, depth + 1);
  }
  if (reader.pos !== end) throw new OtlpReadError('a message is longer than it says');
}

function count(counts: Counts, counter: Counter): void {
  counts[counter]++;
  if (counts[counter] > LIMITS[counter].most) throw LIMITS[counter].error();
}

const LIMITS: Record<Counter, { most: number; error: () => OtlpReadError }> = {
  spans: { most: MAX_SPANS_PER_REQUEST, error: tooManySpans },
  groups: { most: MAX_GROUPS_PER_REQUEST, error: tooManyGroups },
  parts: { most: MAX_PARTS_PER_REQUEST, error: tooManyParts },
};

/** The refusal of a request with too many spans. */
export function tooManySpans(): OtlpReadError {
  const message = `At most ${MAX_SPANS_PER_REQUEST} spans are taken at once.`;
  return new OtlpReadError(message, 'too-large');
}

/** The refusal of a request with too many resources and scopes. */
export function tooManyGroups(): OtlpReadError {
  const message = `At most ${MAX_GROUPS_PER_REQUEST} resources and scopes are taken at once.`;
  return new OtlpReadError(message, 'too-large');
}

function tooManyParts(): OtlpReadError {
  const message = `At most ${MAX_PARTS_PER_REQUEST} attributes, values, events and links are taken at once.`;
  return new OtlpReadError(message, 'too-large');
}

const [QUOTE, BACKSLASH, OBJECT, ARRAY, NAMED] = ['"', '\\', '{', '[', ':'].map((character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number];

/**
 * The same for JSON, by its objects, arrays and names outside of texts. Throws `OtlpReadError` when they are too many; whether
 * it is JSON the parser says.
 */
export function measureJson(body: Uint8Array): void {
  let elements = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) {
      for (at++; at < body.length && body[at] !== QUOTE; at++) if (body[at] === BACKSLASH) at++;
    } else if (byte === OBJECT || byte === ARRAY || byte === NAMED) {
      elements++;
      if (elements > MAX_JSON_ELEMENTS) throw tooManyParts();
    }
  }
}

/** What is measured of a message: its fields by number. Messages contain themselves through others. */
function tableOf(name: string, known: Map<string, Message>): Message {
  const before = known.get(name);
  if (before !== undefined) return before;
  const table: Message = new Map();
  known.set(name, table);
  for (const [field, [written, id]] of Object.entries(DEFINITIONS[name] ?? {})) {
    const type = written.replace('[]', '');
    const isMessage = DEFINITIONS[type] !== undefined;
    table.set(id, {
      name: field,
      wireType: WIRE_TYPES[type] ?? LENGTH_DELIMITED,
      counter: COUNTERS[type] ?? 'parts',
      ...(isMessage && { child: tableOf(type, known) }),
    });
  }
  return table;
}
