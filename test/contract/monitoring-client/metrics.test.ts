import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { defineMetric } from '../../../src/telemetry/metrics/definition.ts';
import { createMetrics } from '../../../src/telemetry/metrics/metrics.ts';
import {
  CALLS,
  DEPTH,
  DURATION,
  type Harness,
  NOON,
  PROJECT,
  startHarness,
  TYPE,
} from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

const pointsOf = (name: string) =>
  harness.emulator.store.series({ metricType: TYPE + name }).map(({ points }) => points);
const refusals = () => harness.emulator.store.refusals;
const writes = () => harness.emulator.store.counts.requests;

describe('what is written', () => {
  test('a counter is cumulative, whole, with one start before all its ends', async () => {
    const { recorder, flush } = harness.openProcess();
    recorder.incrementCounter(CALLS, 2, { status: 'ok' });
    await flush();
    harness.clock.ms += 60_000;
    recorder.incrementCounter(CALLS, 3, { status: 'ok' });
    await flush();
    expect(harness.emulator.store.series()).toMatchObject([
      {
        metricType: `${TYPE}test/calls`,
        kind: 'CUMULATIVE',
        valueType: 'INT64',
        labels: { status: 'ok' },
        points: [
          { startMs: NOON - 1, endMs: NOON, value: 2 },
          { startMs: NOON - 1, endMs: NOON + 60_000, value: 5 },
        ],
      },
    ]);
  });

  test('a series that begins later starts when the ones before were collected, not with the process', async () => {
    const { recorder, flush } = harness.openProcess();
    recorder.incrementCounter(CALLS, 1, { status: 'ok' });
    harness.clock.ms += 60_000;
    await flush();
    harness.clock.ms += 60_000;
    recorder.incrementCounter(CALLS, 1, { status: 'error' });
    await flush();
    const [late] = harness.emulator.store.series({ labels: { status: 'error' } });
    expect(late?.points).toMatchObject([{ startMs: NOON + 60_000, endMs: NOON + 120_000 }]);
  });

  test('a histogram is a distribution over the bounds of its definition', async () => {
    const { recorder, flush } = harness.openProcess();
    for (const value of [0.5, 5, 5, 500]) recorder.recordHistogram(DURATION, value);
    await flush();
    expect(pointsOf('test/duration')).toMatchObject([
      [
        {
          distribution: {
            count: 4,
            mean: 127.625,
            bounds: [1, 10, 100],
            bucketCounts: [1, 2, 0, 1],
          },
        },
      ],
    ]);
  });

  test('a gauge is the value set last', async () => {
    const { recorder, flush } = harness.openProcess();
    recorder.setGauge(DEPTH, 7);
    recorder.setGauge(DEPTH, -3);
    await flush();
    expect(pointsOf('test/depth')).toEqual([[{ startMs: NOON, endMs: NOON, value: -3 }]]);
  });

  test('the resource is a generic task, its task the instance', async () => {
    const { recorder, flush } = harness.openProcess({ instance: 'a1' });
    recorder.setGauge(DEPTH, 7);
    await flush();
    const [series] = harness.emulator.store.series();
    expect(series).toMatchObject({
      resourceType: 'generic_task',
      resourceLabels: {
        project_id: PROJECT,
        location: 'europe-west1',
        namespace: 'test',
        job: 'api',
        task_id: 'a1',
      },
    });
  });

  test('attributes of the resource that are known only later are waited for', async () => {
    const attributes = { 'cloud.region': Promise.resolve('us-east1') };
    const { recorder, flush } = harness.openProcess({ attributes });
    recorder.setGauge(DEPTH, 7);
    await flush();
    expect(harness.emulator.store.series()[0]?.resourceLabels.location).toBe('us-east1');
  });

  test('numbers and booleans as labels make the same series as their texts; empty ones are absent', async () => {
    const { recorder, flush } = harness.openProcess();
    for (const status of [200, '200', true, 'true', '', undefined]) {
      recorder.incrementCounter(CALLS, 1, { status });
    }
    await flush();
    const series = harness.emulator.store.series();
    expect(series.map(({ labels, points }) => [labels.status, points[0]?.value])).toEqual([
      ['200', 2],
      ['true', 2],
      [undefined, 2],
    ]);
    expect(refusals()).toEqual([]);
  });

  test('what other instrumentations record is written too, with labels that are taken', async () => {
    const { meterProvider, flush } = harness.openProcess();
    const counter = meterProvider.getMeter('other').createCounter('http.server.requests');
    counter.add(1, { 'http.request.method': 'GET', '2xx': 'yes' });
    meterProvider.getMeter('other').createUpDownCounter('open').add(-2);
    await flush();
    const series = harness.emulator.store.series();
    expect(series.map(({ metricType, kind, labels }) => ({ metricType, kind, labels }))).toEqual([
      {
        metricType: `${TYPE}http.server.requests`,
        kind: 'CUMULATIVE',
        labels: { http_request_method: 'GET', _2xx: 'yes' },
      },
      { metricType: `${TYPE}open`, kind: 'GAUGE', labels: {} },
    ]);
    expect(refusals()).toEqual([]);
  });
});

describe('descriptors', () => {
  test('each is created once, with unit, description and described labels', async () => {
    const { recorder, flush } = harness.openProcess();
    harness.emulator.faults.set([{ kind: 'delay', ms: 0, rpc: 'CreateMetricDescriptor' }]);
    for (const round of [1, 2, 3]) {
      recorder.incrementCounter(CALLS, round, { status: `s${round}` });
      await flush();
      harness.clock.ms += 60_000;
    }
    expect(harness.emulator.faults.current[0]?.struck).toBe(1);
    expect(harness.emulator.store.descriptors()).toMatchObject([
      {
        type: `${TYPE}test/calls`,
        unit: '{call}',
        description: 'Calls.',
        displayName: 'Test calls',
        labels: [{ key: 'status', description: 'ok or error.' }],
      },
    ]);
  });

  test('one that failed is tried again later, and keeps no points from being written', async () => {
    const { recorder, flush, stats } = harness.openProcess();
    harness.emulator.faults.set([{ kind: 'fail', rpc: 'CreateMetricDescriptor', times: 1 }]);
    recorder.incrementCounter(CALLS);
    await flush();
    expect(harness.emulator.store.descriptors()).toMatchObject([
      { description: 'Auto-created custom metric.' },
    ]);
    expect(harness.total('test/calls')).toBe(1);
    expect(stats().descriptorsFailed).toBe(1);
    harness.clock.ms += 60_000;
    await flush();
    expect(harness.emulator.store.descriptors()).toMatchObject([{ description: 'Calls.' }]);
  });
});

describe('the rules of Cloud Monitoring', () => {
  test('450 series become three requests', async () => {
    const { recorder, flush } = harness.openProcess();
    for (let n = 0; n < 450; n++) recorder.incrementCounter(CALLS, 1, { status: `s${n}` });
    await flush();
    expect(writes()).toBe(3);
    expect(harness.emulator.store.counts.pointsWritten).toBe(450);
    expect(refusals()).toEqual([]);
  });

  test('a flush within ten seconds writes no second point, and nothing is lost by it', async () => {
    const { recorder, flush, stats } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    await flush();
    harness.clock.ms += 8_000;
    recorder.incrementCounter(CALLS);
    await flush();
    expect(harness.total('test/calls')).toBe(1);
    expect(stats().pointsDeferred).toBe(1);
    harness.clock.ms += 3_000;
    await flush();
    expect(harness.total('test/calls')).toBe(2);
    expect(refusals()).toEqual([]);
  });

  test('a new series is written at once even where the others have to wait', async () => {
    const { recorder, flush } = harness.openProcess();
    recorder.incrementCounter(CALLS, 1, { status: 'ok' });
    await flush();
    recorder.incrementCounter(CALLS, 1, { status: 'error' });
    await flush();
    expect(harness.total('test/calls')).toBe(2);
    expect(refusals()).toEqual([]);
  });

  test('a clock that is set back defers points until it has caught up', async () => {
    const { recorder, flush } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    await flush();
    harness.clock.ms -= 30_000;
    recorder.incrementCounter(CALLS);
    await flush();
    expect(harness.total('test/calls')).toBe(1);
    harness.clock.ms += 60_000;
    await flush();
    expect(harness.total('test/calls')).toBe(2);
    expect(refusals()).toEqual([]);
  });

  test('after a write that may have been carried out the next point keeps its distance', async () => {
    const { recorder, flush, stats } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    harness.emulator.faults.set([{ kind: 'apply-then-fail', rpc: 'CreateTimeSeries', times: 1 }]);
    await flush();
    expect(stats()).toMatchObject({ failedRequests: 1, failedExports: 1, pointsWritten: 0 });
    harness.clock.ms += 5_000;
    await flush();
    expect(stats().pointsDeferred).toBe(1);
    harness.clock.ms += 6_000;
    await flush();
    expect(harness.total('test/calls')).toBe(1);
    expect(refusals()).toEqual([]);
  });

  test('an instance that is killed and started again is another task, and breaks no order', async () => {
    for (const instance of ['first', 'second', 'third']) {
      const { recorder, flush } = harness.openProcess({ instance });
      recorder.incrementCounter(CALLS, 5);
      recorder.setGauge(DEPTH, 1);
      await flush();
      harness.clock.ms += 1_000;
    }
    expect(refusals()).toEqual([]);
    expect(pointsOf('test/calls')).toHaveLength(3);
    expect(harness.total('test/calls')).toBe(15);
  });

  test('points that are refused are counted by their status, and the others are written', async () => {
    const small = await startHarness({ maxSeriesPerResource: 2 });
    const { recorder, flush, stats } = small.openProcess();
    for (const status of ['a', 'b', 'c', 'd', 'e']) recorder.incrementCounter(CALLS, 1, { status });
    await flush();
    expect(stats()).toMatchObject({
      pointsWritten: 2,
      pointsRefused: { INVALID_ARGUMENT: 3 },
      failedRequests: 0,
      failedExports: 1,
    });
    expect(small.errors.join()).toContain('too many time series');
    await small.close();
  });

  test('a request that fails keeps no other from being written', async () => {
    const { recorder, flush, stats } = harness.openProcess();
    for (let n = 0; n < 450; n++) recorder.incrementCounter(CALLS, 1, { status: `s${n}` });
    harness.emulator.faults.set([{ kind: 'fail', rpc: 'CreateTimeSeries', times: 1 }]);
    await flush();
    expect(stats()).toMatchObject({ failedRequests: 1 });
    expect([250, 400]).toContain(harness.emulator.store.counts.pointsWritten);
    harness.clock.ms += 10_000;
    await flush();
    expect(harness.total('test/calls')).toBe(450);
    expect(refusals()).toEqual([]);
  });
});

describe('exactness', () => {
  test.each(['fail', 'apply-then-fail'] as const)(
    'a counter of three processes ends exact while every third request has the fault %s',
    async (kind) => {
      const processes = ['a', 'b', 'c'].map((instance) => harness.openProcess({ instance }));
      harness.emulator.faults.set([{ kind, every: 3 }]);
      for (let round = 0; round < 20; round++) {
        for (const { recorder } of processes) {
          for (let n = 0; n < 5_000; n++) {
            recorder.incrementCounter(CALLS, 1, { status: n % 2 === 0 ? 'ok' : 'error' });
            recorder.recordHistogram(DURATION, n % 200);
          }
        }
        await Promise.all(processes.map(({ flush }) => flush()));
        harness.clock.ms += 10_000;
      }
      await Promise.all(processes.map(({ close }) => close()));
      expect(harness.total('test/calls')).toBe(300_000);
      const distributions = pointsOf('test/duration').map((points) => points.at(-1)?.distribution);
      expect(distributions.map((each) => each?.count)).toEqual([100_000, 100_000, 100_000]);
      expect(refusals()).toEqual([]);
      expect(processes[0]!.stats().failedRequests).toBeGreaterThan(0);
    },
  );

  test('close writes what was recorded since the last point without waiting ten seconds, dated ahead', async () => {
    const { recorder, flush, close } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    recorder.setGauge(DEPTH, 1);
    harness.clock.ms += 60_000;
    await flush();
    recorder.incrementCounter(CALLS, 9);
    recorder.setGauge(DEPTH, 2);
    await close();
    const endMs = NOON + 70_000;
    expect(pointsOf('test/calls')[0]?.at(-1)).toEqual({ startMs: NOON, endMs, value: 10 });
    expect(pointsOf('test/depth')[0]?.at(-1)).toEqual({ startMs: endMs, endMs, value: 2 });
    expect(refusals()).toEqual([]);
  });

  test('an urgent flush waits for no interval either, and what comes later keeps its distance', async () => {
    const { recorder, flush, close, stats } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    await flush();
    recorder.incrementCounter(CALLS);
    await flush({ urgent: true });
    expect(harness.total('test/calls')).toBe(2);
    harness.clock.ms += 10_000;
    recorder.incrementCounter(CALLS);
    await flush();
    expect(stats().pointsDeferred).toBe(1);
    await close();
    expect(harness.total('test/calls')).toBe(3);
    expect(refusals()).toEqual([]);
  });

  test('close repeats what failed, each time dated later', async () => {
    const { recorder, close } = harness.openProcess();
    recorder.incrementCounter(CALLS, 9);
    harness.clock.ms += 60_000;
    harness.emulator.faults.set([{ kind: 'apply-then-fail', rpc: 'CreateTimeSeries', times: 3 }]);
    await close();
    const ends = pointsOf('test/calls')[0]?.map(({ endMs, value }) => [endMs - NOON, value]);
    expect(ends).toEqual([
      [60_000, 9],
      [70_000, 9],
      [80_000, 9],
      [90_000, 9],
    ]);
    expect(refusals()).toEqual([]);
  });

  test('close sends while the sending before hangs, and breaks no order', async () => {
    const { recorder, flush, close } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    harness.emulator.faults.set([{ kind: 'hang', rpc: 'CreateTimeSeries', times: 1 }]);
    const flushed = flush();
    recorder.incrementCounter(CALLS);
    await Promise.all([flushed, close()]);
    expect(harness.total('test/calls')).toBe(2);
    expect(refusals()).toEqual([]);
  });

  test('closing twice, and flushing after, are harmless', async () => {
    const { recorder, flush, close } = harness.openProcess();
    recorder.incrementCounter(CALLS);
    await Promise.all([close(), close(), flush()]);
    recorder.incrementCounter(CALLS);
    await flush();
    await close();
    expect(harness.total('test/calls')).toBe(1);
  });
});

describe('when nobody takes the metrics', () => {
  const lost = (endpoint: string, errors: unknown[]) =>
    createMetrics({
      config: {
        metricsExporter: 'cloud-monitoring',
        projectId: PROJECT,
        monitoringEndpoint: endpoint,
        metricIntervalMs: 3_600_000,
        otlpEndpoint: 'http://127.0.0.1:1',
        otlpHeaders: {},
        prometheusPort: 0,
      },
      resource: resourceFromAttributes({ 'service.name': 'api' }),
      onError: (error) => errors.push(error),
    });

  test.each(['an endpoint that is not there', 'an endpoint that never answers'])(
    'with %s flush and close resolve within seconds and say what failed',
    async (what) => {
      const errors: unknown[] = [];
      harness.emulator.faults.set([{ kind: 'hang' }]);
      const isThere = what === 'an endpoint that never answers';
      const { recorder, flush, close, stats } = lost(
        isThere ? harness.emulator.address : '127.0.0.1:1',
        errors,
      );
      recorder.incrementCounter(CALLS);
      const began = performance.now();
      await flush();
      await close();
      expect(performance.now() - began).toBeLessThan(15_000);
      expect(stats().failedExports).toBeGreaterThan(0);
      expect(stats().pointsWritten).toBe(0);
      expect(errors.length).toBeGreaterThan(0);
    },
  );

  test('recording under ever new labels keeps 2,000 sets and counts what is beyond', async () => {
    const errors: unknown[] = [];
    const { recorder, flush, close, stats } = lost('127.0.0.1:1', errors);
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 1_000; n++) {
        recorder.incrementCounter(CALLS, 1, { status: `s${round}-${n}` });
      }
      await flush();
    }
    expect(stats().overflowed).toBe(5_000 - 1_999);
    // Nothing was lost: all that is beyond is counted under one set, together with the others.
    await close();
  });

  test('what overflows is still counted, exactly, under one set of labels', async () => {
    const { recorder, flush } = harness.openProcess();
    for (let n = 0; n < 3_000; n++) recorder.incrementCounter(CALLS, 1, { status: `s${n}` });
    await flush();
    expect(harness.total('test/calls')).toBe(3_000);
    const overflow = { labels: { otel_metric_overflow: 'true' } };
    expect(harness.emulator.store.series(overflow)[0]?.points).toMatchObject([{ value: 1_001 }]);
    expect(harness.emulator.store.series()).toHaveLength(2_000);
  });
});

test.each([Number.MAX_SAFE_INTEGER, 2 ** 60])(
  'the whole number %d is written to the last digit',
  async (value) => {
    const money = defineMetric({
      ...DEPTH,
      name: 'test/money',
      unit: '{nUSD}',
      description: 'Money.',
    });
    const { recorder, flush } = harness.openProcess();
    recorder.setGauge(money, value);
    await flush();
    expect(pointsOf('test/money')).toMatchObject([[{ value }]]);
  },
);
