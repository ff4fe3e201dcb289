import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPubSubEmulator } from '../../../local/pubsub/emulator.ts';
import type { OtlpSpan } from '../../../src/otlp/span.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';
import { startCollector } from './collector.ts';

const PROJECT = 'tracing-tests';
const PRODUCER = 4;
const CONSUMER = 5;
const CLIENT = 3;
const SERVER = 2;

type Report = {
  before: unknown;
  live: unknown;
  after: unknown;
  served: Record<string, unknown>[];
  called: Record<string, unknown>[];
  databases: Record<string, unknown>[];
  attributes: Record<string, string>;
  url: string;
};

const emulator = createPubSubEmulator({ projectId: PROJECT });
let collector: Awaited<ReturnType<typeof startCollector>>;
let redis: RedisServer;
let report: Report;
let spans: OtlpSpan[];

beforeAll(async () => {
  const bigquery = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  bigquery.listen(0, '127.0.0.1');
  await once(bigquery, 'listening');
  [collector, redis] = await Promise.all([startCollector(), startRedisServer(), emulator.start()]);
  const child = spawn(
    process.execPath,
    ['--no-warnings', `${import.meta.dirname}/instrumented-process.ts`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        PROJECT,
        COLLECTOR_URL: collector.url,
        REDIS_URL: redis.url,
        BIGQUERY_URL: `http://127.0.0.1:${(bigquery.address() as AddressInfo).port}`,
        PUBSUB_EMULATOR_HOST: `127.0.0.1:${emulator.ports.grpc}`,
        METADATA_SERVER_DETECTION: 'none',
      },
    },
  );
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  const [code] = await once(child, 'close');
  bigquery.closeAllConnections();
  bigquery.close();
  expect(code).toBe(0);
  report = JSON.parse(Buffer.concat(output).toString()) as Report;
  spans = collector.spans();
}, 300_000);
afterAll(() => Promise.all([collector.close(), redis.stop(), emulator.close()]));

/** The one span of this kind and name, and with these attributes where two have the same name. */
function the(kind: number, name: string, attributes: Record<string, string> = {}): OtlpSpan {
  const found = spans.filter(
    (span) =>
      span.name === name &&
      span.kind === kind &&
      Object.entries(attributes).every(([key, value]) => span.attributes.get(key) === value),
  );
  if (found.length !== 1) {
    const names = spans.map((span) => `${span.kind} ${span.name}`).join('\n');
    throw new Error(`${found.length} spans ${kind} ${name} among\n${names}`);
  }
  return found[0]!;
}
const attributesOf = (span: OtlpSpan) => Object.fromEntries(span.attributes);
const answered = () => the(SERVER, 'GET /v1/things/:id', { 'agentworks.request.id': 'req-1' });

test('a process that imported its libraries by name can tell that they are traced, and when not', () => {
  const none = { httpServer: false, httpClient: false, fetch: false };
  expect(report.before).toEqual(none);
  expect(report.live).toEqual({ httpServer: true, httpClient: true, fetch: true });
  expect(report.after).toEqual(none);
});

test('one request is one trace through HTTP, fastify, Redis, Pub/Sub, its consumer, and BigQuery', () => {
  const isWithin = (child: OtlpSpan, parent: OtlpSpan) => {
    expect(child.traceId).toBe(parent.traceId);
    expect(child.parentSpanId).toBe(parent.spanId);
  };
  const server = answered();
  const client = spans.find(({ spanId }) => spanId === server.parentSpanId)!;
  expect(client.kind).toBe(CLIENT);
  isWithin(the(CLIENT, 'GET', { 'db.system.name': 'redis' }), server);
  const published = the(PRODUCER, 'publish things');
  isWithin(published, server);
  const processed = the(CONSUMER, 'process take-things');
  isWithin(processed, published);
  isWithin(the(CLIENT, 'SET'), processed);
  const inserted = the(CLIENT, 'insert t');
  isWithin(inserted, server);
  expect(attributesOf(inserted)).toMatchObject({
    'db.system.name': 'gcp.bigquery',
    'db.operation.name': 'insert',
    'db.namespace': 'd',
    'db.collection.name': 't',
  });
  expect(attributesOf(published)).toMatchObject({
    'messaging.system': 'gcp_pubsub',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'things',
    'messaging.message.id': processed.attributes.get('messaging.message.id'),
  });
});

test('the consumer is linked to the one request that brought the message', () => {
  const pushes = spans.filter(({ kind, name }) => kind === SERVER && name === 'POST /');
  const { links } = the(CONSUMER, 'process take-things');
  expect(links.map(({ spanId }) => spanId)).toEqual(pushes.map(({ spanId }) => spanId));
  expect(links).toHaveLength(1);
});

test('a message carries its trace under W3C’s name and under that of Google’s clients', () => {
  const { traceId, spanId } = the(PRODUCER, 'publish things');
  const traceparent = `00-${traceId}-${spanId}-01`;
  expect(report.attributes).toEqual({
    kind: 'thing',
    traceparent,
    googclient_traceparent: traceparent,
  });
});

test('ids of request and workspace are taken from headers where they can be ids', () => {
  expect(attributesOf(answered())).toMatchObject({
    'agentworks.request.id': 'req-1',
    'agentworks.workspace.id': 'acme',
    'http.route': '/v1/things/:id',
  });
  const refused = spans.find(
    ({ attributes }) =>
      attributes.get('http.response.status_code') === 401 && attributes.has('http.route'),
  )!;
  expect(refused.name).toBe('GET /v1/things/:id');
  expect(refused.attributes.has('agentworks.workspace.id')).toBe(false);
});

test('health checks, exports and the self-test make no spans of servers', () => {
  const paths = spans
    .filter(({ kind }) => kind === SERVER)
    .map(({ attributes }) => attributes.get('url.path'));
  expect(paths.sort()).toEqual([
    '/',
    '/v1/nothing',
    '/v1/things/7',
    '/v1/things/8',
    '/without-fastify',
  ]);
  const urls = spans.map(({ attributes }) => attributes.get('url.full'));
  expect(urls.filter((url) => typeof url === 'string' && url.includes('/v1/traces'))).toEqual([]);
});

test('no key, value, row or query string is in any byte of the traces', () => {
  expect(collector.bytes().includes('CANARY')).toBe(false);
});

test('every request is told of with route, status and sizes, health checks apart', () => {
  const size = expect.any(Number);
  const base = { method: 'GET', durationMs: size, responseBytes: size };
  expect(report.served).toEqual(
    expect.arrayContaining([
      { ...base, route: '/v1/things/:id', status: 200, responseBytes: '{"ok":true}'.length },
      { ...base, route: '/v1/things/:id', status: 401, responseBytes: 0 },
      { ...base, status: 404 },
      { ...base, status: 200, responseBytes: 'plain'.length },
      {
        method: 'POST',
        route: '/',
        status: 204,
        durationMs: size,
        requestBytes: size,
        responseBytes: 0,
      },
    ]),
  );
  expect(report.served).toHaveLength(5);
  const local = report.called.filter(({ method }) => method === 'GET');
  expect(local.map(({ host, status }) => `${host} ${status}`).sort()).toEqual([
    '127.0.0.1 200',
    '127.0.0.1 200',
    '127.0.0.1 200',
    '127.0.0.1 401',
    '127.0.0.1 404',
  ]);
});

test('every command and query is told of, with the class of its error', () => {
  expect(report.databases).toEqual(
    expect.arrayContaining([
      { system: 'redis', operation: 'GET' },
      { system: 'redis', operation: 'SET' },
      { system: 'redis', operation: 'NOSUCH', errorType: 'ReplyError' },
      { system: 'gcp.bigquery', operation: 'insert' },
    ]),
  );
});
