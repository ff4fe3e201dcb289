import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { at, counter, gauge, type Harness, NAME, NOON, startHarness, TASK } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
  for (let n = 0; n < 3; n += 1) {
    const endMs = NOON + n * 60_000;
    harness.clock.ms = endMs;
    await harness.write(
      gauge({ labels: { region: 'eu' }, endMs }),
      gauge({ labels: { region: 'us' }, endMs }),
      counter({ startMs: NOON - 60_000, endMs, value: 9_007_199_254_740_991 }),
    );
  }
});
afterAll(() => harness.close());

const TYPE = 'custom.googleapis.com/agentworks/gauge';
const interval = { startTime: at(NOON), endTime: at(NOON + 3_600_000) };
const list = (filter: string, more: object = {}) =>
  harness.client.listTimeSeries(
    { name: NAME, filter, interval, view: 'FULL', ...more },
    { autoPaginate: false },
  );

describe('listing series', () => {
  test('gives the newest points first, of the labels asked for', async () => {
    const [series] = await list(
      `metric.type = "${TYPE}" AND metric.labels.region="eu" AND resource.type = generic_task AND resource.labels.job = "api"`,
    );
    expect(series).toHaveLength(1);
    expect(series[0]).toMatchObject({
      metric: { type: TYPE, labels: { region: 'eu' } },
      resource: { type: 'generic_task', labels: TASK.labels },
      metricKind: 'GAUGE',
      valueType: 'DOUBLE',
    });
    const ends = series[0]!.points!.map(({ interval: i }) => Number(i!.endTime!.seconds) * 1000);
    expect(ends).toEqual([NOON + 120_000, NOON + 60_000, NOON]);
  });

  test('gives integers exactly', async () => {
    const [series] = await list('metric.type="custom.googleapis.com/agentworks/counter"');
    expect(String(series[0]!.points![0]!.value!.int64Value)).toBe('9007199254740991');
  });

  test.each([
    ['metric.labels.region != "eu"', ['us']],
    ['metric.labels.region = starts_with("u")', ['us']],
    ['metric.label.region = "nowhere"', []],
  ])('understands %s', async (condition, regions) => {
    const [series] = await list(`metric.type = "${TYPE}" ${condition}`);
    expect(series.map(({ metric }) => metric!.labels!.region)).toEqual(regions);
  });

  test('takes only points that end within the interval', async () => {
    const early = { startTime: at(NOON - 1), endTime: at(NOON + 60_000) };
    const [series] = await list(`metric.type = "${TYPE}"`, { interval: early });
    expect(series.map(({ points }) => points!.length)).toEqual([2, 2]);
    const [none] = await list(`metric.type = "${TYPE}"`, {
      interval: { startTime: at(NOON + 1), endTime: at(NOON + 2) },
    });
    expect(none).toEqual([]);
  });

  test('pages by points, and by series where only headers are asked for', async () => {
    const sizes: number[] = [];
    let pageToken: string | undefined;
    do {
      const answer = await list(`metric.type = "${TYPE}"`, { pageSize: 4, pageToken });
      sizes.push(answer[0].reduce((sum, { points }) => sum + points!.length, 0));
      pageToken = answer[2]?.nextPageToken || undefined;
    } while (pageToken !== undefined);
    expect(sizes).toEqual([4, 2]);
    const [headers] = await list(`metric.type = "${TYPE}"`, { view: 'HEADERS', pageSize: 1 });
    expect(headers).toMatchObject([{ points: [] }]);
  });

  test.each([
    ['metric.labels.region = "eu"', {}, 3, 'must specify a single metric type'],
    [
      `metric.type = "${TYPE}" OR metric.type = "x"`,
      {},
      3,
      '\'OR metric.type = "x"\' is not supported',
    ],
    [`metric.type = monitoring.regex.full_match("a.*")`, {}, 3, 'is not supported'],
    [
      `metric.type = "${TYPE}" AND metadata.user_labels.a = "b"`,
      {},
      3,
      "'metadata.user_labels.a' is not supported",
    ],
    [
      `metric.type = "${TYPE}"`,
      { aggregation: { perSeriesAligner: 'ALIGN_RATE' } },
      12,
      'ALIGN_RATE is not supported',
    ],
    [
      'metric.type = "custom.googleapis.com/nothing"',
      {},
      5,
      'Cannot find metric(s) that match type = "custom.googleapis.com/nothing".',
    ],
  ])('refuses %s %j', async (filter, more, code, text) => {
    await expect(list(filter, more)).rejects.toMatchObject({
      code,
      details: expect.stringContaining(text),
    });
  });
});

describe('metric descriptors', () => {
  const type = 'custom.googleapis.com/agentworks/made';
  const descriptor = {
    type,
    metricKind: 'CUMULATIVE' as const,
    valueType: 'INT64' as const,
    unit: '{run}',
    description: 'Runs.',
    displayName: 'Runs',
    labels: [{ key: 'outcome', description: 'ok or error' }],
  };

  test('are made once, widened by new labels, and never lose one', async () => {
    const [made] = await harness.client.createMetricDescriptor({
      name: NAME,
      metricDescriptor: descriptor,
    });
    expect(made).toMatchObject({ name: `${NAME}/metricDescriptors/${type}`, unit: '{run}' });
    await harness.write(counter({}, { metric: { type, labels: { region: 'eu' } } }));
    await harness.client.createMetricDescriptor({
      name: NAME,
      metricDescriptor: { ...descriptor, description: 'All runs.', labels: [] },
    });
    const [found] = await harness.client.getMetricDescriptor({ name: made.name });
    expect(found).toMatchObject({ description: 'All runs.', displayName: 'Runs' });
    expect(found.labels!.map(({ key }) => key).sort()).toEqual(['outcome', 'region']);
    expect(harness.emulator.store.series({ metricType: type })).toMatchObject([
      { unit: '{run}', kind: 'CUMULATIVE', labels: { region: 'eu' } },
    ]);
  });

  test('are found by what their type starts with', async () => {
    const filter = 'metric.type = starts_with("custom.googleapis.com/agentworks/g")';
    const [found] = await harness.client.listMetricDescriptors({ name: NAME, filter });
    expect(found.map((each) => each.type)).toEqual([TYPE]);
  });

  test.each([
    [{ metricKind: 'GAUGE' }, 'Field metricKind had an invalid value of "GAUGE"'],
    [{ valueType: 'DOUBLE' }, 'Field valueType had an invalid value of "DOUBLE"'],
    [{ valueType: 'STRING' }, 'Field valueType had an invalid value of "STRING"'],
    [{ type: 'nonsense' }, 'must be a URL-formatted string with a domain and non-empty path'],
    [{ labels: [{ key: 'a b' }] }, 'Field labels[0].key had an invalid value of "a b"'],
    [
      { labels: Array.from({ length: 31 }, (_, n) => ({ key: `l${n}` })) },
      `Field labels had an invalid value: When creating metric ${type}: the metric has more than 30 labels.`,
    ],
  ])('are refused with %j', async (change, text) => {
    await expect(
      harness.client.createMetricDescriptor({
        name: NAME,
        metricDescriptor: { ...descriptor, ...(change as object) },
      }),
    ).rejects.toMatchObject({ code: 3, details: expect.stringContaining(text) });
  });

  test('take their points along when deleted', async () => {
    const name = `${NAME}/metricDescriptors/custom.googleapis.com/agentworks/doomed`;
    await harness.write(gauge({ metric: 'doomed', endMs: NOON }));
    await harness.client.deleteMetricDescriptor({ name });
    await expect(harness.client.getMetricDescriptor({ name })).rejects.toMatchObject({
      code: 5,
      details: "Could not find descriptor for metric 'custom.googleapis.com/agentworks/doomed'.",
    });
    await expect(harness.client.deleteMetricDescriptor({ name })).rejects.toMatchObject({
      code: 5,
    });
  });
});

test('the writable resource types are listed with their labels', async () => {
  const [found] = await harness.client.listMonitoredResourceDescriptors({ name: NAME });
  const task = found.find(({ type }) => type === 'generic_task');
  expect(task!.labels!.map(({ key }) => key)).toEqual([
    'project_id',
    'location',
    'namespace',
    'job',
    'task_id',
  ]);
});
