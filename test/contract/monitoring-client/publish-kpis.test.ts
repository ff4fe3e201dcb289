import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { publishKpis } from '../../../src/telemetry/business/publish-kpis.ts';
import type { MetricsOptions } from '../../../src/telemetry/metrics/metrics.ts';
import { DEPTH, type Harness, PROJECT, startHarness, TYPE } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

const records = (value: number) => [
  { metric: DEPTH, value, labels: { status: 'ok' } },
  { metric: DEPTH, value: value + 1, labels: { status: 'error' } },
];

/** Publishes as a process with this instance id does. */
function publish(value: number, instance: string, changes: Partial<MetricsOptions['config']> = {}) {
  return publishKpis(records(value), {
    config: {
      metricsExporter: 'cloud-monitoring',
      projectId: PROJECT,
      monitoringEndpoint: harness.emulator.address,
      metricIntervalMs: 3_600_000,
      otlpEndpoint: 'http://127.0.0.1:1',
      otlpHeaders: {},
      prometheusPort: 0,
      ...changes,
    },
    resource: resourceFromAttributes({
      'service.name': 'publish-business-metrics',
      'service.instance.id': instance,
    }),
    now: () => harness.clock.ms,
  });
}

const seriesOf = () => harness.emulator.store.series({ metricType: TYPE + DEPTH.name });

test('every gauge is one series for good, whichever instance tells it', async () => {
  await publish(1, 'one');
  harness.clock.ms += 60_000;
  await publish(5, 'two');
  const series = seriesOf();
  expect(series).toHaveLength(2);
  for (const { points } of series) expect(points).toHaveLength(2);
  expect(harness.total(DEPTH.name)).toBe(5 + 6);
});

test('gauges that come again within ten seconds are refused, said so, and harm nothing', async () => {
  await publish(1, 'one');
  harness.clock.ms += 5_000;
  await expect(publish(2, 'two')).rejects.toMatchObject({ code: 'not_published', retryable: true });
  expect(harness.total(DEPTH.name)).toBe(1 + 2);
  harness.clock.ms += 5_000;
  await publish(3, 'one');
  expect(harness.total(DEPTH.name)).toBe(3 + 4);
});

test('where Cloud Monitoring is away it is said', async () => {
  const away = { monitoringEndpoint: '127.0.0.1:1' };
  await expect(publish(1, 'one', away)).rejects.toMatchObject({ code: 'not_published' });
});

test('metrics that go nowhere are a mistake of the configuration', async () => {
  await expect(publish(1, 'one', { metricsExporter: 'none' })).rejects.toMatchObject({
    code: 'invalid_configuration',
  });
});
