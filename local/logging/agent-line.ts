import type { HttpRequest, LogEntry } from './entry.ts';
import { truncate } from './limits.ts';
import { parseSeverity } from './severity.ts';
import type { Json, JsonObject } from './struct.ts';
import { type LogTime, parseTime, timeOfWire } from './time.ts';

const GOOGLE = 'logging.googleapis.com/';
/** Room for the rest of the entry below its limit of 256 KiB. */
const MAX_PAYLOAD_BYTES = 200 * 1024;
const TRACE_ID = /^[0-9a-f]{32}$/;

/** What a line of a process's output says; the rest of the entry is the agent's. */
export type LineEntry = Partial<LogEntry>;

/**
 * Reads a line as the logging agent of Cloud Run does. A JSON object becomes the payload, from which the fields that
 * Cloud Logging knows are lifted into the entry, those of them that are what they should be; a payload of nothing but a
 * text `message` becomes that text. Any other line is text without a severity.
 */
export function readLine(text: string, projectId: string): LineEntry {
  const given = parseObject(text);
  if (given === undefined || Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) {
    return { textPayload: truncate(text, MAX_PAYLOAD_BYTES) };
  }
  const lifted = lift(given, projectId);
  const left = Object.entries(given).filter(([key]) => !lifted.keys.has(key));
  const [only, ...more] = left;
  const payload: LineEntry =
    only?.[0] === 'message' && more.length === 0 && typeof only[1] === 'string'
      ? { textPayload: only[1] }
      : { jsonPayload: Object.fromEntries(left) };
  return { ...lifted.entry, ...payload };
}

/** The entry's fields found in a payload, and under which keys they were. */
function lift(given: JsonObject, projectId: string): { entry: LineEntry; keys: Set<string> } {
  const keys = new Set<string>();
  function take<T>(key: string, read: (value: Json) => T | undefined): T | undefined {
    const value = Object.hasOwn(given, key) ? read(given[key]!) : undefined;
    if (value !== undefined) keys.add(key);
    return value;
  }
  const timestamp = take('time', readTime) ?? take('timestamp', readTime);
  const entry: LineEntry = {
    severity: take('severity', (value) =>
      typeof value === 'string' || typeof value === 'number' ? parseSeverity(value) : undefined,
    ),
    timestamp: timestamp ?? takeParts(given, keys),
    trace: take(`${GOOGLE}trace`, readText),
    spanId: take(`${GOOGLE}spanId`, readText),
    traceSampled: take(`${GOOGLE}trace_sampled`, (value) =>
      typeof value === 'boolean' ? value : undefined,
    ),
    insertId: take(`${GOOGLE}insertId`, readText),
    labels: take(`${GOOGLE}labels`, readTexts),
    operation: take(`${GOOGLE}operation`, readObject) as LineEntry['operation'],
    sourceLocation: take(`${GOOGLE}sourceLocation`, readObject) as LineEntry['sourceLocation'],
    httpRequest: take('httpRequest', readHttpRequest),
  };
  if (entry.trace !== undefined && TRACE_ID.test(entry.trace)) {
    entry.trace = `projects/${projectId}/traces/${entry.trace}`;
  }
  const said = Object.entries(entry).filter(([, value]) => value !== undefined);
  return { entry: Object.fromEntries(said), keys };
}

function parseObject(text: string): JsonObject | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}

function readTime(value: Json): LogTime | undefined {
  if (typeof value === 'string') return parseTime(value);
  const { seconds, nanos = 0 } = readObject(value) ?? {};
  return typeof seconds === 'number' && typeof nanos === 'number'
    ? timeOfWire({ seconds, nanos })
    : undefined;
}

/** The time as two fields of the payload, the third way to write it. */
function takeParts(given: JsonObject, keys: Set<string>): LogTime | undefined {
  const seconds = Number(given.timestampSeconds ?? Number.NaN);
  const nanos = Number(given.timestampNanos ?? Number.NaN);
  if (!Number.isInteger(seconds) || !Number.isInteger(nanos)) return undefined;
  keys.add('timestampSeconds').add('timestampNanos');
  return timeOfWire({ seconds, nanos });
}

function readText(value: Json): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function readObject(value: Json): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function readTexts(value: Json): Record<string, string> | undefined {
  const object = readObject(value);
  if (object === undefined) return undefined;
  return Object.fromEntries(Object.entries(object).map(([key, each]) => [key, plain(each)]));
}

function plain(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Kept in the payload unless each field is of its type: a half-read request says something wrong. */
function readHttpRequest(value: Json): HttpRequest | undefined {
  const object = readObject(value);
  if (object === undefined) return undefined;
  const request: Record<string, string | number | boolean> = {};
  for (const [key, given] of Object.entries(object)) {
    const type = HTTP_FIELDS[key];
    if (type === undefined) return undefined;
    if (type === 'status') {
      if (!Number.isInteger(Number(given))) return undefined;
      request[key] = Number(given);
    } else if (type === 'size') {
      if (!/^\d+$/.test(plain(given))) return undefined;
      request[key] = plain(given);
    } else if (typeof given !== type) {
      return undefined;
    } else {
      request[key] = given as string | boolean;
    }
  }
  return request;
}

const HTTP_FIELDS: Record<string, 'string' | 'boolean' | 'size' | 'status' | undefined> = {
  requestMethod: 'string',
  requestUrl: 'string',
  requestSize: 'size',
  status: 'status',
  responseSize: 'size',
  userAgent: 'string',
  remoteIp: 'string',
  serverIp: 'string',
  referer: 'string',
  latency: 'string',
  cacheLookup: 'boolean',
  cacheHit: 'boolean',
  cacheValidatedWithOriginServer: 'boolean',
  cacheFillBytes: 'size',
  protocol: 'string',
};
