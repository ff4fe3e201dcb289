import { describe, expect, test } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { decodeTraces } from '../../../src/otlp/decode.ts';
import {
  MAX_GROUPS_PER_REQUEST,
  MAX_SPANS_PER_REQUEST,
  measureProtobuf,
} from '../../../src/otlp/measure.ts';
import { decodeRequest } from '../../../src/otlp/messages.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const json = (value: unknown) =>
  decodeTraces(Buffer.from(JSON.stringify(value)), 'application/json');
const requestOf = (...spans: object[]) => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const span = (fields: object = {}) => ({
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  name: 'chat gpt-4o',
  startTimeUnixNano: '1763640000000000001',
  endTimeUnixNano: '1763640001500000000',
  ...fields,
});
const attributesOf = (attributes: object[]) => {
  const decoded = json(requestOf(span({ attributes })));
  if (decoded.kind !== 'decoded') throw new Error(decoded.message);
  return Object.fromEntries(decoded.spans[0]!.attributes);
};

/** A trace as OpenTelemetry's own SDK makes it. */
function sdkSpans() {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'agents',
      'agentworks.workspace.id': 'acme',
    }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  });
  const tracer = provider.getTracer('test-scope', '1.2.3');
  const parent = tracer.startSpan('invoke_agent', { kind: SpanKind.INTERNAL });
  const child = tracer.startSpan('chat gpt-4o', {
    kind: SpanKind.CLIENT,
    attributes: { text: 'ü', flag: false, zero: 0, tokens: 4808, ratio: 0.25, list: ['a', 'b'] },
    links: [{ context: parent.spanContext(), attributes: { why: 'batch' } }],
  });
  child.addEvent('exception', { 'exception.type': 'TimeoutError' });
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'timed out' });
  child.end();
  parent.end();
  return memory.getFinishedSpans();
}

describe('a request of the OpenTelemetry SDK', () => {
  const spans = sdkSpans();
  const bodies = [
    ['application/x-protobuf', ProtobufTraceSerializer.serializeRequest(spans)!],
    ['application/json; charset=utf-8', JsonTraceSerializer.serializeRequest(spans)!],
  ] as const;

  test.each(bodies)('is read whole from %s', (contentType, body) => {
    const decoded = decodeTraces(body, contentType);
    if (decoded.kind !== 'decoded') throw new Error(decoded.message);
    expect(decoded.rejected).toEqual([]);
    const [child, parent] = decoded.spans;
    const [sentChild, sentParent] = spans;
    expect(parent).toMatchObject({ name: 'invoke_agent', kind: 1, status: { code: 'unset' } });
    expect(parent).not.toHaveProperty('parentSpanId');
    expect(child).toMatchObject({
      traceId: sentChild!.spanContext().traceId,
      spanId: sentChild!.spanContext().spanId,
      name: 'chat gpt-4o',
      kind: 3,
      scope: { name: 'test-scope', version: '1.2.3' },
      status: { code: 'error', message: 'timed out' },
      events: [{ name: 'exception' }],
      links: [{ spanId: sentParent!.spanContext().spanId }],
    });
    const [seconds, nanoseconds] = sentChild!.endTime;
    expect(child!.endNs).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
    expect(child!.endMs).toBe(Number(child!.endNs / 1_000_000n));
    expect(Object.fromEntries(child!.attributes)).toEqual({
      text: 'ü',
      flag: false,
      zero: 0,
      tokens: 4808,
      ratio: 0.25,
      list: ['a', 'b'],
    });
    expect(child!.resource.get('agentworks.workspace.id')).toBe('acme');
    expect(Object.fromEntries(child!.events[0]!.attributes)).toEqual({
      'exception.type': 'TimeoutError',
    });
  });

  test('means the same in both encodings', () => {
    const [protobuf, text] = bodies.map(([contentType, body]) => decodeTraces(body, contentType));
    expect(protobuf).toEqual(text);
  });

  test('that is cut off or damaged anywhere is refused or read, never thrown at the caller', () => {
    const [, body] = bodies[0];
    fc.assert(
      fc.property(
        fc.nat(body.length),
        fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { maxLength: 5 }),
        (length, damages) => {
          const damaged = Buffer.from(body);
          for (const [at, byte] of damages) damaged[at] = byte;
          const decoded = decodeTraces(damaged.subarray(0, length), 'application/x-protobuf');
          expect(['decoded', 'refused']).toContain(decoded.kind);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('whole numbers', () => {
  test.each([
    ['4808', 4808],
    [4808, 4808],
    ['0', 0],
    ['-1', -1],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['-9223372036854775808', -9_223_372_036_854_775_808n],
  ])('as text or number are exact: %j', (intValue, expected) => {
    expect(attributesOf([{ key: 'n', value: { intValue } }])).toEqual({ n: expected });
  });

  test.each(['', '1.5', '12 ', '9223372036854775808', 1.5, true, {}])(
    'that are none make the request malformed, and it is said where: %j',
    (intValue) => {
      const request = requestOf(span({ attributes: [{ key: 'n', value: { intValue } }] }));
      expect(json(request)).toEqual({
        kind: 'refused',
        reason: 'malformed',
        message:
          'resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.intValue has the wrong type',
      });
    },
  );
});

describe('attributes', () => {
  test('with hostile names are names like others', () => {
    const attributes = JSON.parse(`[
      {"key": "__proto__", "value": {"stringValue": "a"}},
      {"key": "constructor", "value": {"kvlistValue": {"values": [{"key": "__proto__", "value": {"boolValue": true}}]}}}
    ]`);
    const decoded = json(requestOf(span({ attributes })));
    if (decoded.kind !== 'decoded') throw new Error(decoded.message);
    const read = decoded.spans[0]!.attributes;
    expect(read.get('__proto__')).toBe('a');
    expect(read.get('constructor')).toEqual(new Map([['__proto__', true]]));
    expect(({} as { boolValue?: unknown }).boolValue).toBeUndefined();
  });

  test('under inherited names are not taken for fields', () => {
    const body = Buffer.from(
      '{"__proto__": {"resourceSpans": [{"scopeSpans": [{"spans": [{}]}]}]}}',
    );
    const nothing = { kind: 'decoded', spans: [], rejected: [] };
    expect(decodeTraces(body, 'application/json')).toEqual(nothing);
  });

  test('of kinds nobody knows, empty ones and those nested too deeply are left out', () => {
    let deep: object = { stringValue: 'x' };
    for (let i = 0; i < 1_000; i++) deep = { arrayValue: { values: [deep] } };
    const read = attributesOf([
      { key: 'unknown', value: { newKindValue: 1 } },
      { key: 'empty', value: {} },
      { key: 'none' },
      { key: 'null', value: null },
      { key: 'bytes', value: { bytesValue: 'AQI=' } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
      { key: 'deep', value: deep },
    ]);
    expect(Object.keys(read)).toEqual(['bytes', 'nan', 'deep']);
    expect(read).toMatchObject({ bytes: Buffer.from([1, 2]), nan: Number.NaN });
    expect(JSON.stringify(read.deep)).toHaveLength(2 * 17);
  });

  test('more than can be kept reject their span, not its neighbours', () => {
    const attributes = Array.from({ length: 1_025 }, (_, i) => ({ key: `k${i}` }));
    expect(json(requestOf(span({ attributes }), span()))).toMatchObject({
      spans: [{ spanId: SPAN_ID }],
      rejected: [
        {
          path: 'resourceSpans[0].scopeSpans[0].spans[0]',
          reason: 'has more than 1024 attributes',
        },
      ],
    });
  });
});

describe('ids', () => {
  test.each([
    [{ traceId: '' }, 'traceId'],
    [{ traceId: '0'.repeat(32) }, 'traceId'],
    [{ traceId: `${TRACE_ID}00` }, 'traceId'],
    [{ traceId: 'CvdlGRbNQ92ESOshHIAxnA==' }, 'traceId'],
    [{ traceId: 7 }, 'traceId'],
    [{ spanId: '0'.repeat(16) }, 'spanId'],
    [{ spanId: 'xx' }, 'spanId'],
    [{ parentSpanId: 'xx' }, 'parentSpanId'],
  ])('that are none reject their span alone: %j', (fields, name) => {
    expect(json(requestOf(span(fields), span()))).toMatchObject({
      kind: 'decoded',
      spans: [{ spanId: SPAN_ID }],
      rejected: [{ reason: expect.stringContaining(name) }],
    });
  });

  test('are lower case, whatever was sent; a zero parent is none', () => {
    const sent = { traceId: TRACE_ID.toUpperCase(), parentSpanId: '0'.repeat(16) };
    const decoded = json(requestOf(span(sent)));
    expect(decoded).toMatchObject({ spans: [{ traceId: TRACE_ID }] });
    expect(decoded).not.toHaveProperty('spans.0.parentSpanId');
  });
});

describe('a request', () => {
  test.each([
    ['not json', 'malformed'],
    ['[]', 'malformed'],
    ['null', 'malformed'],
    ['{"resourceSpans": {}}', 'malformed'],
    ['{"resourceSpans": [7]}', 'malformed'],
    ['{"resourceSpans": [{"scopeSpans": [{"spans": [null]}]}]}', 'malformed'],
  ])('that is none is refused with the reason: %s', (body, reason) => {
    expect(decodeTraces(Buffer.from(body), 'application/json')).toMatchObject({
      kind: 'refused',
      reason,
      message: expect.stringMatching(/./),
    });
  });

  test('of another media type is refused', () => {
    expect(decodeTraces(Buffer.from('{}'), 'text/plain')).toMatchObject({
      reason: 'unsupported-content-type',
    });
  });

  test('with nothing in it has no spans, and unknown fields are skipped', () => {
    const nothing = { kind: 'decoded', spans: [], rejected: [] };
    expect(decodeTraces(new Uint8Array(), 'application/x-protobuf')).toEqual(nothing);
    // Field 99, length-delimited, three bytes.
    const unknown = Buffer.from([0x9a, 0x06, 0x03, 0x01, 0x02, 0x03]);
    expect(decodeTraces(unknown, 'application/x-protobuf')).toEqual(nothing);
    expect(json({ newField: [1] })).toEqual(nothing);
  });

  test('with more spans than are taken at once is refused', () => {
    const spans = (count: number) => requestOf(...Array.from({ length: count }, () => span()));
    expect(json(spans(MAX_SPANS_PER_REQUEST))).toMatchObject({ kind: 'decoded' });
    expect(json(spans(MAX_SPANS_PER_REQUEST + 1))).toMatchObject({ reason: 'too-large' });
  });
});

describe('what a body costs is known before it is decoded', () => {
  const delimited = (tag: number, body: Uint8Array) => {
    const writer = protobuf.Writer.create();
    return writer.uint32(tag).bytes(body).finish();
  };
  const empty = (tag: number) => Buffer.alloc(8 * 1_048_576, Buffer.from([tag, 0]));
  const RESOURCE_SPANS = 0x0a;
  const SCOPE_SPANS = 0x12;
  const SPAN = 0x12;
  const within =
    (...tags: number[]) =>
    (body: Uint8Array) =>
      tags.reduceRight((inner, tag) => delimited(tag, inner), body);
  const inSpan = within(RESOURCE_SPANS, SCOPE_SPANS, SPAN);
  const inScope = within(RESOURCE_SPANS, SCOPE_SPANS);
  const bodies: [string, Uint8Array][] = [
    ['spans', inScope(empty(SPAN))],
    ['resources', empty(RESOURCE_SPANS)],
    ['scopes', within(RESOURCE_SPANS)(empty(SCOPE_SPANS))],
    ['attributes', inSpan(empty(0x4a))],
    ['events', inSpan(empty(0x5a))],
    ['one field again and again', inSpan(empty(0x7a))],
    ['values of an attribute', inSpan(within(0x4a, 0x12, 0x2a)(empty(0x0a)))],
  ];
  const made = (decode: () => unknown) => {
    const before = process.memoryUsage().heapUsed;
    const startedAt = process.cpuUsage();
    const result = decode();
    const { user, system } = process.cpuUsage(startedAt);
    return { result, heap: process.memoryUsage().heapUsed - before, cpuMs: (user + system) / 1e3 };
  };

  test.each(bodies)('8 MiB of empty %s are refused without becoming objects', (_name, body) => {
    const { result, heap, cpuMs } = made(() => decodeTraces(body, 'application/x-protobuf'));
    expect(result).toMatchObject({ kind: 'refused', reason: 'too-large' });
    // Four million objects have 200 MB and more.
    expect(heap).toBeLessThan(30 * 1_048_576);
    expect(cpuMs).toBeLessThan(1_000);
  });

  test.each(['{}', '[]', '{"scopeSpans":[]}', '{"scopeSpans":[{},{},{},{},{},{},{},{}]}'])(
    '8 MiB of %s in JSON are refused without being parsed',
    (one) => {
      const count = Math.floor((8 * 1_048_576) / (one.length + 1)) - 10;
      const body = Buffer.from(`{"resourceSpans":[${Array(count).fill(one).join(',')}]}`);
      const { result } = made(() => decodeTraces(body, 'application/json'));
      expect(result).toMatchObject({ kind: 'refused', reason: 'too-large' });
    },
  );

  test('groups without spans are bounded, in JSON too', () => {
    const groups = (count: number) => json({ resourceSpans: Array(count).fill({}) });
    expect(groups(MAX_GROUPS_PER_REQUEST)).toMatchObject({ kind: 'decoded', spans: [] });
    expect(groups(MAX_GROUPS_PER_REQUEST + 1)).toMatchObject({ reason: 'too-large' });
    const scopes = { resourceSpans: [{ scopeSpans: Array(MAX_GROUPS_PER_REQUEST).fill({}) }] };
    expect(json(scopes)).toMatchObject({ reason: 'too-large' });
  });

  test('texts full of braces are texts', () => {
    const text = '{"[:\\'.repeat(400_000);
    expect(attributesOf([{ key: 'prompt', value: { stringValue: text } }])).toEqual({
      prompt: text,
    });
  });

  test('messages are counted as the decoder makes them, whatever the bytes are', () => {
    const written = ProtobufTraceSerializer.serializeRequest(sdkSpans())!;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(written.length - 1), fc.nat(255)), { maxLength: 4 }),
        (damages) => {
          const body = Buffer.from(written);
          for (const [at, byte] of damages) body[at] = byte;
          let counts: ReturnType<typeof measureProtobuf>;
          try {
            counts = measureProtobuf(body);
          } catch {
            return;
          }
          const { spans, groups, parts } = counts;
          const decoded = messagesIn(decodeRequest(body)) - 1;
          // A field that comes twice is made twice, and the last is kept.
          expect(decoded).toBeLessThanOrEqual(spans + groups + parts);
          if (damages.length === 0) expect(decoded).toBe(spans + groups + parts);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

function messagesIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum, one) => sum + messagesIn(one), 0);
  if (!(value instanceof protobuf.Message)) return 0;
  return Object.values(value).reduce((sum, one) => sum + messagesIn(one), 1);
}
