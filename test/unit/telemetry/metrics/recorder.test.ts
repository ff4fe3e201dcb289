import { expect, test } from '@jest/globals';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  defineMetric,
  type MetricDefinition,
} from '../../../../src/telemetry/metrics/definition.ts';
import { createRecorder } from '../../../../src/telemetry/metrics/recorder.ts';

const CALLS = defineMetric({
  name: 'test/calls',
  kind: 'counter',
  valueType: 'int',
  unit: '{call}',
  description: 'Calls.',
  labels: ['provider', 'status'],
});
const SHARE = defineMetric({
  ...CALLS,
  name: 'test/share',
  kind: 'gauge',
  valueType: 'double',
  unit: '1',
});
const DURATION = defineMetric({
  ...CALLS,
  name: 'test/duration',
  kind: 'histogram',
  valueType: 'double',
  unit: 'ms',
  boundaries: [1, 10],
});

function openRecorder() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const warnings: string[] = [];
  const { recorder, stats, definitionOf } = createRecorder({
    meter: provider.getMeter('test'),
    onError: (error) => warnings.push(String(error)),
    flush: async () => undefined,
  });
  return {
    recorder,
    stats,
    definitionOf,
    warnings,
    /** Every point as `[name, labels, value]`. */
    async points() {
      exporter.reset();
      await provider.forceFlush();
      return exporter
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
        .flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => [descriptor.name, attributes, value]),
        );
    },
    close: () => provider.shutdown(),
  };
}

test('counters add up, gauges keep the last value, histograms count: by the kind of the metric or by its call', async () => {
  const { recorder, points, stats, close } = openRecorder();
  recorder.incrementCounter(CALLS);
  recorder.incrementCounter(CALLS, 4);
  recorder.recordBusinessMetric(CALLS, 5, { status: 'ok' });
  recorder.setGauge(SHARE, 0.5);
  recorder.recordSystemMetric(SHARE, 0.25);
  recorder.recordHistogram(DURATION, 5);
  recorder.recordPerformanceMetric(DURATION, 50);
  recorder.recordMetrics([
    { metric: CALLS, value: 10 },
    { metric: SHARE, value: 0.75 },
  ]);
  expect(await points()).toEqual([
    ['agentworks/test/calls', {}, 15],
    ['agentworks/test/calls', { status: 'ok' }, 5],
    ['agentworks/test/share', {}, 0.75],
    [
      'agentworks/test/duration',
      {},
      expect.objectContaining({
        count: 2,
        sum: 55,
        buckets: { boundaries: [1, 10], counts: [0, 1, 1] },
      }),
    ],
  ]);
  expect(stats()).toEqual({ refused: 0, overflowed: 0 });
  await close();
});

const unknownLabel = { tenant: 'acme' } as unknown as { status: string };
test.each<[string, (open: ReturnType<typeof openRecorder>) => void, string]>([
  ['no number', ({ recorder }) => recorder.incrementCounter(CALLS, Number.NaN), 'finite'],
  ['infinity', ({ recorder }) => recorder.setGauge(SHARE, Number.POSITIVE_INFINITY), 'finite'],
  ['text', ({ recorder }) => recorder.setGauge(SHARE, '1' as unknown as number), 'finite'],
  ['less than nothing counted', ({ recorder }) => recorder.incrementCounter(CALLS, -1), 'negative'],
  ['a negative duration', ({ recorder }) => recorder.recordHistogram(DURATION, -1), 'negative'],
  ['a part of a whole', ({ recorder }) => recorder.incrementCounter(CALLS, 1.5), 'whole'],
  [
    'an unknown label',
    ({ recorder }) => recorder.incrementCounter(CALLS, 1, unknownLabel),
    'labels',
  ],
  ['the call of another kind', ({ recorder }) => recorder.setGauge(CALLS, 1), 'it is a counter'],
])('%s is refused, counted and warned of once', async (_, record, reason) => {
  const open = openRecorder();
  for (let n = 0; n < 3; n++) record(open);
  expect(open.stats().refused).toBe(3);
  expect(open.warnings).toEqual([expect.stringContaining(reason)]);
  expect(await open.points()).toEqual([]);
  await open.close();
});

test('an unknown label is refused also beside known ones and after the known ones were recorded', async () => {
  const { recorder, stats, points, close } = openRecorder();
  recorder.incrementCounter(CALLS, 1, { status: 'ok', provider: 'openai' });
  const labels = { status: 'ok', provider: 'openai', user: 'jo' };
  recorder.incrementCounter(CALLS, 1, labels as object);
  recorder.incrementCounter(CALLS, 1, {
    status: 'ok',
    provider: 'openai',
    user: undefined,
  } as object);
  expect(stats().refused).toBe(2);
  expect(await points()).toHaveLength(1);
  await close();
});

test('label values cannot be taken for others, whatever characters they hold', async () => {
  const { recorder, points, close } = openRecorder();
  const texts = ['', 'a', 'a,b', 'b', '\u0000', 'a\u0000b', '","'];
  for (const provider of texts) {
    for (const status of texts) recorder.incrementCounter(CALLS, 1, { provider, status });
  }
  const found = await points();
  expect(found).toHaveLength(texts.length ** 2);
  expect(found.every(([, , value]) => value === 1)).toBe(true);
  await close();
});

test('a name belongs to the definition that came first; the same definition again is no other', async () => {
  const { recorder, stats, definitionOf, points, close } = openRecorder();
  recorder.incrementCounter(CALLS);
  recorder.incrementCounter({ ...CALLS });
  recorder.incrementCounter({ ...CALLS, unit: 'By' });
  expect(stats().refused).toBe(1);
  expect(await points()).toEqual([['agentworks/test/calls', {}, 2]]);
  expect(definitionOf('agentworks/test/calls')?.unit).toBe('{call}');
  expect(definitionOf('test/calls')).toBeUndefined();
  await close();
});

test('definitions made without end are refused after the first thousand', async () => {
  const { recorder, stats, warnings, points, close } = openRecorder();
  for (let n = 0; n < 3_000; n++) recorder.incrementCounter({ ...CALLS, name: `test/n${n}` });
  expect(stats().refused).toBe(2_000);
  expect(warnings.length).toBeLessThanOrEqual(1_001);
  expect(await points()).toHaveLength(1_000);
  await close();
});

test('sets of label values stay at 2,000 however many intervals bring new ones', async () => {
  const { recorder, stats, warnings, points, close } = openRecorder();
  for (let interval = 0; interval < 4; interval++) {
    for (let n = 0; n < 1_000; n++) {
      recorder.incrementCounter(CALLS, 1, { provider: `p${interval}`, status: `s${n}` });
    }
    await points();
  }
  const found = await points();
  expect(found).toHaveLength(2_000);
  expect(found.reduce((sum, [, , value]) => sum + Number(value), 0)).toBe(4_000);
  expect(stats().overflowed).toBe(2_001);
  expect(warnings).toHaveLength(1);
  await close();
});

test('a definition that is broken at run time does no harm', async () => {
  const { recorder, stats, close } = openRecorder();
  const broken = { name: 'x', kind: 'counter' } as unknown as MetricDefinition;
  expect(() => recorder.incrementCounter(broken)).not.toThrow();
  expect(stats().refused).toBe(1);
  await close();
});
