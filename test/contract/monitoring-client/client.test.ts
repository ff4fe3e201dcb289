import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  createMonitoringClient,
  type MonitoringClient,
  type TimeSeries,
} from '../../../src/cloud/monitoring.ts';
import { type Harness, NOON, PROJECT, startHarness, TYPE } from './harness.ts';

const TIMEOUT = { timeoutMs: 5_000 };
let harness: Harness;
let client: MonitoringClient;
beforeEach(async () => {
  harness = await startHarness();
  client = createMonitoringClient({ projectId: PROJECT, endpoint: harness.emulator.address });
});
afterEach(async () => {
  await client.close();
  await harness.close();
});

const gauge = (name: string, endMs = NOON): TimeSeries => ({
  metric: { type: TYPE + name },
  resource: { type: 'global', labels: { project_id: PROJECT } },
  metricKind: 'GAUGE',
  valueType: 'INT64',
  points: [{ interval: { endTime: { seconds: endMs / 1_000 } }, value: { int64Value: 1 } }],
});

test('series that are taken are written', async () => {
  const result = await client.writeTimeSeries([gauge('a'), gauge('b')], TIMEOUT);
  expect(result).toEqual({ kind: 'written' });
  expect(harness.emulator.store.counts.pointsWritten).toBe(2);
});

test('of a request that is taken in part it is told how many were written and why the others were not', async () => {
  await client.writeTimeSeries([gauge('a')], TIMEOUT);
  const result = await client.writeTimeSeries([gauge('a'), gauge('b'), gauge('c')], TIMEOUT);
  expect(result).toMatchObject({
    kind: 'partly',
    written: 2,
    refused: [{ code: 'INVALID_ARGUMENT', count: 1 }],
    retryable: false,
  });
  expect(JSON.stringify(result)).toContain('Points must be written in order');
});

test('a request that is refused as a whole is no partial success', async () => {
  const many = Array.from({ length: 201 }, (_, n) => gauge(`g${n}`));
  expect(await client.writeTimeSeries(many, TIMEOUT)).toMatchObject({
    kind: 'failed',
    code: 'INVALID_ARGUMENT',
    retryable: false,
    mayBeWritten: false,
    message: expect.stringContaining('A maximum of 200 TimeSeries'),
  });
});

test('an answer that did not come leaves open whether the points were written', async () => {
  harness.emulator.faults.set([{ kind: 'apply-then-fail' }]);
  expect(await client.writeTimeSeries([gauge('a')], TIMEOUT)).toMatchObject({
    kind: 'failed',
    code: 'UNAVAILABLE',
    retryable: true,
    mayBeWritten: true,
  });
  expect(harness.emulator.store.counts.pointsWritten).toBe(1);
});

test('a request is made once: the client repeats none by itself', async () => {
  harness.emulator.faults.set([{ kind: 'fail', times: 3 }]);
  await client.writeTimeSeries([gauge('a')], TIMEOUT);
  expect(harness.emulator.faults.current[0]?.struck).toBe(1);
});

test('a quota that is used up can be tried again', async () => {
  harness.emulator.faults.set([{ kind: 'fail', code: status.RESOURCE_EXHAUSTED }]);
  expect(await client.writeTimeSeries([gauge('a')], TIMEOUT)).toMatchObject({
    kind: 'failed',
    code: 'RESOURCE_EXHAUSTED',
    retryable: true,
    mayBeWritten: false,
  });
});

test('an endpoint that never answers is given up after the timeout', async () => {
  harness.emulator.faults.set([{ kind: 'hang' }]);
  expect(await client.writeTimeSeries([gauge('a')], { timeoutMs: 50 })).toMatchObject({
    kind: 'failed',
    code: 'DEADLINE_EXCEEDED',
    mayBeWritten: true,
  });
});

test('an endpoint that is not there is a failure to try again, not an exception', async () => {
  const lost = createMonitoringClient({ projectId: PROJECT, endpoint: '127.0.0.1:1' });
  expect(await lost.writeTimeSeries([gauge('a')], TIMEOUT)).toMatchObject({
    kind: 'failed',
    retryable: true,
  });
  await lost.close();
});

test('a descriptor is created, with its unit, and brought up to date', async () => {
  const descriptor = {
    type: `${TYPE}a`,
    metricKind: 'GAUGE',
    valueType: 'INT64',
    unit: 'By',
  } as const;
  expect(await client.createDescriptor(descriptor, TIMEOUT)).toEqual({ kind: 'created' });
  const renamed = { ...descriptor, description: 'Bytes.' };
  expect(await client.createDescriptor(renamed, TIMEOUT)).toEqual({ kind: 'created' });
  expect(harness.emulator.store.descriptors()).toMatchObject([
    { unit: 'By', description: 'Bytes.' },
  ]);
});

test('a descriptor that exists already is as good as created', async () => {
  harness.emulator.faults.set([{ kind: 'fail', code: status.ALREADY_EXISTS }]);
  const descriptor = { type: `${TYPE}a`, metricKind: 'GAUGE', valueType: 'INT64' } as const;
  expect(await client.createDescriptor(descriptor, TIMEOUT)).toEqual({ kind: 'created' });
});

test('a descriptor that is refused says why', async () => {
  const descriptor = { type: 'nonsense', metricKind: 'GAUGE', valueType: 'INT64' } as const;
  expect(await client.createDescriptor(descriptor, TIMEOUT)).toMatchObject({
    kind: 'failed',
    code: 'INVALID_ARGUMENT',
    retryable: false,
  });
});

test('after close nothing is written, and closing twice is harmless', async () => {
  await client.writeTimeSeries([gauge('a')], TIMEOUT);
  await client.close();
  await client.close();
  expect(await client.writeTimeSeries([gauge('b')], TIMEOUT)).toMatchObject({ kind: 'failed' });
});

test("Google's client is loaded with the first call, not with the import", async () => {
  const script = `
    const { createRequire } = await import('node:module');
    const { createMetrics } = await import('./src/telemetry/metrics/metrics.ts');
    const { createMonitoringClient } = await import('./src/cloud/monitoring.ts');
    const client = createMonitoringClient({ projectId: 'p', endpoint: '127.0.0.1:1' });
    const cache = createRequire(process.cwd() + '/x').cache;
    const loaded = () => Object.keys(cache).some((path) => path.includes('@google-cloud/monitoring'));
    const before = loaded();
    await client.writeTimeSeries([], { timeoutMs: 1000 });
    await client.close();
    console.log(JSON.stringify({ before, after: loaded() }));`;
  const args = ['--no-warnings', '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual({ before: false, after: true });
});
