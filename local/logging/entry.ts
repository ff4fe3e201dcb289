import type { Severity } from './severity.ts';
import { parseSeverity } from './severity.ts';
import { type JsonObject, jsonToStruct, type Struct, structToJson } from './struct.ts';
import { type LogTime, timeOfWire, type WireTime, wireOfTime } from './time.ts';

type Duration = { seconds: string | number; nanos: number };

/** A request that a log entry is about; sizes are decimal texts, the latency is seconds as in `0.25s`. */
export type HttpRequest = {
  requestMethod?: string;
  requestUrl?: string;
  requestSize?: string;
  status?: number;
  responseSize?: string;
  userAgent?: string;
  remoteIp?: string;
  serverIp?: string;
  referer?: string;
  latency?: string;
  cacheLookup?: boolean;
  cacheHit?: boolean;
  cacheValidatedWithOriginServer?: boolean;
  cacheFillBytes?: string;
  protocol?: string;
};

/** A log entry as Cloud Logging's JSON has it; what was not said is absent. */
export type LogEntry = {
  logName: string;
  resource: { type: string; labels: Record<string, string> };
  timestamp: LogTime;
  receiveTimestamp: LogTime;
  severity: Severity;
  insertId: string;
  labels: Record<string, string>;
  textPayload?: string;
  jsonPayload?: JsonObject;
  httpRequest?: HttpRequest;
  operation?: { id?: string; producer?: string; first?: boolean; last?: boolean };
  /** Full name: `projects/P/traces/ID`. */
  trace?: string;
  spanId?: string;
  traceSampled?: boolean;
  sourceLocation?: { file?: string; line?: string; function?: string };
  split?: { uid?: string; index?: number; totalSplits?: number };
};

/** A log entry as proto-loader hands it over (`longs: String, enums: String, defaults: true, oneofs: true`). */
export type WireEntry = {
  logName: string;
  resource: { type: string; labels: Record<string, string> } | null;
  payload?: 'protoPayload' | 'textPayload' | 'jsonPayload';
  textPayload?: string;
  jsonPayload?: Struct;
  timestamp: WireTime | null;
  severity: string | number;
  insertId: string;
  httpRequest: (Omit<HttpRequest, 'latency'> & { latency: Duration | null }) | null;
  labels: Record<string, string>;
  operation: LogEntry['operation'] | null;
  trace: string;
  spanId: string;
  traceSampled: boolean;
  sourceLocation: LogEntry['sourceLocation'] | null;
  split: LogEntry['split'] | null;
};

/** What an entry that was sent says by itself; the rest comes from its request and its receiver. */
export function readEntry(wire: WireEntry): Omit<LogEntry, 'timestamp' | 'receiveTimestamp'> & {
  timestamp: LogTime | undefined;
} {
  const { httpRequest, jsonPayload } = wire;
  const latency = httpRequest?.latency ? { latency: seconds(httpRequest.latency) } : {};
  return {
    logName: wire.logName,
    resource: wire.resource ?? { type: '', labels: {} },
    timestamp: wire.timestamp ? timeOfWire(wire.timestamp) : undefined,
    severity: parseSeverity(wire.severity) ?? 'DEFAULT',
    insertId: wire.insertId,
    labels: wire.labels,
    ...(wire.payload === 'textPayload' && { textPayload: wire.textPayload! }),
    ...said({
      jsonPayload: jsonPayload && structToJson(jsonPayload),
      httpRequest: httpRequest
        ? { ...said({ ...httpRequest, latency: undefined }), ...latency }
        : undefined,
      operation: wire.operation ? said(wire.operation) : undefined,
      trace: wire.trace,
      spanId: wire.spanId,
      traceSampled: wire.traceSampled,
      sourceLocation: wire.sourceLocation ? said(wire.sourceLocation) : undefined,
      split: wire.split ? said(wire.split) : undefined,
    }),
  };
}

/** An entry as it goes on the wire. What it does not say is left to the receiver. */
export function writeEntry(entry: Partial<LogEntry>): object {
  const { timestamp, receiveTimestamp, jsonPayload, httpRequest, ...others } = entry;
  return {
    ...others,
    ...(timestamp && { timestamp: wireOfTime(timestamp) }),
    ...(receiveTimestamp && { receiveTimestamp: wireOfTime(receiveTimestamp) }),
    ...(jsonPayload && { jsonPayload: jsonToStruct(jsonPayload) }),
    ...(httpRequest && {
      httpRequest: {
        ...httpRequest,
        latency: httpRequest.latency === undefined ? null : durationOf(httpRequest.latency),
      },
    }),
  };
}

/** Seconds and nanoseconds of a text such as `0.25s`; zero when it is none. */
export function durationOf(text: string): { seconds: number; nanos: number } {
  const [, whole = '0', fraction = ''] = /^(\d+)(?:\.(\d{1,9})\d*)?s$/.exec(text) ?? [];
  return { seconds: Number(whole), nanos: Number(fraction.padEnd(9, '0')) };
}

function seconds({ seconds: whole, nanos }: Duration): string {
  const fraction = nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;
  return `${whole}${fraction}s`;
}

/** The fields with something other than protobuf's default. */
function said<T extends object>(message: T): Partial<T> {
  const fields = Object.entries(message).filter(
    ([, value]) => ![undefined, null, '', 0, '0', false].includes(value as never),
  );
  return Object.fromEntries(fields) as Partial<T>;
}
