import protobuf from 'protobufjs';

/**
 * The messages of OTLP traces and the error body of OTLP/HTTP, as far as they are read or written here, by the field
 * numbers of opentelemetry-proto v1 and google/rpc/status.proto. Fields that are not named are skipped.
 */
export const DEFINITIONS: Record<string, Record<string, readonly [type: string, id: number]>> = {
  ExportTraceServiceRequest: { resourceSpans: ['ResourceSpans[]', 1] },
  ResourceSpans: { resource: ['Resource', 1], scopeSpans: ['ScopeSpans[]', 2] },
  Resource: { attributes: ['KeyValue[]', 1] },
  ScopeSpans: { scope: ['InstrumentationScope', 1], spans: ['Span[]', 2] },
  InstrumentationScope: { name: ['string', 1], version: ['string', 2] },
  Span: {
    traceId: ['bytes', 1],
    spanId: ['bytes', 2],
    parentSpanId: ['bytes', 4],
    name: ['string', 5],
    kind: ['int32', 6],
    startTimeUnixNano: ['fixed64', 7],
    endTimeUnixNano: ['fixed64', 8],
    attributes: ['KeyValue[]', 9],
    events: ['Event[]', 11],
    links: ['Link[]', 13],
    status: ['Status', 15],
  },
  Event: { timeUnixNano: ['fixed64', 1], name: ['string', 2], attributes: ['KeyValue[]', 3] },
  Link: { traceId: ['bytes', 1], spanId: ['bytes', 2], attributes: ['KeyValue[]', 4] },
  Status: { message: ['string', 2], code: ['int32', 3] },
  KeyValue: { key: ['string', 1], value: ['AnyValue', 2] },
  // In OTLP a oneof; of several values on the wire the last would count, here the first of this order.
  AnyValue: {
    stringValue: ['string', 1],
    boolValue: ['bool', 2],
    intValue: ['int64', 3],
    doubleValue: ['double', 4],
    arrayValue: ['ArrayValue', 5],
    kvlistValue: ['KeyValueList', 6],
    bytesValue: ['bytes', 7],
  },
  ArrayValue: { values: ['AnyValue[]', 1] },
  KeyValueList: { values: ['KeyValue[]', 1] },
  ExportTraceServiceResponse: { partialSuccess: ['ExportTracePartialSuccess', 1] },
  ExportTracePartialSuccess: { rejectedSpans: ['int64', 1], errorMessage: ['string', 2] },
  RpcStatus: { code: ['int32', 1], message: ['string', 2] },
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(DEFINITIONS).map(([name, fields]) => [name, { fields: fieldsOf(fields) }]),
  ),
});
const request = root.lookupType('ExportTraceServiceRequest');

/**
 * An ExportTraceServiceRequest in protobuf as an object with the field names of OTLP's JSON; fields that did not come are
 * no own properties. Throws for what is not protobuf, or nested deeper than a hundred messages.
 */
export function decodeRequest(body: Uint8Array): object {
  return request.decode(body);
}

/** A message in protobuf, from an object with the field names of its JSON. */
export function encodeMessage(
  message: 'ExportTraceServiceResponse' | 'RpcStatus',
  value: object,
): Uint8Array {
  const type = root.lookupType(message);
  return type.encode(type.fromObject(value)).finish();
}

function fieldsOf(fields: Record<string, readonly [type: string, id: number]>) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, [written, id]]) => {
      const type = written.replace('[]', '');
      return [name, type === written ? { type, id } : { rule: 'repeated', type, id }];
    }),
  );
}
