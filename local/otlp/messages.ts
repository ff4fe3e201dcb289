import protobuf from 'protobufjs';

type Definitions = Record<string, Record<string, readonly [type: string, id: number]>>;

/**
 * OTLP's metrics and what its requests are answered with, by the field numbers of opentelemetry-proto v1 and
 * google/rpc/status.proto; what is not named is skipped.
 */
const DEFINITIONS: Definitions = {
  ExportMetricsServiceRequest: { resourceMetrics: ['ResourceMetrics[]', 1] },
  ResourceMetrics: { resource: ['Resource', 1], scopeMetrics: ['ScopeMetrics[]', 2] },
  Resource: { attributes: ['KeyValue[]', 1] },
  ScopeMetrics: { metrics: ['Metric[]', 2] },
  Metric: {
    name: ['string', 1],
    description: ['string', 2],
    unit: ['string', 3],
    gauge: ['Points', 5],
    sum: ['Points', 7],
    histogram: ['DistributionPoints', 9],
    exponentialHistogram: ['ExponentialPoints', 10],
    summary: ['SummaryPoints', 11],
  },
  Points: { dataPoints: ['NumberDataPoint[]', 1] },
  DistributionPoints: { dataPoints: ['HistogramDataPoint[]', 1] },
  ExponentialPoints: { dataPoints: ['ExponentialDataPoint[]', 1] },
  SummaryPoints: { dataPoints: ['NumberDataPoint[]', 1] },
  NumberDataPoint: {
    attributes: ['KeyValue[]', 7],
    timeUnixNano: ['fixed64', 3],
    asDouble: ['double', 4],
    asInt: ['sfixed64', 6],
  },
  HistogramDataPoint: {
    attributes: ['KeyValue[]', 9],
    timeUnixNano: ['fixed64', 3],
    count: ['fixed64', 4],
    sum: ['double', 5],
  },
  ExponentialDataPoint: {
    attributes: ['KeyValue[]', 1],
    timeUnixNano: ['fixed64', 3],
    count: ['fixed64', 4],
    sum: ['double', 5],
  },
  KeyValue: { key: ['string', 1], value: ['AnyValue', 2] },
  AnyValue: {
    stringValue: ['string', 1],
    boolValue: ['bool', 2],
    intValue: ['int64', 3],
    doubleValue: ['double', 4],
  },
  TraceResponse: { partialSuccess: ['TracePartialSuccess', 1] },
  TracePartialSuccess: { rejectedSpans: ['int64', 1], errorMessage: ['string', 2] },
  MetricsResponse: { partialSuccess: ['MetricsPartialSuccess', 1] },
  MetricsPartialSuccess: { rejectedDataPoints: ['int64', 1], errorMessage: ['string', 2] },
  RpcStatus: { code: ['int32', 1], message: ['string', 2] },
};

export type AnswerName = 'TraceResponse' | 'MetricsResponse' | 'RpcStatus';
export type OtlpCodec = ReturnType<typeof createOtlpCodec>;

/** Builds the codecs, once. */
export function createOtlpCodec() {
  const nested = Object.fromEntries(
    Object.entries(DEFINITIONS).map(([name, fields]) => [name, { fields: fieldsOf(fields) }]),
  );
  const root = protobuf.Root.fromJSON({ nested });
  const metrics = root.lookupType('ExportMetricsServiceRequest');
  return {
    /** A metrics request with the field names of OTLP's JSON, 64-bit numbers as decimal strings. Throws for other bytes. */
    decodeMetrics: (body: Uint8Array): object =>
      metrics.toObject(metrics.decode(body), { longs: String }),
    encode(name: AnswerName, value: object): Uint8Array {
      const type = root.lookupType(name);
      return type.encode(type.fromObject(value)).finish();
    },
  };
}

function fieldsOf(fields: Definitions[string]) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, [written, id]]) => {
      const type = written.replace('[]', '');
      return [name, type === written ? { type, id } : { rule: 'repeated', type, id }];
    }),
  );
}
