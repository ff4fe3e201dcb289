import { beforeEach, describe, expect, test } from '@jest/globals';
import { Value } from 'typebox/value';
import { type Alert, AlertSchema } from '../../../../src/alerts/alert.ts';
import type { InsightReport } from '../../../../src/analysis/insights/report.ts';
import { composeWeekly, createWeeklyInsights } from '../../../../src/analysis/insights/weekly.ts';
import type { RunWindow } from '../../../../src/analysis/runs.ts';
import { formatInstant } from '../../../../src/core/time.ts';
import { insightReport } from '../../../contract/api/harness.ts';

/** A Monday, 06:37. */
const NOW = Date.parse('2026-11-23T06:37:00Z');
const at = (text: string) => Date.parse(text);

let raised: Alert[];
let asked: { workspaceIds: readonly string[]; from: string; to: string }[];
beforeEach(() => {
  raised = [];
  asked = [];
});

/** The weekly job with these channels, over a run of this window. */
function weeklyOver(
  window: { from: string; to: string },
  channels: Record<string, (string[] | undefined)[]>,
  reportOf: (workspaceId: string) => InsightReport = insightReport,
) {
  return createWeeklyInsights({
    settings: {
      scopes: async () => Object.keys(channels),
      list: async (_kind: string, scope: string) =>
        channels[scope]!.map((types, id) => ({ id: String(id), body: { types } })) as never,
    },
    insights: {
      async reports(workspaceIds, { fromMs, toMs }) {
        asked.push({ workspaceIds, from: formatInstant(fromMs), to: formatInstant(toMs) });
        return workspaceIds.map(reportOf);
      },
    },
    alerts: { raise: async (alert) => void raised.push(alert) },
    runs: {
      async run(_plan, work) {
        const judged: RunWindow = { runId: 'r', fromMs: at(window.from), toMs: at(window.to) };
        return { kind: 'ok', window: judged, ...(await work(judged)) };
      },
    },
    now: () => NOW,
  });
}

const WEEK = { from: '2026-11-16T06:00:00Z', to: '2026-11-23T06:00:00Z' };
const ASKING = { acme: [undefined, ['insight', 'budget']] };

describe('the insights of a week', () => {
  test('are told of the last week from Monday to Monday, to workspaces with a channel that asks for it', async () => {
    const channels = { ...ASKING, other: [undefined, ['budget']], '-': [['insight']] };
    const report = await weeklyOver(WEEK, channels).run();
    expect(report).toMatchObject({ kind: 'ok', found: 1, opened: 1 });
    expect(asked).toEqual([
      { workspaceIds: ['acme'], from: '2026-11-16T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' },
    ]);
    expect(raised.map(({ workspaceId, type }) => [workspaceId, type])).toEqual([
      ['acme', 'insight'],
    ]);
  });

  test('are told once: a run in which no week ended tells nothing', async () => {
    const later = { from: WEEK.to, to: '2026-11-26T06:00:00Z' };
    expect(await weeklyOver(later, ASKING).run()).toMatchObject({ opened: 0 });
    expect({ asked, raised }).toEqual({ asked: [], raised: [] });
  });

  test('have the same id when a run that failed is made again', async () => {
    await weeklyOver(WEEK, ASKING).run();
    await weeklyOver({ ...WEEK, to: '2026-11-23T09:00:00Z' }, ASKING).run();
    expect(raised).toHaveLength(2);
    expect(raised[0]!.id).toBe(raised[1]!.id);
  });

  test('of several weeks that were missed are those of the last', async () => {
    await weeklyOver({ ...WEEK, from: '2026-11-09T06:00:00Z' }, ASKING).run();
    expect(asked.map(({ from }) => from)).toEqual(['2026-11-16T00:00:00.000Z']);
  });

  test('are not told where there is nothing to say', async () => {
    const silent = (workspaceId: string) => ({ ...insightReport(workspaceId), insights: [] });
    expect(await weeklyOver(WEEK, ASKING, silent).run()).toMatchObject({ opened: 0 });
    expect(raised).toEqual([]);
  });
});

test('the alert says what changed, and gives what would save with its dollars', () => {
  const report = insightReport('acme');
  const advice = {
    kind: 'idle-compute' as const,
    subject: {},
    title: 'vm-1 cost $4.00 while idle',
    text: 'vm-1 cost $4.00 in 40 of 168 hours.',
    savingUsd: '4',
    arithmetic: { terms: [], sumUsd: '4' },
  };
  const told = composeWeekly({ ...report, insights: [...report.insights, advice] }, NOW);
  if (told.kind === 'quiet') throw new Error(told.reason);
  expect(Value.Check(AlertSchema, told.alert)).toBe(true);
  expect(told.alert).toMatchObject({
    severity: 'low',
    title: 'The week to 2026-11-20: Costs rose by $10.00',
    message: report.insights[0]!.text,
    currentUsd: '12.5',
    recommendations: [{ kind: 'idle-compute', text: advice.text, savingUsd: '4' }],
  });
  const alone = composeWeekly({ ...report, insights: [advice] }, NOW);
  expect(alone).toMatchObject({
    alert: { message: 'The week cost $12.50, the one before it $2.50.' },
  });
});
