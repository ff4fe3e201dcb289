import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import type { DatabaseRecord } from '../../../src/telemetry/tracing/database-record.ts';
import { instrumentRedis } from '../../../src/telemetry/tracing/redis.ts';
import { startRedis } from '../../support/redis-server.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
let server: Awaited<ReturnType<typeof startRedis>>;
let instruments: { close(): void };
const told: DatabaseRecord[] = [];

beforeEach(async () => {
  server = await startRedis();
  provider.register({ contextManager: new AsyncLocalStorageContextManager() });
  instruments = instrumentRedis({ onDatabaseCall: (record) => told.push(record) });
});
afterEach(async () => {
  instruments.close();
  trace.disable();
  context.disable();
  await server.stop();
});

test('a transaction or pipeline is one span and one call, commands outside of them are told of each', async () => {
  const { redis } = server;
  await redis.ping();
  told.length = 0;
  exporter.reset();
  await trace.getTracer('test').startActiveSpan('request', async (span) => {
    await redis.set('k', '1');
    await redis.multi().incrby('k', 2).expire('k', 60).exec();
    await redis.pipeline().get('k').get('k').exec();
    await redis.get('k');
    span.end();
  });
  const names = exporter.getFinishedSpans().map(({ name }) => name);
  expect(names).toEqual(['SET', 'MULTI', 'PIPELINE', 'GET', 'request']);
  expect(told.map(({ operation }) => operation)).toEqual(['SET', 'MULTI', 'PIPELINE', 'GET']);
});

test('a command that fails is told of by the class of its error, and still rejects', async () => {
  const { redis } = server;
  await redis.set('text', 'x');
  told.length = 0;
  await expect(redis.incr('text')).rejects.toThrow('not an integer');
  expect(told).toEqual([expect.objectContaining({ operation: 'INCR', errorType: 'ReplyError' })]);
});
