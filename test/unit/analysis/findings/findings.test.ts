import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Alert, Severity } from '../../../../src/alerts/alert.ts';
import { type Ended, type Found, findingId } from '../../../../src/analysis/findings/finding.ts';
import { createFindings } from '../../../../src/analysis/findings/findings.ts';
import { HOUR_MS } from '../../../../src/core/time.ts';
import { createFindingLedger } from './finding-ledger.ts';

const START = Date.parse('2026-11-05T00:00:00Z');
const KINDS = ['cost_anomaly'] as const;

function createWorld() {
  const ledger = createFindingLedger();
  const raised: Alert[] = [];
  const clock = { ms: START + 24 * HOUR_MS };
  const findings = createFindings({
    warehouse: ledger,
    alerts: { raise: async (alert) => void raised.push(alert) },
    now: () => clock.ms,
  });
  let runs = 0;
  const settle = (found: Found[], over: Ended[] = []) => {
    runs += 1;
    clock.ms += HOUR_MS;
    return findings.settle({ runId: `run-${runs}`, kinds: KINDS, found, over });
  };
  const list = () =>
    findings.list({ workspaceId: 'acme', kinds: KINDS, fromMs: START, toMs: clock.ms + 1 });
  return { ledger, raised, findings, settle, list };
}

function found(hour: number, parts: Partial<Found> = {}): Found {
  return {
    ...{ workspaceId: 'acme', kind: 'cost_anomaly', subject: '{"agent":"bot"}' },
    sinceMs: START + hour * HOUR_MS,
    severity: 'medium',
    title: 'Agent bot costs more',
    sentence: 'It costs more.',
    impactNanoUsd: 4_000_000_000n,
    details: { agent: 'bot' },
    ...parts,
  };
}

describe('what goes on', () => {
  test('is one finding and one alert, however often it is found', async () => {
    const { settle, list, raised } = createWorld();
    expect(await settle([found(1)])).toEqual({ opened: 1, seen: 0, closed: 0 });
    expect(await settle([found(2)])).toEqual({ opened: 0, seen: 0, closed: 0 });
    expect(await settle([found(3)])).toEqual({ opened: 0, seen: 0, closed: 0 });
    expect(await list()).toMatchObject([{ id: findingId(found(1)), status: 'open' }]);
    expect(raised).toMatchObject([
      {
        id: findingId(found(1)),
        type: 'anomaly',
        scope: { dimension: 'workspace' },
        finding: { kind: 'cost_anomaly', impactUsd: '4', since: '2026-11-05T01:00:00.000Z' },
      },
    ]);
  });

  test('is told when it becomes worth it, and no second time when it becomes worse still', async () => {
    const { settle, list, raised } = createWorld();
    await settle([found(1, { severity: 'low' })]);
    expect(raised).toEqual([]);
    expect(await settle([found(2, { severity: 'medium', sentence: 'More.' })])).toMatchObject({
      seen: 1,
    });
    await settle([found(3, { severity: 'critical' })]);
    expect(raised.map(({ id, severity }) => ({ id, severity }))).toEqual([
      { id: findingId(found(1)), severity: 'medium' },
    ]);
    expect(await list()).toMatchObject([{ severity: 'critical', sinceMs: found(1).sinceMs }]);
  });

  test('is not news by a tenth more, and is by twice as much', async () => {
    const { settle, list } = createWorld();
    await settle([found(1)]);
    expect(await settle([found(2, { impactNanoUsd: 4_400_000_000n })])).toMatchObject({ seen: 0 });
    expect(await settle([found(2, { impactNanoUsd: 8_000_000_000n })])).toMatchObject({ seen: 1 });
    expect(await list()).toMatchObject([{ impactNanoUsd: 8_000_000_000n }]);
  });
});

test('a workspace’s findings are listed of one severity, those that began last where a limit says how many', async () => {
  const { settle, findings } = createWorld();
  const subjects = ['a', 'b', 'c', 'd'];
  await settle(
    subjects.map((subject, at) =>
      found(at + 1, { subject, severity: subject === 'd' ? 'low' : 'high' }),
    ),
  );
  const whose = { workspaceId: 'acme', kinds: KINDS, fromMs: START, toMs: START + 24 * HOUR_MS };
  const listed = await findings.list({ ...whose, severity: 'high', limit: 2 });
  expect(listed.map(({ subject }) => subject)).toEqual(['b', 'c']);
});

describe('what is over', () => {
  const ended: Ended = {
    id: findingId(found(1)),
    untilMs: START + 5 * HOUR_MS,
    reason: 'back-in-range',
    details: { totalImpactUsd: '12.5' },
  };

  test('is closed with when and why, keeps what was known of it, and raises nothing', async () => {
    const { settle, list, raised, findings } = createWorld();
    await settle([found(1)]);
    expect(await settle([], [ended])).toEqual({ opened: 0, seen: 0, closed: 1 });
    expect(await list()).toMatchObject([
      {
        status: 'closed',
        untilMs: ended.untilMs,
        title: 'Agent bot costs more',
        details: { agent: 'bot', reason: 'back-in-range', totalImpactUsd: '12.5' },
      },
    ]);
    expect(await findings.during(KINDS, ended.untilMs)).toEqual([]);
    expect(await findings.during(KINDS, ended.untilMs - 1)).toHaveLength(1);
    expect(raised).toHaveLength(1);
  });

  test('stays closed when an earlier hour of it is found again, and a later one is a new finding', async () => {
    const { settle, list, raised } = createWorld();
    await settle([found(1)]);
    await settle([], [ended]);
    expect(await settle([found(1), found(4)])).toEqual({ opened: 0, seen: 0, closed: 0 });
    expect(await settle([found(5)])).toEqual({ opened: 1, seen: 0, closed: 0 });
    expect((await list()).map(({ status }) => status)).toEqual(['closed', 'open']);
    expect(raised).toHaveLength(2);
  });

  test('may begin and end within one run, and an end of what nobody knows is nothing', async () => {
    const { settle, list } = createWorld();
    expect(await settle([found(1)], [ended])).toEqual({ opened: 1, seen: 0, closed: 1 });
    expect(await list()).toMatchObject([{ status: 'closed' }]);
    expect(await settle([], [ended, { ...ended, id: 'other' }])).toMatchObject({ closed: 0 });
  });
});

test('what begins after the end that the same run tells of is a finding of its own, and told', async () => {
  const { settle, list, raised } = createWorld();
  await settle([found(1)]);
  const over = { id: findingId(found(1)), untilMs: START + 3 * HOUR_MS, reason: 'back-in-range' };
  const during = found(2, { severity: 'high' });
  const caughtUp = [during, found(6)];
  expect(await settle(caughtUp, [over])).toEqual({ opened: 1, seen: 1, closed: 1 });
  expect(await list()).toMatchObject([
    { id: over.id, status: 'closed', severity: 'high' },
    { id: findingId(found(6)), status: 'open', severity: 'medium' },
  ]);
  expect(raised.map(({ id }) => id)).toEqual([over.id, findingId(found(6))]);
  expect(await settle(caughtUp, [over])).toEqual({ opened: 0, seen: 0, closed: 0 });
});

test('a run that dies before it recorded anything is made up for by the next, with the same alert', async () => {
  const { ledger, settle, list, raised } = createWorld();
  ledger.hooks.beforeInsert = async () => {
    throw new Error('BigQuery is away');
  };
  await expect(settle([found(1)])).rejects.toThrow('BigQuery is away');
  ledger.hooks.beforeInsert = async () => {};
  expect(await settle([found(1)])).toMatchObject({ opened: 1 });
  expect(new Set(raised.map(({ id }) => id)).size).toBe(1);
  expect(await list()).toHaveLength(1);
});

test('findings of other workspaces, kinds and subjects are others', async () => {
  const { settle, raised } = createWorld();
  const others = [
    found(1),
    found(1, { workspaceId: 'other' }),
    found(1, { subject: '{"agent":"x"}' }),
  ];
  expect(await settle(others)).toMatchObject({ opened: 3 });
  expect(new Set(raised.map(({ id }) => id)).size).toBe(3);
});

const SEVERITIES: Severity[] = ['low', 'medium', 'high', 'critical'];
const anything = fc.array(
  fc.record({
    hour: fc.integer({ min: 0, max: 12 }),
    subject: fc.constantFrom('{"agent":"a"}', '{"agent":"b"}'),
    severity: fc.constantFrom(...SEVERITIES),
    impact: fc.bigInt({ min: -9n, max: 9n }),
  }),
  { maxLength: 12 },
);

test('however the hours are cut into runs and runs are repeated: the same findings, at most one alert for each', async () => {
  const runs = fc.array(
    fc.record({ upTo: fc.integer({ min: 0, max: 13 }), times: fc.integer({ min: 1, max: 3 }) }),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(anything, runs, async (parts, cuts) => {
      const all = parts.map(({ hour, subject, severity, impact }) =>
        found(hour, { subject, severity, impactNanoUsd: impact * 1_000_000_000n }),
      );
      const once = createWorld();
      await once.settle(all);
      const many = createWorld();
      const ends = cuts.map(({ upTo }) => upTo).sort((a, b) => a - b);
      for (const [at, end] of [...ends, 13].entries()) {
        const from = ends[at - 1] ?? 0;
        const window = all.filter(({ sinceMs }) => {
          const hour = (sinceMs - START) / HOUR_MS;
          return hour >= from && hour < end;
        });
        for (let time = 0; time < (cuts[at]?.times ?? 2); time += 1) await many.settle(window);
      }
      const essence = async (world: typeof once) =>
        (await world.list()).map(({ recordedAtMs: _, ...rest }) => rest);
      expect(await essence(many)).toEqual(await essence(once));
      const ids = many.raised.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(new Set(ids)).toEqual(new Set(once.raised.map(({ id }) => id)));
    }),
  );
});
