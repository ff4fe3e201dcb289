import { isSpanContextValid, trace } from '@opentelemetry/api';
import { NAME_PATTERN } from '../../core/ids.ts';
import { redactText } from './sensitive-text.ts';
import { createSerializer } from './serialize.ts';
import { isError, type Severity } from './severity.ts';

/** What a line is, beside an ordinary one. */
export type EventKind = 'business' | 'security' | 'audit';

export type Entry = {
  severity: Severity;
  message: string;
  /** The caller's details, the last object's counting where names are the same. */
  fields: readonly object[];
  event?: { kind: EventKind; name: string };
};

const NAME = new RegExp(NAME_PATTERN);
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}$/;
const LIFTED = { workspaceId: NAME, requestId: REQUEST_ID } as const;
type LiftedKey = keyof typeof LIFTED;
const LIFTED_KEYS = Object.keys(LIFTED) as LiftedKey[];
const NOTHING_LIFTED: ReadonlySet<string> = new Set();

/**
 * Writes entries as the JSON lines that Cloud Run takes up from stdout: `severity`, `message`, `time`, the active span's
 * trace and id, labels (`service`, `version`, `event`), `workspaceId` and `requestId` where they are valid, and everything
 * else of the caller's under `fields`, where it can overwrite nothing. An error among the fields is told with
 * `stack_trace`, and from ERROR on with `serviceContext`, for Error Reporting. Never throws.
 */
export function createEntryWriter(options: {
  service: string;
  version?: string;
  /** Makes a trace's id the name that Cloud Logging links to Cloud Trace. */
  projectId?: string;
  now: () => number;
}): (entry: Entry) => string {
  const { service, version, projectId, now } = options;
  const serializer = createSerializer();
  const time = createClock(now);
  const tracePrefix = projectId === undefined ? '' : `projects/${projectId}/traces/`;
  const serviceContext = JSON.stringify({ service, version });
  const labels = serviceContext.slice(0, -1);

  function head({ severity, event }: Entry, text: string): string {
    let line = `{"severity":"${severity}","message":${text},"time":"${time()}"`;
    const span = trace.getActiveSpan()?.spanContext();
    if (span !== undefined && isSpanContextValid(span)) {
      line +=
        `,"logging.googleapis.com/trace":${JSON.stringify(tracePrefix + span.traceId)}` +
        `,"logging.googleapis.com/spanId":"${span.spanId}"` +
        `,"logging.googleapis.com/trace_sampled":${(span.traceFlags & 1) === 1}`;
    }
    const kind = event === undefined ? '' : `,"event":"${event.kind}"`;
    line += `,"logging.googleapis.com/labels":${labels}${kind}}`;
    return event === undefined ? line : `${line},"event":${serializer.text(event.name).json}`;
  }

  return function write(entry) {
    const message = serializer.text(entry.message);
    let line = head(entry, message.json);
    let truncated = message.truncated;
    const lifted = lift(entry.fields);
    for (const [key, value] of lifted) line += `,"${key}":${JSON.stringify(value)}`;
    const error = errorIn(entry.fields);
    if (error !== undefined) {
      const stack = serializer.text(stackOf(error));
      truncated ||= stack.truncated;
      line += `,"stack_trace":${stack.json}`;
      if (isError(entry.severity)) line += `,"serviceContext":${serviceContext}`;
    }
    if (entry.fields.length > 0) {
      const skip = lifted.length === 0 ? NOTHING_LIFTED : new Set(lifted.map(([key]) => key));
      const members = serializer.members(entry.fields, { skip, stackElsewhere: error });
      truncated ||= members.truncated;
      if (members.json !== '') line += `,"fields":{${members.json}}`;
    }
    return truncated ? `${line},"truncated":true}` : `${line}}`;
  };
}

/** What of the fields stands beside `severity`, in a fixed place: only what is a plain name and holds no secret. */
function lift(parts: readonly object[]): [LiftedKey, string][] {
  const lifted: [LiftedKey, string][] = [];
  for (const key of LIFTED_KEYS) {
    const value = lastOwn(parts, key);
    if (typeof value !== 'string' || !LIFTED[key].test(value)) continue;
    if (redactText(value) === value) lifted.push([key, value]);
  }
  return lifted;
}

function errorIn(parts: readonly object[]): Error | undefined {
  const whole = parts.at(-1);
  if (whole instanceof Error) return whole;
  const error = lastOwn(parts, 'error') ?? lastOwn(parts, 'err');
  return error instanceof Error ? error : undefined;
}

function lastOwn(parts: readonly object[], key: string): unknown {
  try {
    for (let i = parts.length - 1; i >= 0; i--) {
      if (Object.hasOwn(parts[i]!, key)) return (parts[i] as Record<string, unknown>)[key];
    }
  } catch {
    // A getter or a proxy that throws is written as unreadable where it stands.
  }
  return undefined;
}

function stackOf(error: Error): string {
  try {
    return String(error.stack ?? error);
  } catch {
    return '[unreadable]';
  }
}

/**
 * The time as RFC 3339 with microseconds. Its last three digits count the lines of a millisecond, so that lines sort as
 * they were written.
 */
function createClock(now: () => number): () => string {
  let current = Number.NaN;
  let prefix = '';
  let count = 0;
  return () => {
    const ms = now();
    if (ms !== current) {
      current = ms;
      prefix = new Date(ms).toISOString().slice(0, -1);
      count = 0;
    }
    const micros = Math.min(count++, 999);
    return `${prefix}${micros < 10 ? '00' : micros < 100 ? '0' : ''}${micros}Z`;
  };
}
