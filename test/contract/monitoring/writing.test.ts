import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  at,
  counter,
  distribution,
  gauge,
  type Harness,
  NAME,
  NOON,
  startHarness,
  TASK,
  type TimeSeries,
} from './harness.ts';

const INVALID_ARGUMENT = 3;
let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

const TYPE = 'custom.googleapis.com/agentworks/gauge';
const PREFIX = `One or more TimeSeries could not be written: timeSeries[0] (metric.type="${TYPE}", metric.labels={}): `;
const options = (bucketOptions: object) => distribution({ bucketOptions });

const refused: [string, TimeSeries[], string][] = [
  [
    'more than 200 series',
    Array.from({ length: 201 }, (_, n) => gauge({ metric: `gauge/${n}` })),
    'Field timeSeries had an invalid value: A maximum of 200 TimeSeries can be written in a single request.',
  ],
  ['no series', [], 'Request was missing field timeSeries.'],
  [
    'a gauge that starts before it ends',
    [
      gauge(
        {},
        {
          points: [
            {
              interval: { startTime: at(NOON - 1_500), endTime: at(NOON) },
              value: { doubleValue: 1 },
            },
          ],
        },
      ),
    ],
    `${PREFIX}Field timeSeries[0].points[0].interval.start_time had an invalid value of "2026-11-20T03:59:58.500-08:00": The start time must be equal to the end time (2026-11-20T04:00:00-08:00) for the gauge metric '${TYPE}'.`,
  ],
  [
    'a counter that starts when it ends',
    [counter({ startMs: NOON })],
    `Field timeSeries[0].points[0].interval.start_time had an invalid value of "2026-11-20T04:00:00-08:00": The start time must be before the end time (2026-11-20T04:00:00-08:00) for the non-gauge metric 'custom.googleapis.com/agentworks/counter'.`,
  ],
  [
    'a counter without a start',
    [counter({}, { points: [{ interval: { endTime: at(NOON) }, value: { int64Value: 1 } }] })],
    'The start time must be before the end time (2026-11-20T04:00:00-08:00) for the non-gauge metric',
  ],
  [
    'a point of more than 25 h and 10 s ago',
    [gauge({ endMs: NOON - 25 * 3_600_000 - 11_000 })],
    'Field timeSeries[0].points[0].interval.end_time had an invalid value of "2026-11-19T02:59:49-08:00": Data points cannot be written more than 25h10s in the past.',
  ],
  [
    'a point of more than 5 minutes ahead',
    [gauge({ endMs: NOON + 301_000 })],
    'Field timeSeries[0].points[0].interval.end_time had an invalid value of "2026-11-20T04:05:01-08:00": Data points cannot be written more than 5m in the future.',
  ],
  [
    'a point without an end',
    [gauge({}, { points: [{ interval: {}, value: { doubleValue: 1 } }] })],
    'Request was missing field timeSeries[0].points[0].interval.end_time.',
  ],
  [
    "Cloud Run's own resource type",
    [gauge({}, { resource: { type: 'cloud_run_revision', labels: { service_name: 'api' } } })],
    'Metrics cannot be written to cloud_run_revision. See https://cloud.google.com/monitoring/custom-metrics/creating-metrics#which-resource for a list of writable resource types.',
  ],
  [
    'a resource without all of its labels',
    [gauge({}, { resource: { type: 'generic_task', labels: { location: 'x', job: 'api' } } })],
    'The set of resource labels is incomplete. Missing labels: (namespace task_id).',
  ],
  [
    'a resource with a label it does not have',
    [gauge({}, { resource: { type: 'global', labels: { pod: 'x' } } })],
    'Field timeSeries[0].resource.labels had an invalid value of "pod":',
  ],
  [
    'more than 30 labels',
    [
      gauge({
        labels: Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`label_${n}`, 'x'])),
      }),
    ],
    `The new labels would cause the metric ${TYPE} to have over 30 labels.`,
  ],
  [
    'a label key with a dot',
    [gauge({ labels: { 'http.host': 'x' } })],
    'Field timeSeries[0].metric.labels had an invalid value of "http.host": Label key contains invalid characters.',
  ],
  [
    'a label key of more than 100 characters',
    [gauge({ labels: { ['k'.repeat(101)]: 'x' } })],
    'Label key must not be longer than 100 characters.',
  ],
  [
    'a label value of more than 1,024 characters',
    [gauge({ labels: { region: 'x'.repeat(1_025) } })],
    "The value of label 'region' must not be longer than 1024 characters.",
  ],
  [
    'a metric type with a colon',
    [gauge({ metric: 'rate:1m' })],
    'Field timeSeries[0].metric.type had an invalid value of "custom.googleapis.com/agentworks/rate:1m": The metric type must be a URL-formatted string with a domain and non-empty path.',
  ],
  [
    "one of Google's own metrics",
    [gauge({}, { metric: { type: 'run.googleapis.com/request_count' } })],
    'Field timeSeries[0].metric.type had an invalid value of "run.googleapis.com/request_count"',
  ],
  [
    'a string',
    [gauge({}, { points: [{ interval: { endTime: at(NOON) }, value: { stringValue: 'x' } }] })],
    `Value type for metric ${TYPE} must be`,
  ],
  [
    'a delta',
    [counter({}, { metricKind: 'DELTA' })],
    'Metric kind for metric custom.googleapis.com/agentworks/counter must be GAUGE or CUMULATIVE, but is DELTA.',
  ],
  [
    'two points of one series',
    [
      gauge(
        {},
        {
          points: [
            { interval: { endTime: at(NOON) }, value: { doubleValue: 1 } },
            { interval: { endTime: at(NOON - 60_000) }, value: { doubleValue: 1 } },
          ],
        },
      ),
    ],
    'A TimeSeries must have exactly one point, not 2.',
  ],
  [
    'a value of another type than it says',
    [gauge({}, { valueType: 'INT64' })],
    'Field timeSeries[0].value_type had an invalid value of "INT64": The point\'s value is DOUBLE.',
  ],
  [
    'a distribution without bounds',
    [options({ explicitBuckets: { bounds: [] } })],
    'Field timeSeries[0].points[0].distributionValue had an invalid value: Distribution |explicit_buckets.bounds| does not have at least one entry.',
  ],
  [
    'a distribution whose bounds do not increase',
    [options({ explicitBuckets: { bounds: [1, 1] } })],
    'Distribution |explicit_buckets.bounds| are not increasing: entry 1 is 1, after 1.',
  ],
  [
    'a distribution with more counts than buckets',
    [distribution({ bucketCounts: [1, 1, 1, 0] })],
    'Distribution value has 4 |bucket_counts| fields, which is more than the 3 buckets allowed by the bucketing options.',
  ],
  [
    'a distribution whose buckets hold another count',
    [distribution({ count: 0, mean: 0, sumOfSquaredDeviation: 0, bucketCounts: [1] })],
    'Distribution value has |bucket_counts| fields that sum to 1 which does not equal the |count| field value of 0.',
  ],
  [
    'an empty distribution with a mean',
    [distribution({ count: 0, bucketCounts: [] })],
    'Distribution |mean| field must be 0 when |count| is 0, not 4.',
  ],
  [
    'an empty distribution with a range',
    [
      distribution({
        count: 0,
        mean: 0,
        sumOfSquaredDeviation: 0,
        bucketCounts: [],
        range: { min: 1, max: 2 },
      }),
    ],
    'Distribution |range| field must not be set when |count| is 0.',
  ],
  [
    'an exponential distribution that does not grow',
    [options({ exponentialBuckets: { numFiniteBuckets: 2, growthFactor: 1, scale: 1 } })],
    'Distribution |exponential_buckets.growth_factor| must be greater than 1.',
  ],
  [
    'an exponential distribution without a scale',
    [options({ exponentialBuckets: { numFiniteBuckets: 2, growthFactor: 2, scale: 0 } })],
    'Distribution |exponential_buckets.scale| must be greater than 0.',
  ],
  [
    'a linear distribution without buckets',
    [options({ linearBuckets: { numFiniteBuckets: 0, width: 1, offset: 0 } })],
    'Distribution |linear_buckets.num_finite_buckets| must be greater than 0.',
  ],
];

test.each(refused)('refuses %s and stores nothing', async (_, series, text) => {
  const error = await harness.write(...series);
  expect(error).toMatchObject({
    code: INVALID_ARGUMENT,
    details: expect.stringContaining(text),
  });
  expect(harness.emulator.store.series()).toEqual([]);
  expect(harness.emulator.store.refusals).toMatchObject([{ count: 1 }]);
});

test('takes 200 series, counters and distributions of every bucketing, and shows them readably', async () => {
  const many = Array.from({ length: 195 }, (_, n) => gauge({ metric: `many/${n}` }));
  const error = await harness.write(
    ...many,
    counter({ value: 7 }),
    distribution(),
    distribution({ bucketCounts: [3] }, 'trailing'),
    distribution(
      { bucketOptions: { linearBuckets: { numFiniteBuckets: 2, width: 5, offset: 0 } } },
      'linear',
    ),
    distribution(
      {
        bucketOptions: {
          exponentialBuckets: { numFiniteBuckets: 1, growthFactor: 10, scale: 1 },
        },
      },
      'exponential',
    ),
  );
  expect(error).toBeUndefined();
  const { store } = harness.emulator;
  expect(store.counts).toEqual({ requests: 1, pointsWritten: 200, pointsRefused: 0 });
  expect(store.refusals).toEqual([]);
  const prefix = 'custom.googleapis.com/agentworks/';
  expect(store.series({ metricType: `${prefix}counter` })).toEqual([
    {
      metricType: `${prefix}counter`,
      kind: 'CUMULATIVE',
      valueType: 'INT64',
      unit: '',
      description: 'Auto-created custom metric.',
      labels: {},
      resourceType: 'generic_task',
      resourceLabels: { project_id: 'contract-tests', ...TASK.labels },
      points: [{ startMs: NOON - 60_000, endMs: NOON, value: 7 }],
    },
  ]);
  const distributionOf = (name: string) =>
    store.series({ metricType: prefix + name })[0]!.points[0]!.distribution;
  expect(distributionOf('distribution')).toEqual({
    count: 3,
    mean: 4,
    sumOfSquaredDeviation: 2,
    bounds: [1, 10],
    bucketCounts: [1, 2, 0],
  });
  expect(distributionOf('trailing')).toMatchObject({ bucketCounts: [3, 0, 0] });
  expect(distributionOf('linear')).toMatchObject({
    bounds: [0, 5, 10],
    bucketCounts: [1, 2, 0, 0],
  });
  expect(distributionOf('exponential')).toMatchObject({ bounds: [1, 10] });
});

describe('of a request that is partly wrong', () => {
  test('the good points persist, and the error carries a summary that the client decodes', async () => {
    const error = await harness.write(
      gauge({ metric: 'good' }),
      gauge({ metric: 'bad', labels: { 'a.b': 'x' } }),
      counter({ metric: 'late', startMs: NOON }),
      counter({ metric: 'fine' }),
    );
    expect(error?.summary).toEqual({
      totalPointCount: 4,
      successPointCount: 2,
      errors: [{ status: { code: INVALID_ARGUMENT }, pointCount: 2 }],
    });
    const written = harness.emulator.store.series().map(({ metricType }) => metricType);
    expect(written).toEqual([
      'custom.googleapis.com/agentworks/good',
      'custom.googleapis.com/agentworks/fine',
    ]);
  });

  test('a series that comes twice is written once', async () => {
    const error = await harness.write(gauge(), gauge({ endMs: NOON + 60_000 }));
    expect(error?.details).toContain(
      'Field timeSeries[1] had an invalid value: Duplicate TimeSeries encountered. Only one point can be written per TimeSeries per request.',
    );
    expect(error?.summary).toMatchObject({ totalPointCount: 2, successPointCount: 1 });
    expect(harness.emulator.store.series()[0]!.points).toHaveLength(1);
  });

  test('label order does not make another series, nor does a label without a value', async () => {
    const error = await harness.write(
      gauge({ labels: { a: '1', b: '2', c: '' } }),
      gauge({ labels: { b: '2', a: '1' } }),
    );
    expect(error?.details).toContain('Duplicate TimeSeries');
  });

  test('those refused in the same words are named together', async () => {
    const resource = { type: 'cloud_function', labels: {} };
    const error = await harness.write(
      gauge({ metric: 'a', labels: { x: '1', y: '2' } }, { resource }),
      gauge({ metric: 'b' }, { resource }),
      gauge(),
      gauge({ metric: 'd' }, { resource }),
    );
    expect(error?.details).toContain(
      'One or more TimeSeries could not be written: timeSeries[0-1,3] (example metric.type="custom.googleapis.com/agentworks/a", metric.labels={"x": "1", "y": "2"}): Metrics cannot be written to cloud_function.',
    );
  });

  test('200 refusals in 200 different words still reach the client', async () => {
    const series = Array.from({ length: 200 }, (_, n) =>
      gauge({ metric: `m/${n}`, labels: { 'a.b': 'x'.repeat(500) } }),
    );
    const error = await harness.write(...series);
    expect(error?.code).toBe(INVALID_ARGUMENT);
    expect(error?.summary).toMatchObject({ totalPointCount: 200, successPointCount: 0 });
  });
});

describe('the points of a series', () => {
  test('keep ten seconds apart', async () => {
    await harness.write(gauge());
    const early = await harness.write(gauge({ endMs: NOON + 9_999 }));
    expect(early?.code).toBe(INVALID_ARGUMENT);
    expect(early?.details).toBe(
      `${PREFIX}write for resource=generic_task{location:europe-west1,namespace:test,job:api,task_id:one} failed with: One or more points were written more frequently than the maximum sampling period configured for the metric. ` +
        `{Metric: ${TYPE}, Timestamps: {Youngest Existing: '2026/11/20-04:00:00.000', New: '2026/11/20-04:00:09.999'}}`,
    );
    expect(await harness.write(gauge({ endMs: NOON + 10_000 }))).toBeUndefined();
  });

  test('come in order', async () => {
    await harness.write(gauge());
    for (const endMs of [NOON, NOON - 60_000]) {
      expect((await harness.write(gauge({ endMs })))?.details).toContain(
        'Points must be written in order. One or more of the points specified had an older end time than the most recent point.',
      );
    }
  });

  test('of a counter keep their start, until it begins anew after all that was counted', async () => {
    const older =
      'Points must be written in order. One or more of the points specified had an older start time than the most recent point.';
    const startMs = NOON - 3_600_000;
    harness.clock.ms = NOON + 120_000;
    expect(await harness.write(counter({ startMs, endMs: NOON }))).toBeUndefined();
    const next = { endMs: NOON + 60_000 };
    const overlapping = [startMs - 1, startMs + 1, NOON - 1, NOON];
    for (const start of overlapping) {
      const error = await harness.write(counter({ startMs: start, ...next }));
      expect(error?.details).toContain(older);
    }
    expect(await harness.write(counter({ startMs: NOON + 1, ...next }))).toBeUndefined();
    const again = await harness.write(counter({ startMs, endMs: NOON + 120_000 }));
    expect(again?.details).toContain(older);
  });

  test('of two writers with one identity are refused', async () => {
    await harness.write(counter({ startMs: NOON - 600_000, endMs: NOON - 60_000 }));
    const other = await harness.write(counter({ startMs: NOON - 500_000, endMs: NOON }));
    expect(other?.details).toContain('older start time than the most recent point');
  });

  test('are kept for a day and no more than were asked for', async () => {
    const small = await startHarness({ maxPointsPerSeries: 3 });
    for (let n = 0; n < 5; n += 1) {
      small.clock.ms = NOON + n * 60_000;
      expect(await small.write(gauge({ endMs: small.clock.ms }))).toBeUndefined();
    }
    const ends = () => small.emulator.store.series()[0]?.points.map(({ endMs }) => endMs);
    expect(ends()).toEqual([2, 3, 4].map((n) => NOON + n * 60_000));
    small.clock.ms = NOON + 24 * 3_600_000 + 3 * 60_000;
    await small.write(gauge({ metric: 'other', endMs: small.clock.ms }));
    expect(ends()).toEqual([NOON + 3 * 60_000, NOON + 4 * 60_000]);
    small.clock.ms += 24 * 3_600_000;
    await small.write(gauge({ metric: 'other', endMs: small.clock.ms }));
    expect(small.emulator.store.series({ metricType: TYPE })).toEqual([]);
    await small.close();
  });
});

test('a resource with too many series gets no new one, until old ones have gone silent for a day', async () => {
  const small = await startHarness({ maxSeriesPerResource: 2 });
  expect(await small.write(gauge({ metric: 'a' }), gauge({ metric: 'b' }))).toBeUndefined();
  const third = await small.write(
    gauge({ metric: 'c' }),
    gauge({ metric: 'a', endMs: NOON + 60_000 }),
  );
  expect(third?.details).toContain('Monitored resource has too many time series (custom metrics).');
  expect(third?.summary).toMatchObject({ totalPointCount: 2, successPointCount: 1 });
  const elsewhere = { type: 'generic_task', labels: { ...TASK.labels, task_id: 'two' } };
  expect(await small.write(gauge({ metric: 'c' }, { resource: elsewhere }))).toBeUndefined();
  small.clock.ms = NOON + 25 * 3_600_000;
  await small.write(gauge({ metric: 'a', endMs: small.clock.ms }));
  expect(await small.write(gauge({ metric: 'c', endMs: small.clock.ms }))).toBeUndefined();
  await small.close();
});

test('a metric keeps the kind and the value type it began with', async () => {
  await harness.write(gauge());
  const kind = await harness.write(
    counter({ metric: 'gauge', endMs: NOON }, { metricKind: 'CUMULATIVE' }),
  );
  expect(kind?.details).toContain(
    `Metric kind for metric ${TYPE} must be GAUGE, but is CUMULATIVE.`,
  );
  const points = [{ interval: { endTime: at(NOON) }, value: { int64Value: 1 } }];
  const type = await harness.write(gauge({}, { points }));
  expect(type?.details).toContain(`Value type for metric ${TYPE} must be DOUBLE, but is INT64.`);
});

test('another project is denied, and RPCs that are not there are UNIMPLEMENTED by name', async () => {
  await expect(
    harness.client.createTimeSeries({ name: 'projects/other', timeSeries: [gauge()] }),
  ).rejects.toMatchObject({ code: 7 });
  await expect(
    harness.client.createServiceTimeSeries({ name: NAME, timeSeries: [gauge()] }),
  ).rejects.toMatchObject({
    code: 12,
    details: expect.stringContaining('CreateServiceTimeSeries'),
  });
});

test('what was refused is counted per rule, the newest words kept', async () => {
  await harness.write(gauge());
  for (const ahead of [1_000, 2_000, 3_000]) await harness.write(gauge({ endMs: NOON + ahead }));
  await harness.write(gauge({ labels: { 'a.b': 'c' } }));
  expect(harness.emulator.store.refusals).toMatchObject([
    { rule: 'sampling-period', count: 3, message: expect.stringContaining('04:00:03.000') },
    { rule: 'label-key', count: 1 },
  ]);
});
