import { describe, expect, test } from '@jest/globals';
import type { Asks } from '../../../src/analysis/anomalies/detect.ts';
import { detectLogVolumeAnomalies } from '../../../src/analysis/anomalies/log-volume-anomalies.ts';
import { detectMetricAnomalies } from '../../../src/analysis/anomalies/metric-anomalies.ts';
import type { QueryRequest } from '../../../src/cloud/bigquery.ts';

/** A warehouse that answers with these rows, and what it was asked. */
function answering(...rows: object[]) {
  const asked: QueryRequest[] = [];
  const warehouse: Asks = {
    async query<Row>(request: QueryRequest) {
      asked.push(request);
      return rows as Row[];
    },
  };
  return { warehouse, asked };
}

const HOUR = '2026-11-25T08:00:00.000Z';
const WINDOW = {
  judgeFromMs: Date.parse(HOUR),
  toMs: Date.parse('2026-11-25T09:20:00Z'),
  sensitivity: 1,
};
const ALARM = { hour: HOUR, isAlarm: true, isKnown: true, signal: 'level', score: 4.6, days: 16 };
const QUIET = { hour: HOUR, isAlarm: false, isKnown: true, kind: null, signal: null, score: null };

describe('log volumes', () => {
  const detect = (rows: object[], follow: string[] = []) =>
    detectLogVolumeAnomalies(answering(...rows).warehouse, {
      ...WINDOW,
      workspaceId: 'operations',
      follow,
    });
  const row = (given: object) => ({
    ...ALARM,
    series: '{"service":"api","severity":"ERROR"}',
    service: 'api',
    severity: 'ERROR',
    severityNumber: 500,
    kind: 'spike',
    value: 420,
    usual: 12,
    low: 0,
    high: 80,
    ...given,
  });

  test('only complete hours are judged, against 24 days before them', async () => {
    const { warehouse, asked } = answering();
    const request = { ...WINDOW, workspaceId: 'operations', follow: ['x'] };
    const nothing = { found: [], followed: [] };
    expect(await detectLogVolumeAnomalies(warehouse, request)).toEqual(nothing);
    expect(asked[0]!.params).toEqual({
      from: '2026-11-01T08:00:00.000Z',
      to: '2026-11-25T09:00:00.000Z',
      judgeFrom: HOUR,
      sensitivity: 1,
      minimumEntries: 50,
      follow: ['x'],
    });
  });

  test('the sentence says which service logged what, and what was expected', async () => {
    const { found } = await detect([row({})]);
    expect(found[0]).toMatchObject({
      workspaceId: 'operations',
      kind: 'log_volume_anomaly',
      subject: '{"service":"api","severity":"ERROR"}',
      sinceMs: WINDOW.judgeFromMs,
      title: 'Service api logs more ERROR than usual',
      sentence:
        'Service api logged 420 entries of ERROR in one hour, 408 more than usual (expected at most 80, by the 16 days before).',
    });
  });

  test('silence is said as what it is', async () => {
    const silent = { severity: 'INFO', severityNumber: 200, value: 0, low: 60, kind: 'drop' };
    const { found } = await detect([row({ ...silent, usual: 70 })]);
    expect(found[0]!.sentence).toBe(
      'Service api logged no entries of INFO in one hour, 70 fewer than usual (expected at least 60, by the 16 days before).',
    );
  });

  test.each([
    ['more errors', {}, 'medium'],
    ['a flood of errors', { value: 800 }, 'high'],
    ['a little more', { severityNumber: 200 }, 'low'],
    ['a flood', { severityNumber: 200, value: 800 }, 'medium'],
    ['silence', { severityNumber: 200, value: 0, low: 60 }, 'medium'],
    ['a little less', { severityNumber: 200, value: 50, low: 60 }, 'low'],
  ])('%s: %j is of severity %s', async (_what, given, severity) => {
    expect((await detect([row(given)])).found[0]!.severity).toBe(severity);
  });

  test('what is followed is told of hour by hour, and is no finding by that', async () => {
    const { series } = row({});
    const other = row({ ...QUIET, series: 'other' });
    const rows = [row({ ...QUIET, value: 30, usual: null }), row({}), other];
    const { found, followed } = await detect(rows, [series]);
    expect(found).toHaveLength(1);
    expect(followed).toEqual([
      { series, hourMs: WINDOW.judgeFromMs, value: 30, usual: undefined },
      { series, hourMs: WINDOW.judgeFromMs, value: 420, usual: 12 },
    ]);
  });
});

describe('metrics', () => {
  const detect = (rows: object[], follow: string[] = []) =>
    detectMetricAnomalies(answering(...rows).warehouse, {
      ...WINDOW,
      sensitivities: new Map([['globex', 2]]),
      follow,
    });
  const row = (given: object) => ({
    ...ALARM,
    series: 's',
    workspaceId: 'acme',
    metric: 'error_rate',
    unit: '1',
    provider: 'openai',
    model: 'gpt-4o',
    kind: 'spike',
    value: 0.25,
    usual: 0.01,
    low: 0,
    high: 0.0312,
    impactUsd: '0.020000001',
    ...given,
  });
  const business = { provider: '', model: '', metric: 'user_action', impactUsd: null };

  test('each workspace is judged by its own sensitivity', async () => {
    const { warehouse, asked } = answering();
    const request = { ...WINDOW, sensitivities: new Map([['globex', 2]]), follow: [] };
    await detectMetricAnomalies(warehouse, request);
    expect(asked[0]!.params).toMatchObject({
      workspaceIds: ['globex'],
      workspaceSensitivities: [2],
    });
  });

  test.each([
    [
      {},
      'More calls of gpt-4o of openai fail than usual',
      'Of calls of gpt-4o of openai, 25 % failed in one hour (usually 1 %, expected at most 3.12 %, by the 16 days before).',
    ],
    [
      { metric: 'latency_ms', unit: 'ms', value: 2_310, usual: 600, high: 900, model: '' },
      'Calls of openai take longer than usual',
      'Calls of openai took 2,310 ms on average in one hour (usually 600 ms, expected at most 900 ms, by the 16 days before).',
    ],
    [
      { ...business, value: 0, usual: null, low: 40, high: 90, kind: 'drop' },
      'Less user action than usual',
      'In one hour user action came to 0 (expected at least 40, by the 16 days before).',
    ],
    [
      { ...business, metric: 'revenue', unit: 'USD', value: -5, usual: 30.5, low: 30, high: 90 },
      'Less revenue than usual',
      'In one hour revenue came to -$5.00 (usually $30.50, expected at least $30.00, by the 16 days before).',
    ],
  ])('%j is told in words', async (given, title, sentence) => {
    expect((await detect([row(given)])).found[0]).toMatchObject({ title, sentence });
  });

  test('what failed calls cost is exact', async () => {
    const { found } = await detect([row({})]);
    expect(found[0]!.impactNanoUsd).toBe(20_000_001n);
    expect((await detect([row(business)])).found[0]).not.toHaveProperty('impactNanoUsd');
  });

  test.each([
    ['failures', {}, 'medium'],
    ['every second call failing', { value: 0.5 }, 'high'],
    ['a little slower', { metric: 'latency_ms', value: 1.9, high: 1 }, 'low'],
    ['twice as slow', { metric: 'latency_ms', value: 2, high: 1 }, 'medium'],
    ['less revenue', { ...business, metric: 'revenue', value: 1, low: 2, high: 3 }, 'medium'],
    ['fewer actions', { ...business, value: 1, low: 2, high: 3 }, 'low'],
    ['no actions', { ...business, value: 0, low: 2, high: 3 }, 'medium'],
    ['more actions', { ...business, value: 9, low: 2, high: 3 }, 'low'],
  ])('%s: %j is of severity %s', async (_what, given, severity) => {
    expect((await detect([row(given)])).found[0]!.severity).toBe(severity);
  });

  test('hours in which nothing was measured are not followed', async () => {
    const rows = [row({ ...QUIET, isKnown: false }), row({ ...QUIET, value: 0.02 })];
    const { followed } = await detect(rows, ['s']);
    expect(followed.map(({ value }) => value)).toEqual([0.02]);
  });
});
