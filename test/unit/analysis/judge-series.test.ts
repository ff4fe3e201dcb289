import { expect, test } from '@jest/globals';
import { createSeriesJudge } from '../../../src/analysis/anomalies/judge-series.ts';
import type { FindingState, Found } from '../../../src/analysis/findings/finding.ts';
import { HOUR_MS } from '../../../src/core/time.ts';

const NOON = Date.parse('2026-11-05T12:00:00Z');
const WINDOW = { runId: 'r', fromMs: NOON, toMs: NOON + HOUR_MS };

function found(sinceMs: number): Found {
  return {
    ...{ workspaceId: 'operations', kind: 'log_volume_anomaly', subject: '{"service":"api"}' },
    ...{ sinceMs, severity: 'medium', title: 't', sentence: 's' },
    details: { value: 900, usual: 100 },
  };
}
const open = (sinceMs: number): FindingState => ({
  ...found(sinceMs),
  ...{ id: 'f', status: 'open', recordedAtMs: sinceMs },
});
const followed = (sinceMs: number, ...values: number[]) =>
  values.map((value, at) => ({
    ...{ series: '{"service":"api"}', hourMs: sinceMs + at * HOUR_MS, value, usual: 100 },
  }));

test('what is open is followed from its begin, and what was found before the window is not found again', async () => {
  const asked: unknown[] = [];
  const sinceMs = NOON - 2 * HOUR_MS;
  const judge = createSeriesJudge(async (request) => {
    asked.push(request);
    return { found: [found(sinceMs), found(NOON)], followed: followed(sinceMs, 900, 800, 700) };
  });
  expect(await judge(WINDOW, [open(sinceMs)])).toEqual({ found: [found(NOON)], over: [] });
  expect(asked).toEqual([
    { judgeFromMs: sinceMs, toMs: WINDOW.toMs, follow: ['{"service":"api"}'] },
  ]);
});

test('what is back to usual for two hours is over', async () => {
  const sinceMs = NOON - 2 * HOUR_MS;
  const judge = createSeriesJudge(async () => ({
    found: [],
    followed: followed(sinceMs, 900, 120, 90),
  }));
  expect((await judge(WINDOW, [open(sinceMs)])).over).toEqual([
    { id: 'f', untilMs: sinceMs + HOUR_MS, reason: 'back-in-range' },
  ]);
});

test('a series that is not measured any more is over after three days', async () => {
  const judge = createSeriesJudge(async () => ({ found: [], followed: [] }));
  const sinceMs = WINDOW.toMs - 72 * HOUR_MS;
  expect((await judge(WINDOW, [open(sinceMs)])).over).toMatchObject([{ reason: 'new-level' }]);
  expect((await judge(WINDOW, [open(sinceMs + HOUR_MS)])).over).toEqual([]);
});
