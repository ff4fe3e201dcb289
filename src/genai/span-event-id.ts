const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/**
 * The id of the cost event of a model call that a span tells of: the same whether the SDK reports the call itself or its
 * span arrives by OTLP, so that a call told of twice counts once. Ids are lower-case hex as in W3C trace context.
 */
export function spanEventId(traceId: string, spanId: string): string {
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId)) {
    throw new Error(`No span: trace ${traceId}, span ${spanId}`);
  }
  return `span-${traceId}-${spanId}`;
}
