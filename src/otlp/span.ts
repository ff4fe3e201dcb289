/** A value as OTLP carries it. Whole numbers beyond 2^53 are bigint, bytes stay bytes, key-value lists are maps. */
export type AttributeValue =
  | string
  | boolean
  | number
  | bigint
  | Uint8Array
  | readonly AttributeValue[]
  | Attributes;

/** Attributes by key, in the order they came; of a key that comes twice the last counts. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** The instrumentation that made a span. */
export type InstrumentationScope = { name: string; version?: string };

export type OtlpSpanEvent = { name: string; timeNs: bigint; attributes: Attributes };

export type OtlpSpanLink = { traceId: string; spanId: string; attributes: Attributes };

/** A span as it came by OTLP, with what it inherits from the resource and the scope it was sent under. */
export type OtlpSpan = {
  /** 32 hexadecimal digits in lower case, not all zero. */
  traceId: string;
  /** 16 hexadecimal digits in lower case, not all zero. */
  spanId: string;
  /** Absent for the root of a trace. */
  parentSpanId?: string;
  name: string;
  /** As OTLP numbers it: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  /** Nanoseconds since the epoch. */
  startNs: bigint;
  endNs: bigint;
  /** The same in whole milliseconds, cut off. */
  startMs: number;
  endMs: number;
  attributes: Attributes;
  /** Attributes of whoever sent the span; one map for all spans of a resource. */
  resource: Attributes;
  scope: InstrumentationScope;
  status: { code: 'unset' | 'ok' | 'error'; message?: string };
  events: OtlpSpanEvent[];
  links: OtlpSpanLink[];
};
