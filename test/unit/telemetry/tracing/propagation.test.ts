import { describe, expect, test } from '@jest/globals';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import fc from 'fast-check';
import { createPropagator } from '../../../../src/telemetry/tracing/propagation.ts';

const propagator = createPropagator();
const TRACE = '105445aa7843bc8bf206b12000100000';
const extract = (headers: Record<string, string>) =>
  trace.getSpanContext(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));

test('what is injected is extracted', () => {
  const spanContext = { traceId: TRACE, spanId: '00f067aa0ba902b7', traceFlags: 1 };
  const carrier: Record<string, string> = {};
  const context = trace.setSpanContext(ROOT_CONTEXT, spanContext);
  propagator.inject(context, carrier, defaultTextMapSetter);
  expect(Object.keys(carrier)).toEqual(['traceparent']);
  expect(extract(carrier)).toMatchObject(spanContext);
});

describe('x-cloud-trace-context', () => {
  test.each([
    ['255;o=1', '00000000000000ff', 1],
    ['255', '00000000000000ff', 1],
    ['255;o=0', '00000000000000ff', 0],
    ['18446744073709551615;o=1', 'ffffffffffffffff', 1],
  ])('is the parent where there is no traceparent: %s', (rest, spanId, traceFlags) => {
    expect(extract({ 'x-cloud-trace-context': `${TRACE}/${rest}` })).toEqual({
      traceId: TRACE,
      spanId,
      traceFlags,
      isRemote: true,
    });
  });

  test('counts for nothing beside a traceparent', () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const headers = { traceparent, 'x-cloud-trace-context': `${TRACE}/255;o=1` };
    expect(extract(headers)?.traceId).toBe('a'.repeat(32));
  });

  test.each([
    '',
    TRACE,
    `${TRACE}/0;o=1`,
    `${TRACE}/18446744073709551616;o=1`,
    `${'0'.repeat(32)}/1;o=1`,
    `${TRACE}/-1`,
    `${TRACE}/1;o=1;x`,
  ])('that is none starts a trace of its own: %p', (value) => {
    expect(extract({ 'x-cloud-trace-context': value })).toBeUndefined();
  });
});

test('no header can make it throw', () => {
  const header = fc.record(
    { traceparent: fc.string(), tracestate: fc.string(), 'x-cloud-trace-context': fc.string() },
    { requiredKeys: [] },
  );
  fc.assert(fc.property(header, (headers) => void extract(headers)));
});
