import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import { spanEventId } from '../../../src/genai/span-event-id.ts';
import { MAX_SPANS_PER_REQUEST } from '../../../src/otlp/measure.ts';
import { encodeMessage } from '../../../src/otlp/messages.ts';
import { hexId } from '../../support/otlp.ts';
import { startRedis } from '../../support/redis-server.ts';
import { NOW, startApi, type TestApi } from '../api/harness.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
let key: string;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis);
  key = await api.key('ingest', 'acme');
});

type Attributes = Record<string, string | number>;
const CHAT: Attributes = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 1_000,
  'gen_ai.usage.output_tokens': 100,
};
const toAttributes = (attributes: Attributes) =>
  Object.entries(attributes).map(([name, value]) => ({
    key: name,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
const nanoseconds = (ms: number) => `${ms}000000`;
const span = (n: number, attributes: Attributes = CHAT, fields: object = {}) => ({
  traceId: TRACE_ID,
  spanId: hexId(n),
  name: 'chat gpt-4o',
  kind: 3,
  startTimeUnixNano: nanoseconds(NOW - 60_000),
  endTimeUnixNano: nanoseconds(NOW - 58_750),
  attributes: toAttributes(attributes),
  ...fields,
});
const requestOf = (spans: object[], resource: Attributes = {}) => ({
  resourceSpans: [{ resource: { attributes: toAttributes(resource) }, scopeSpans: [{ spans }] }],
});

async function post(
  body: string | Buffer | object,
  headers: Record<string, string> = JSON_TYPE,
  credential: string | undefined = key,
) {
  const response = await api.app.inject({
    method: 'POST',
    url: '/v1/traces',
    headers: { ...headers, ...(credential !== '' && { authorization: `Bearer ${credential}` }) },
    payload: typeof body === 'object' && !Buffer.isBuffer(body) ? JSON.stringify(body) : body,
  });
  return response;
}

describe('spans of model calls', () => {
  test('become cost events with what the span says of whom, what, when and how', async () => {
    const attributes = {
      ...CHAT,
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.usage.cache_read.input_tokens': 200,
      'gen_ai.agent.id': 'writer',
      'agentworks.project.id': 'books',
      'agentworks.user.id': 'ada',
      'agentworks.request.id': 'r-1',
    };
    const run = span(2, { 'gen_ai.operation.name': 'invoke_agent', 'agentworks.team.id': 'crew' });
    const call = span(1, attributes, { parentSpanId: hexId(2) });
    const response = await post(requestOf([call, run], { 'service.name': 'agents' }));
    expect([response.statusCode, response.json()]).toEqual([200, {}]);
    expect(api.events()).toEqual([
      {
        id: spanEventId(TRACE_ID, hexId(1)),
        workspaceId: 'acme',
        timestamp: new Date(NOW - 58_750).toISOString(),
        resourceType: 'llm_api',
        resourceId: 'chat',
        provider: 'openai',
        model: 'gpt-4o-2024-08-06',
        operation: 'chat',
        agentId: 'writer',
        projectId: 'books',
        teamId: 'crew',
        userId: 'ada',
        requestId: 'r-1',
        usage: { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 200, requests: 1 },
        outcome: { status: 'ok', latencyMs: 1_250 },
        traceId: TRACE_ID,
        spanId: hexId(1),
        labels: {
          'otel.emitter': 'opentelemetry',
          'service.name': 'agents',
          'otel.parent_span_id': hexId(2),
        },
        currency: 'USD',
      },
    ]);
  });

  test('that failed cost what they say, and nothing when they say nothing', async () => {
    const failed = { status: { code: 2 } };
    const exception = {
      name: 'exception',
      timeUnixNano: nanoseconds(NOW - 59_000),
      attributes: toAttributes({ 'exception.type': 'RateLimitError' }),
    };
    const { 'gen_ai.usage.input_tokens': _, 'gen_ai.usage.output_tokens': __, ...silent } = CHAT;
    await post(
      requestOf([span(1, CHAT, { ...failed, events: [exception] }), span(2, silent, failed)]),
    );
    expect(api.events()).toMatchObject([
      { spanId: hexId(1), outcome: { status: 'error', errorType: 'RateLimitError' } },
    ]);
  });

  test('that say no usage are told as one request, which the ledger counts as unpriced', async () => {
    const { 'gen_ai.usage.input_tokens': _, 'gen_ai.usage.output_tokens': __, ...silent } = CHAT;
    await post(requestOf([span(1, silent)]));
    expect(api.events()).toMatchObject([{ usage: { requests: 1 } }]);
    expect(api.events()[0]).not.toHaveProperty('costUsd');
  });

  test('whose event the sender’s SDK has reported are not told again', async () => {
    const id = spanEventId(TRACE_ID, hexId(1));
    await post(requestOf([span(1, { ...CHAT, 'agentworks.cost.event_id': id }), span(2)]));
    expect(api.events().map((event) => event.spanId)).toEqual([hexId(2)]);
  });

  test('with tokens that contradict each other are refused by name, and the others go on', async () => {
    const odd = { ...CHAT, 'gen_ai.usage.cache_read.input_tokens': 5_000 };
    const response = await post(requestOf([span(1, odd), span(2)]));
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      partialSuccess: {
        rejectedSpans: '1',
        errorMessage:
          'Rejected 1 span: 5000 cached input tokens are more than all 1000 input tokens ' +
          `(span ${hexId(1)} of trace ${TRACE_ID}).`,
      },
    });
    expect(api.events().map((event) => event.spanId)).toEqual([hexId(2)]);
  });

  test('that end in the future or lie too far back are refused by name', async () => {
    const late = { endTimeUnixNano: nanoseconds(NOW + 3_600_000) };
    const response = await post(requestOf([span(1, CHAT, late)]));
    expect(response.json().partialSuccess.errorMessage).toContain(
      'timestamp lies more than 10 minutes in the future',
    );
    expect(api.events()).toEqual([]);
  });
});

describe('the workspace of a span', () => {
  const WORKSPACE = 'agentworks.workspace.id';

  test('is the credential’s, and may be named', async () => {
    await post(
      requestOf([span(1), span(2, { ...CHAT, [WORKSPACE]: 'acme' })], { [WORKSPACE]: 'acme' }),
    );
    expect(api.events().map((event) => event.workspaceId)).toEqual(['acme', 'acme']);
  });

  test('is never another tenant’s: such spans are rejected, whether that tenant exists or not', async () => {
    await api.key('admin', 'globex');
    const answers = [];
    for (const named of ['globex', 'nobody']) {
      const response = await post(requestOf([span(1, { ...CHAT, [WORKSPACE]: named }), span(2)]));
      expect(response.statusCode).toBe(200);
      answers.push(response.json());
    }
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0].partialSuccess).toMatchObject({
      rejectedSpans: '1',
      errorMessage: expect.stringContaining(WORKSPACE),
    });
    const onResource = await post(requestOf([span(3)], { [WORKSPACE]: 'globex' }));
    expect(onResource.json().partialSuccess.rejectedSpans).toBe('1');
    expect(new Set(api.events().map((event) => event.workspaceId))).toEqual(new Set(['acme']));
  });

  test('is what the span, or else its resource, names, with a key of the platform', async () => {
    const platform = await api.key('ingest', null);
    const named = span(1, { ...CHAT, [WORKSPACE]: 'globex' });
    await post(requestOf([named, span(2)], { [WORKSPACE]: 'acme' }), JSON_TYPE, platform);
    expect(api.events().map((event) => event.workspaceId)).toEqual(['globex', 'acme']);
  });

  test('must be named with a key of the platform; spans that only connect others need not', async () => {
    const platform = await api.key('ingest', null);
    const link = span(2, {}, { parentSpanId: hexId(3) });
    const inner = span(1, { ...CHAT, [WORKSPACE]: 'acme' }, { parentSpanId: hexId(2) });
    const outer = span(3, { ...CHAT, [WORKSPACE]: 'acme' });
    const response = await post(requestOf([inner, link, outer, span(4)]), JSON_TYPE, platform);
    expect(response.json().partialSuccess).toMatchObject({
      rejectedSpans: '1',
      errorMessage: expect.stringContaining(WORKSPACE),
    });
    expect(api.events().map((event) => event.spanId)).toEqual([hexId(1)]);
  });

  test('is the same trace id’s in two workspaces without either touching the other', async () => {
    const globex = await api.key('ingest', 'globex');
    await post(requestOf([span(1)]));
    const child = span(2, CHAT, { parentSpanId: hexId(1) });
    await post(requestOf([child]), JSON_TYPE, globex);
    const messages = api.published.map((data) => JSON.parse(data.toString()));
    expect(messages.flatMap(({ corrections = [] }) => corrections)).toEqual([]);
    expect(api.events().map((event) => event.workspaceId)).toEqual(['acme', 'globex']);
  });
});

describe('a request that is sent again', () => {
  const corrections = () =>
    api.published.flatMap((data) => JSON.parse(data.toString()).corrections ?? []);

  test('after Pub/Sub failed brings the same events, and 503 says when', async () => {
    api.publishing.fail = () => true;
    const failed = await post(requestOf([span(1), span(2)]));
    expect(failed.statusCode).toBe(503);
    expect(failed.headers['retry-after']).toBe('1');
    expect(failed.json()).toMatchObject({ code: 14, error: { code: 'unavailable' } });
    api.publishing.fail = () => false;
    expect((await post(requestOf([span(1), span(2)]))).statusCode).toBe(200);
    expect(api.events().map((event) => event.spanId)).toEqual([hexId(1), hexId(2)]);
  });

  test('asks again for what is to be taken back until that is with Pub/Sub, and then no more', async () => {
    const parent = span(1);
    const child = span(2, CHAT, { parentSpanId: hexId(1) });
    await post(requestOf([parent]));
    api.publishing.fail = (data) => data.toString().includes('retraction');
    expect((await post(requestOf([child]))).statusCode).toBe(503);
    expect(corrections()).toEqual([]);
    api.publishing.fail = () => false;
    expect((await post(requestOf([child]))).statusCode).toBe(200);
    expect(corrections()).toEqual([
      {
        retraction: {
          workspaceId: 'acme',
          eventId: spanEventId(TRACE_ID, hexId(1)),
          traceId: TRACE_ID,
          spanId: hexId(1),
          timestamp: new Date(NOW - 58_750).toISOString(),
          requestedAt: new Date(NOW).toISOString(),
          reason: expect.any(String),
        },
      },
    ]);
    await post(requestOf([child]));
    await post(requestOf([parent]));
    expect(corrections()).toHaveLength(1);
    const charged = api.events().flatMap((event) => event?.spanId ?? []);
    expect(charged.filter((spanId) => spanId === hexId(1))).toHaveLength(1);
  });

  test('is asked for while Redis does not answer', async () => {
    const lost = await startApi(server.redis, {
      deps: { otlp: { accept: (await unreachableRedis()).accept } },
    });
    const lostKey = await lost.key('ingest', 'acme');
    const response = await lost.app.inject({
      method: 'POST',
      url: '/v1/traces',
      headers: { ...PROTOBUF_TYPE, authorization: `Bearer ${lostKey}` },
      payload: Buffer.from(encodeRequest(requestOf([span(1)]))),
    });
    expect(response.statusCode).toBe(503);
    expect(readStatus(response.rawPayload)).toMatchObject({ code: 14 });
    expect(lost.published).toEqual([]);
  });
});

describe('an answer', () => {
  test('has the encoding of its request', async () => {
    const body = Buffer.from(encodeRequest(requestOf([span(1)])));
    const good = await post(body, PROTOBUF_TYPE);
    expect([good.statusCode, good.headers['content-type'], good.rawPayload.length]).toEqual([
      200,
      'application/x-protobuf',
      0,
    ]);
    const bad = await post(body.subarray(0, 20), PROTOBUF_TYPE);
    expect([bad.statusCode, bad.headers['content-type']]).toEqual([400, 'application/x-protobuf']);
    expect(readStatus(bad.rawPayload)).toMatchObject({
      code: 3,
      message: expect.stringContaining('protobuf'),
    });
    const partial = await post(Buffer.from(encodeRequest(requestOf([span(0)]))), PROTOBUF_TYPE);
    expect(partial.rawPayload).toEqual(
      Buffer.from(
        encodeMessage('ExportTraceServiceResponse', {
          partialSuccess: {
            rejectedSpans: 1,
            errorMessage:
              'Rejected 1 span: spanId must be 8 bytes, not all zero ' +
              '(resourceSpans[0].scopeSpans[0].spans[0]).',
          },
        }),
      ),
    );
  });

  test.each([
    ['nothing at all', '', JSON_TYPE, 400],
    ['no JSON', 'spans', JSON_TYPE, 400],
    ['no request', '[]', JSON_TYPE, 400],
    ['no gzip', '{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 400],
    ['another coding', '{}', { ...JSON_TYPE, 'content-encoding': 'br' }, 415],
    ['another media type', '{}', { 'content-type': 'text/plain' }, 415],
    ['no media type', '{}', {}, 415],
  ])('to %s says what is wrong', async (_name, body, headers, status) => {
    const response = await post(body, headers as Record<string, string>);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ code: 3, message: expect.stringMatching(/\w/) });
    expect(api.events()).toEqual([]);
  });

  test('to gzip that inflates beyond what is taken is 413, without inflating it', async () => {
    const body = gzipSync(Buffer.alloc(64 * 1_048_576));
    const response = await post(body, { ...JSON_TYPE, 'content-encoding': 'gzip' });
    expect(response.statusCode).toBe(413);
  });

  test('to a body larger than is taken is 413', async () => {
    expect((await post(Buffer.alloc(4 * 1_048_576 + 1))).statusCode).toBe(413);
  });

  test('to more spans than are taken at once is 413, and as many as that are taken', async () => {
    const plain = (count: number) =>
      requestOf(
        Array.from({ length: count }, (_, i) => ({ traceId: TRACE_ID, spanId: hexId(i + 1) })),
      );
    const most = gzipSync(JSON.stringify(plain(MAX_SPANS_PER_REQUEST)));
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    expect((await post(most, headers)).json()).toEqual({});
    const more = gzipSync(JSON.stringify(plain(MAX_SPANS_PER_REQUEST + 1)));
    expect((await post(more, headers)).statusCode).toBe(413);
  });

  test('to a key that may not is 401 or 403, in OTLP’s way too', async () => {
    const body = Buffer.from(encodeRequest(requestOf([span(1)])));
    const anonymous = await post(body, PROTOBUF_TYPE, '');
    expect([anonymous.statusCode, readStatus(anonymous.rawPayload)]).toMatchObject([
      401,
      { code: 16 },
    ]);
    const reader = await post(body, PROTOBUF_TYPE, await api.key('read', 'acme'));
    expect([reader.statusCode, readStatus(reader.rawPayload)]).toMatchObject([403, { code: 7 }]);
  });
});

test('the route and its media types are in the OpenAPI document', async () => {
  const { paths } = (await api.call('GET', '/openapi.json')).body;
  const { requestBody, responses } = paths['/v1/traces'].post;
  expect(Object.keys(requestBody.content)).toEqual(['application/x-protobuf', 'application/json']);
  expect(Object.keys(responses)).toEqual(['200', '4XX', '5XX']);
});

/** An intake over a Redis that nobody listens at. */
async function unreachableRedis() {
  const { createRedis } = await import('../../../src/cloud/redis.ts');
  const { createOtlpIntake } = await import('../../../src/otlp/intake.ts');
  const redis = createRedis({ url: 'redis://127.0.0.1:1' });
  const intake = createOtlpIntake({
    redis,
    warehouse: { query: async () => [] },
    publisher: { publish: async () => 'id' },
    now: () => NOW,
  });
  return {
    accept: async (...args: Parameters<typeof intake.accept>) =>
      intake.accept(...args).finally(() => redis.disconnect()),
  };
}

/** Protobuf as other encoders write it, from definitions of the test's own. */
const root = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; int64 int_value = 3; } }
  message Status { int32 code = 1; string message = 2; }
`).root;

function encodeRequest(request: ReturnType<typeof requestOf>): Uint8Array {
  const type = root.lookupType('Request');
  const binary = JSON.parse(JSON.stringify(request), (name, value) =>
    /[tT]raceId$|[sS]panId$/.test(name) ? Buffer.from(value, 'hex').toString('base64') : value,
  );
  return type.encode(type.fromObject(binary)).finish();
}

function readStatus(body: Uint8Array) {
  return root.lookupType('Status').decode(body).toJSON();
}
