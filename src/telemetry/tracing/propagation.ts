import {
  type Context,
  isSpanContextValid,
  type TextMapGetter,
  type TextMapPropagator,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

const CLOUD_TRACE_HEADER = 'x-cloud-trace-context';
/** `TRACE_ID/SPAN_ID;o=OPTIONS`, the span's id in decimal; Google's front ends add it to requests that have no context. */
const CLOUD_TRACE = /^([0-9a-f]{32})\/(\d{1,20})(?:;o=(\d))?$/i;
const MAX_SPAN_ID = 2n ** 64n;

/**
 * W3C trace context, in and out. Of a request that has no `traceparent` the older `x-cloud-trace-context` is taken as
 * parent. Baggage is not passed on: it would carry what strangers send us to everybody we call.
 */
export function createPropagator(): TextMapPropagator {
  const w3c = new W3CTraceContextPropagator();
  return {
    inject: (context, carrier, setter) => w3c.inject(context, carrier, setter),
    extract(context, carrier, getter) {
      const extracted = w3c.extract(context, carrier, getter);
      if (trace.getSpanContext(extracted) !== trace.getSpanContext(context)) return extracted;
      return fromCloudTrace(context, carrier, getter);
    },
    fields: () => [...w3c.fields(), CLOUD_TRACE_HEADER],
  };
}

function fromCloudTrace<Carrier>(
  context: Context,
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
): Context {
  const value = getter.get(carrier, CLOUD_TRACE_HEADER);
  const [, traceId, decimal, options] =
    CLOUD_TRACE.exec((Array.isArray(value) ? value[0] : value) ?? '') ?? [];
  if (traceId === undefined || decimal === undefined) return context;
  const id = BigInt(decimal);
  if (id >= MAX_SPAN_ID) return context;
  const spanContext = {
    traceId: traceId.toLowerCase(),
    spanId: id.toString(16).padStart(16, '0'),
    // Without the option the sender leaves the decision to us: keep it, as for a trace that begins here.
    traceFlags: options === '0' ? TraceFlags.NONE : TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(context, spanContext) : context;
}
