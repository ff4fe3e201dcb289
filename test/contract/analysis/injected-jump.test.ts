import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Alert } from '../../../src/alerts/alert.ts';
import { renderMail } from '../../../src/alerts/channels/email.ts';
import { createDelivery } from '../../../src/alerts/deliver.ts';
import type { FindingState } from '../../../src/analysis/findings/finding.ts';
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from '../../../src/core/time.ts';
import { type AnalysisWorld, createAnalysisWorld } from '../../support/analysis-world.ts';
import { madeCosts } from '../../support/made-costs.ts';

const START = Date.parse('2026-11-02T00:00:00Z');
const DAYS = 14;
const JUMP_FROM = Date.parse('2026-11-14T10:00:00Z');
const JUMP_TO = JUMP_FROM + 5 * HOUR_MS;
const JUMPS = { workspaceId: 'tenant-7', agent: 'support-bot' };

/** When the run about the hours before `ms` is made. */
const after = (ms: number) => ms + 7 * MINUTE_MS;

let world: AnalysisWorld;
let atFirst: FindingState[];
beforeAll(async () => {
  world = await createAnalysisWorld(START + DAYS * DAY_MS);
  await world.spend(
    madeCosts({
      ...{ tenants: 30, startMs: START, days: DAYS, seed: 1 },
      change: ({ workspaceId, agent, hourMs }, usd) =>
        workspaceId === JUMPS.workspaceId &&
        agent === JUMPS.agent &&
        hourMs >= JUMP_FROM &&
        hourMs < JUMP_TO
          ? 3 * usd
          : usd,
    }),
  );
  const judgeUntil = async (ms: number) => {
    world.clock.ms = after(ms);
    const report = await world.detection.run();
    expect(world.failures).toEqual([]);
    for (const one of Object.values(report)) expect(one.kind).toBe('ok');
  };
  for (let ms = JUMP_FROM - HOUR_MS; ms <= JUMP_TO + 3 * HOUR_MS; ms += HOUR_MS) {
    await judgeUntil(ms);
    if (ms === JUMP_FROM + HOUR_MS) atFirst = await findings();
  }
}, 600_000);
afterAll(() => world.close());

function findings(): Promise<FindingState[]> {
  return world.findings.list({
    ...{ workspaceId: JUMPS.workspaceId, kinds: ['cost_anomaly'] },
    ...{ fromMs: JUMP_FROM, toMs: JUMP_TO },
  });
}

describe('fourteen days of thirty tenants, and one agent that costs three times as much for five hours', () => {
  test('it is found in the first complete hour, with agent, model and dollars', () => {
    expect(atFirst).toHaveLength(1);
    const [{ sinceMs, status, sentence, impactNanoUsd, severity, details }] = atFirst as [
      FindingState,
    ];
    expect({ since: formatInstant(sinceMs), status }).toEqual({
      since: formatInstant(JUMP_FROM),
      status: 'open',
    });
    expect(sentence).toMatch(
      /^Agent support-bot with (large|small) of openai cost \$[\d.]+ in one hour, \$[\d.]+ more than usual/,
    );
    expect(details).toMatchObject({ agent: 'support-bot', provider: 'openai' });
    expect(impactNanoUsd).toBeGreaterThan(1_000_000_000n);
    expect(severity).not.toBe('low');
  });

  test('its workspace gets one mail, that names agent, model and dollars, though the alert comes twice', async () => {
    const told = world.raised.filter(({ workspaceId }) => workspaceId === JUMPS.workspaceId);
    expect(told.map(({ type, scope }) => ({ type, scope }))).toEqual([
      { type: 'anomaly', scope: { dimension: 'agent', value: 'support-bot' } },
    ]);
    const mails = await mailsOf([...told, ...told]);
    expect(mails.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(
        /^\[(medium|high)\] Agent support-bot with \w+ costs \$[\d.]+ an hour more than usual$/,
      ),
    ]);
    expect(mails[0]!.text).toMatch(/Impact: +\$[\d.]+/);
    expect(mails[0]!.text).toMatch(/Model: +(large|small)/);
    expect(mails[0]!.text).toMatch(/Since: +2026-11-14T10:00:00.000Z/);
  });

  test('it is closed from the hour on in which it ended, with what it cost in all', async () => {
    const [closed] = await findings();
    expect(closed).toMatchObject({
      status: 'closed',
      untilMs: JUMP_TO,
      details: { reason: 'back-in-range', hours: 5 },
    });
    expect(Number(closed!.details.totalImpactUsd)).toBeGreaterThan(5);
  });

  test('no other workspace is told anything meanwhile', () => {
    const others = world.raised.filter(({ workspaceId }) => workspaceId !== JUMPS.workspaceId);
    expect(others.map(({ message }) => message)).toEqual([]);
  });

  test('judging all of it once more opens nothing, changes nothing and tells nobody', async () => {
    const before = await findings();
    const told = new Set(world.raised.map(({ id }) => id));
    await world.redis.flushall();
    await world.forget('analysis_runs');
    await world.ranUntil('cost-anomalies', JUMP_FROM - HOUR_MS);
    const report = await world.detection.run();
    expect(report['cost-anomalies']).toMatchObject({ kind: 'ok', opened: 0, seen: 0, closed: 0 });
    expect(await findings()).toEqual(before);
    expect(new Set(world.raised.map(({ id }) => id))).toEqual(told);
  }, 300_000);

  test('costs that come an hour after theirs was judged are found by the next run', async () => {
    const hourMs = JUMP_TO + 2 * HOUR_MS;
    const late = { workspaceId: 'tenant-9', provider: 'openai', model: 'large', agent: 'late-bot' };
    await world.spend([{ ...late, hourMs, costNanoUsd: 500_000_000_000n }]);
    world.clock.ms = after(JUMP_TO + 4 * HOUR_MS);
    const report = await world.detection.run();
    expect(report['cost-anomalies']).toMatchObject({ kind: 'ok', opened: 1 });
    const told = world.raised.filter(({ workspaceId }) => workspaceId === 'tenant-9');
    expect(told.map(({ finding }) => finding?.since)).toEqual([formatInstant(hourMs)]);
  }, 300_000);
});

/** The mails that the delivery sends when the topic brings these alerts. */
async function mailsOf(alerts: readonly Alert[]) {
  const mails: ReturnType<typeof renderMail>[] = [];
  let nowMs = Date.parse(alerts[0]!.raisedAt) - HOUR_MS;
  const target = { kind: 'email' as const, to: ['owner@example.com'] };
  const channel = { scope: JUMPS.workspaceId, id: 'owner', body: { target } };
  const delivery = createDelivery({
    redis: world.redis,
    warehouse: world.warehouse,
    channels: async () => [channel],
    send: async (alert, to) => {
      mails.push(renderMail(alert, to));
      return { kind: 'sent' };
    },
    onReport: () => {},
    now: () => nowMs,
  });
  await delivery.markMemory();
  nowMs += 2 * HOUR_MS;
  for (const [at, alert] of alerts.entries()) {
    const data = Buffer.from(JSON.stringify(alert));
    await delivery.deliver({ messageId: `m${at}`, data, attributes: {} });
  }
  return mails;
}
