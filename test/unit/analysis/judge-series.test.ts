import { describe, expect, test } from '@jest/globals';
import { createSeriesJudge } from '../../../src/analysis/anomalies/judge-series.ts';
import {
  type FindingState,
  type Found,
  findingId,
} from '../../../src/analysis/findings/finding.ts';
import { placeFound } from '../../../src/analysis/findings/placing.ts';
import { HOUR_MS } from '../../../src/core/time.ts';

const NOON = Date.parse('2026-11-05T12:00:00Z');
const WINDOW = { runId: 'r', fromMs: NOON, toMs: NOON + HOUR_MS };

function found(sinceMs: number, value = 900): Found {
  return {
    ...{ workspaceId: 'operations', kind: 'log_volume_anomaly', subject: '{"service":"api"}' },
    ...{ sinceMs, severity: 'medium', title: 't', sentence: 's' },
    details: { value, usual: 100, expected: { low: 50, high: 200 } },
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

describe('a series that turns to the other side', () => {
  const flood = open(NOON - HOUR_MS);
  const judging = (all: Found[], values: number[], known = [flood]) =>
    createSeriesJudge(async () => ({ found: all, followed: followed(NOON - HOUR_MS, ...values) }))(
      { ...WINDOW, toMs: NOON + 3 * HOUR_MS },
      known,
    );

  test('ends the finding at that hour, and opens one of the silence', async () => {
    const silence = found(NOON, 0);
    const judged = await judging([silence], [900, 0]);
    expect(judged.over).toEqual([{ id: 'f', untilMs: NOON, reason: 'turned' }]);
    expect(placeFound([flood], judged.found, judged.over)).toEqual([
      { kind: 'opened', id: findingId(silence), found: silence },
    ]);
  });

  test('once the flood was over is no end of it', async () => {
    const { over } = await judging([found(NOON + 2 * HOUR_MS, 0)], [900, 100, 100, 0]);
    expect(over).toEqual([{ id: 'f', untilMs: NOON, reason: 'back-in-range' }]);
  });

  test('and back again within one window is three findings', async () => {
    const silence = found(NOON, 0);
    const again = found(NOON + HOUR_MS);
    const { over, found: all } = await judging([again, silence], [900, 0, 900]);
    expect(over.map(({ id, untilMs, reason }) => [id, untilMs, reason])).toEqual([
      ['f', NOON, 'turned'],
      [findingId(silence), NOON + HOUR_MS, 'turned'],
    ]);
    expect(placeFound([flood], all, over).map(({ kind, id }) => [kind, id])).toEqual([
      ['opened', findingId(silence)],
      ['opened', findingId(again)],
    ]);
  });

  test('says the same when it is judged again', async () => {
    const silence = found(NOON, 0);
    const closed: FindingState = { ...flood, status: 'closed', untilMs: NOON };
    const begun: FindingState = {
      ...silence,
      id: findingId(silence),
      status: 'open',
      recordedAtMs: NOON,
    };
    const judged = await judging([silence], [900, 0], [closed, begun]);
    expect(judged.over).toEqual([]);
    expect(placeFound([closed, begun], judged.found, judged.over)).toEqual([
      { kind: 'known', id: begun.id },
    ]);
  });

  test('is not told by a worse hour on the same side', async () => {
    expect((await judging([found(NOON, 2_000)], [900, 2_000])).over).toEqual([]);
  });
});
