import type { Logging } from '@google-cloud/logging';
import { LoggingWinston } from '@google-cloud/logging-winston';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import winston from 'winston';
import type { LogEntry } from '../../../local/logging/entry.ts';
import { timeOfMs } from '../../../local/logging/time.ts';
import {
  at,
  clientOptions,
  type Entry,
  type Harness,
  LOG,
  NOON,
  PROJECT,
  startHarness,
} from './harness.ts';

const INVALID_ARGUMENT = 3;
let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

const DAY_MS = 24 * 3_600_000;
const labels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`label-${n}`, 'x']));

const refused: [string, Entry, string][] = [
  [
    'an entry of more than 256 KiB',
    { textPayload: 'x'.repeat(256 * 1024) },
    'Log entry with size 256.0K exceeds maximum size of 256.0K',
  ],
  [
    'a much bigger one',
    { textPayload: 'x'.repeat(2 * 1024 * 1024) },
    'Log entry with size 2.00M exceeds maximum size of 256.0K',
  ],
  [
    'an entry of more than a day ahead',
    { textPayload: 'x', timestamp: at(NOON + DAY_MS + 1) },
    'Timestamp is over a day in the future',
  ],
  ['65 labels', { textPayload: 'x', labels: labels(65) }, '65 labels, more than the 64 allowed'],
  [
    'a log without a project',
    { textPayload: 'x', logName: 'mine' },
    'is not of the form projects/P/logs/ID',
  ],
  [
    "another project's log",
    { textPayload: 'x', logName: 'projects/other/logs/a' },
    'is of another project',
  ],
  [
    'a log id of other characters',
    { textPayload: 'x', logName: `projects/${PROJECT}/logs/a%20b` },
    "The log id 'a%20b' must be URL-encoded",
  ],
];

describe.each(refused)('of %s', (_, entry, text) => {
  test('the whole write is refused, where nothing else was asked for', async () => {
    await expect(harness.write([{ textPayload: 'good' }, entry])).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
      details: expect.stringContaining(text),
    });
    expect(harness.emulator.store.list()).toEqual([]);
  });

  test('the others are written, where partial success is asked for, and the error names it', async () => {
    const write = harness.write([{ textPayload: 'good' }, entry], { partialSuccess: true });
    const error = await write.then(
      () => undefined,
      (reason: unknown) => reason as { code: number; statusDetails: unknown[] },
    );
    expect(error).toMatchObject({ code: INVALID_ARGUMENT, details: expect.stringContaining(text) });
    expect(JSON.parse(JSON.stringify(error!.statusDetails))).toEqual([
      { logEntryErrors: { 1: { code: INVALID_ARGUMENT, message: expect.stringContaining(text) } } },
    ]);
    expect(harness.emulator.store.list()).toMatchObject([{ textPayload: 'good' }]);
    expect(harness.emulator.store.counts).toMatchObject({ written: 1, refused: 1 });
  });
});

test('where no entry is written, partial success gives no errors by entry', async () => {
  const write = harness.write([{ textPayload: 'x', logName: 'mine' }], { partialSuccess: true });
  await expect(write).rejects.toMatchObject({ code: INVALID_ARGUMENT });
  await expect(write).rejects.not.toHaveProperty('statusDetails');
});

test('a write of more than 10 MB is refused', async () => {
  const entries = Array.from({ length: 60 }, () => ({ textPayload: 'x'.repeat(200_000) }));
  await expect(harness.write(entries)).rejects.toMatchObject({
    code: INVALID_ARGUMENT,
    details: 'Request payload size exceeds the limit: 10485760 bytes.',
  });
});

test('a write of very many small entries is taken', async () => {
  await harness.write(Array.from({ length: 150_000 }, () => ({})));
  expect(harness.emulator.store.counts).toMatchObject({ written: 150_000 });
  expect(harness.emulator.store.all()).toHaveLength(50_000);
});

test('an entry without a resource is refused, protobuf payloads are not supported, and a dry run stores nothing', async () => {
  await expect(harness.write([{ textPayload: 'x' }], { resource: null })).rejects.toMatchObject({
    code: INVALID_ARGUMENT,
    details: 'Log entry has no monitored resource',
  });
  const protoPayload = { type_url: 'type.googleapis.com/google.cloud.audit.AuditLog' };
  await expect(harness.write([{ protoPayload }])).rejects.toMatchObject({
    code: 12,
    details: expect.stringContaining('protoPayload is not supported'),
  });
  await harness.write([{ textPayload: 'x' }], { dryRun: true });
  expect(harness.emulator.store.list()).toEqual([]);
});

test("an entry takes from its request what it does not say itself, and the receiver's time and an id of its own", async () => {
  await harness.write(
    [
      { textPayload: 'plain' },
      {
        textPayload: 'own',
        logName: `/projects/${PROJECT}/logs/run.googleapis.com%2Fstdout`,
        resource: { type: 'cloud_run_revision', labels: { service_name: 'api' } },
        labels: { b: 'mine' },
        timestamp: at(NOON - 1_000, 7),
        insertId: 'first',
        severity: 'ERROR',
      },
    ],
    { labels: { a: '1', b: 'default' } },
  );
  const [plain, own] = harness.emulator.store.list();
  expect(plain).toEqual({
    logName: LOG,
    resource: { type: 'global', labels: { project_id: PROJECT } },
    labels: { a: '1', b: 'default' },
    severity: 'DEFAULT',
    textPayload: 'plain',
    timestamp: '2026-11-20T12:00:00.000000000Z',
    receiveTimestamp: '2026-11-20T12:00:00.000000000Z',
    insertId: expect.stringMatching(/^\w+$/),
  });
  expect(own).toMatchObject({
    logName: `projects/${PROJECT}/logs/run.googleapis.com%2Fstdout`,
    resource: {
      type: 'cloud_run_revision',
      labels: { project_id: PROJECT, service_name: 'api' },
    },
    labels: { a: '1', b: 'mine' },
    severity: 'ERROR',
    timestamp: '2026-11-20T11:59:59.000000007Z',
    insertId: 'first',
  });
});

test('entries of one write without time or id of their own sort as they were sent', async () => {
  const texts = Array.from({ length: 50 }, (_, n) => `line ${n}`);
  await harness.write(texts.map((textPayload) => ({ textPayload })));
  expect(await harness.find('')).toEqual(texts);
});

test('the same id at the same time is the same entry; at another time it is another', async () => {
  const entry = { textPayload: 'x', insertId: 'one', timestamp: at(NOON) };
  await harness.write([entry, entry]);
  await harness.write([entry, { ...entry, timestamp: at(NOON, 1) }]);
  expect(harness.emulator.store.list()).toHaveLength(2);
  expect(harness.emulator.store.counts).toMatchObject({ written: 2, duplicates: 2 });
});

test('label keys of more than 512 bytes and values of more than 64 KiB are cut, with an ellipsis, between characters', async () => {
  const key = `${'k'.repeat(508)}é-rest`;
  await harness.write([{ textPayload: 'x', labels: { [key]: 'é'.repeat(40_000) } }]);
  const [[cut, value] = ['', '']] = Object.entries(harness.emulator.store.list()[0]!.labels);
  expect(cut).toBe(`${'k'.repeat(508)}...`);
  expect(Buffer.byteLength(value)).toBeLessThanOrEqual(64 * 1024);
  expect(value).toMatch(/^é+\.\.\.$/);
});

test('an entry of more than 30 days ago is taken and not kept', async () => {
  await harness.write([{ textPayload: 'x', timestamp: at(NOON - 30 * DAY_MS - 1) }]);
  expect(harness.emulator.store.list()).toEqual([]);
  expect(harness.emulator.store.counts).toMatchObject({ discarded: 1 });
});

test('only so many entries are kept, the first to come go first', async () => {
  const small = await startHarness({ maxEntries: 3 });
  const entry = (n: number) => ({ textPayload: `${n}`, insertId: `${n}`, timestamp: at(NOON) });
  for (let n = 0; n < 5; n += 1) await small.write([entry(n)]);
  expect(small.emulator.store.all().map(({ textPayload }) => textPayload)).toEqual(['2', '3', '4']);
  // Forgotten for good: not even known as a duplicate.
  await small.write([entry(0)]);
  expect(small.emulator.store.all().map(({ textPayload }) => textPayload)).toEqual(['3', '4', '0']);
  await small.close();
});

test("Google's client writes what it takes for structured, and reads the same back", async () => {
  // The client adds an entry about itself, of the real time.
  harness.clock.ms = Math.floor(Date.now() / 1_000) * 1_000;
  const log = harness.logging.log('app');
  const metadata = {
    resource: { type: 'global' },
    severity: 'WARNING',
    timestamp: new Date(harness.clock.ms),
    labels: { tenant: 'acme' },
    trace: `projects/${PROJECT}/traces/0af7651916cd43dd8448eb211c80319c`,
    spanId: '00f067aa0ba902b7',
    traceSampled: true,
    httpRequest: { requestMethod: 'GET', status: 200, latency: { seconds: 0, nanos: 250_000_000 } },
    operation: { id: 'op', first: true },
    sourceLocation: { file: 'a.ts', line: '7' },
  };
  const data = { message: 'hello', deep: { list: [1, 'two', null, true, { __proto__: 1 }] } };
  await log.write(log.entry(metadata, data));
  expect(harness.emulator.store.list({ text: 'hello' })).toMatchObject([
    {
      severity: 'WARNING',
      jsonPayload: data,
      httpRequest: { requestMethod: 'GET', status: 200, latency: '0.25s' },
      operation: { id: 'op', first: true },
      sourceLocation: { file: 'a.ts', line: '7' },
      traceSampled: true,
      timestamp: timeOfMs(harness.clock.ms),
    },
  ]);
  const [[read]] = await log.getEntries({ filter: 'severity=WARNING' });
  expect(read!.data).toEqual(data);
  expect(read!.metadata).toMatchObject({ trace: metadata.trace, labels: metadata.labels });
});

test('winston writes through the real transport', async () => {
  harness.clock.ms = Date.now();
  const transport = new LoggingWinston({ ...clientOptions(harness.emulator.address) });
  const logger = winston.createLogger({ transports: [transport] });
  const arrived = new Promise<readonly LogEntry[]>((resolve) => {
    harness.emulator.store.onChange(resolve);
  });
  logger.error('it broke', { workspaceId: 'acme' });
  const written = (await arrived).filter(({ severity }) => severity === 'ERROR');
  expect(written).toMatchObject([
    { severity: 'ERROR', jsonPayload: { message: 'it broke', metadata: { workspaceId: 'acme' } } },
  ]);
  expect(harness.emulator.store.list({ workspaceId: 'acme' })).toHaveLength(1);
  logger.close();
  const { loggingService } = (
    transport as unknown as { common: { cloudLog: { logging: Logging } } }
  ).common.cloudLog.logging;
  await loggingService.close();
});

test('what is written goes to the sink too, once; a fault strikes as told', async () => {
  const sunk: LogEntry[] = [];
  const own = await startHarness({ sink: { add: (entry) => void sunk.push(entry) } });
  const entry = { textPayload: 'x', insertId: 'one', timestamp: at(NOON) };
  own.emulator.faults.set([{ kind: 'fail', rpc: 'WriteLogEntries', times: 1, code: 7 }]);
  await expect(own.write([entry])).rejects.toMatchObject({ code: 7 });
  await own.write([entry]);
  await own.write([entry]);
  expect(sunk).toMatchObject([{ textPayload: 'x' }]);
  await own.close();
});
