import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AgentRunProfile,
  createAgentProfiles,
} from '../../../../src/telemetry/profiling/agent-profiles.ts';
import { baselineOf, limitOf } from '../../../../src/telemetry/profiling/baseline.ts';

const MIB = 1_048_576;
const bot = { agentId: 'bot', workspaceId: 'acme', agentType: 'support' };

function create(options: { maxAgents?: number; historyRuns?: number } = {}) {
  const world = { ms: 0, heap: 0 };
  const profiles: AgentRunProfile[] = [];
  const counted: unknown[] = [];
  const warned: unknown[] = [];
  const agents = createAgentProfiles({
    metrics: {
      incrementCounter: (metric, value, labels) => void counted.push([metric.name, value, labels]),
    },
    log: { warn: (message, fields) => void warned.push([message, fields]) },
    onProfile: (profile) => void profiles.push(profile),
    clock: () => world.ms,
    memory: () => ({ heap: world.heap, external: 0 }),
    ...options,
  });
  const run = (ms: number, bytes = 0, who = bot) =>
    agents.profileAgentRun(who, () => {
      world.ms += ms;
      world.heap += bytes;
    });
  const learn = async (runs = 10) => {
    for (let i = 0; i < runs; i++) await run(1_000 + (i % 3) * 10, MIB);
  };
  return { agents, profiles, counted, warned, run, learn, world };
}

describe('a run of an agent', () => {
  test('gives back what it gives and throws what it throws', async () => {
    const { agents, profiles } = create();
    expect(await agents.profileAgentRun(bot, async () => 'answer')).toBe('answer');
    const failure = new Error('no');
    await expect(agents.profileAgentRun(bot, () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(
      agents.profileAgentRun(bot, () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(profiles.map(({ status }) => status)).toEqual(['ok', 'error', 'error']);
  });

  test('is flagged only once enough runs are known', async () => {
    const { run, learn, profiles } = create();
    await learn(9);
    await run(60_000);
    expect(profiles.at(-1)?.verdict).toEqual({ kind: 'learning', runs: 9, needed: 10 });
    await run(60_000);
    expect(profiles.at(-1)?.verdict.kind).toBe('unusual');
  });

  test('that is slow or leaves much behind is flagged with value, limit and baseline, logged and counted', async () => {
    const { run, learn, profiles, counted, warned } = create();
    await learn();
    await run(1_400);
    expect(profiles.at(-1)?.verdict).toEqual({ kind: 'usual' });
    await run(3_000, 64 * MIB);
    expect(profiles.at(-1)?.verdict).toEqual({
      kind: 'unusual',
      anomalies: [
        {
          reason: 'slow',
          value: 3_000,
          limit: expect.any(Number),
          baseline: expect.objectContaining({ median: 1_010 }),
        },
        {
          reason: 'memory',
          value: 64 * MIB,
          limit: 17 * MIB,
          baseline: expect.objectContaining({ median: MIB }),
        },
      ],
    });
    expect(counted).toEqual([
      ['agent/run_anomalies', 1, { agent_type: 'support', reason: 'slow' }],
      ['agent/run_anomalies', 1, { agent_type: 'support', reason: 'memory' }],
    ]);
    expect(warned).toHaveLength(1);
  });

  test('is compared with the same agent of the same workspace only', async () => {
    const { run, learn, profiles } = create();
    await learn();
    await run(60_000, 0, { ...bot, workspaceId: 'other' });
    expect(profiles.at(-1)?.verdict.kind).toBe('learning');
    await run(60_000, 0, { ...bot, agentId: 'other' });
    expect(profiles.at(-1)?.verdict.kind).toBe('learning');
  });

  test('beside another one is not judged by memory, which is both’s', async () => {
    const { agents, learn, profiles, world } = create();
    await learn();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = agents.profileAgentRun(bot, () => promise);
    const beside = agents.profileAgentRun({ ...bot, agentId: 'other' }, () => promise);
    world.heap += 500 * MIB;
    resolve();
    await Promise.all([slow, beside]);
    const [first, second] = profiles.slice(-2);
    expect([first?.use.alone, second?.use.alone]).toEqual([false, false]);
    expect(first?.verdict).toEqual({ kind: 'usual' });
  });

  test('that failed does not become what is usual', async () => {
    const { agents, learn, run, profiles, world } = create();
    await learn();
    for (let i = 0; i < 100; i++) {
      const failing = agents.profileAgentRun(bot, () => {
        world.ms += 60_000;
        throw new Error('timeout');
      });
      await expect(failing).rejects.toThrow('timeout');
    }
    await run(60_000);
    expect(profiles.at(-1)?.verdict.kind).toBe('unusual');
  });

  test('becomes usual when an agent stays that way', async () => {
    const { run, learn, profiles } = create({ historyRuns: 20 });
    await learn(20);
    for (let i = 0; i < 20; i++) await run(5_000);
    expect(profiles.at(-1)?.verdict).toEqual({ kind: 'usual' });
  });

  test('of ever new agents holds no more memory than that of the last ones', async () => {
    const { agents, run } = create({ maxAgents: 10 });
    for (let i = 0; i < 1_000; i++) await run(1, 0, { ...bot, agentId: `bot-${i}` });
    expect(agents.stats()).toEqual({ agents: 10, runs: 1_000, unusual: 0 });
  });

  test('is measured in real time and memory unless told otherwise', async () => {
    const profiles: AgentRunProfile[] = [];
    const agents = createAgentProfiles({
      metrics: { incrementCounter: () => {} },
      log: { warn: () => {} },
      onProfile: (profile) => void profiles.push(profile),
    });
    let ranMs = 0;
    const kept = await agents.profileAgentRun(bot, async () => {
      const held = Buffer.alloc(32 * MIB, 1);
      const started = performance.now();
      // The processor's time, of which a loaded machine gives less than the clock's.
      const used = process.cpuUsage();
      while (process.cpuUsage(used).user < 50_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
      ranMs = performance.now() - started;
      return held;
    });
    expect(kept.length).toBe(32 * MIB);
    const { use } = profiles[0]!;
    expect(use.wallMs).toBeGreaterThanOrEqual(ranMs);
    expect(use.cpuMs).toBeGreaterThan(20);
    expect(use.loopBusy).toBeGreaterThan(0);
    expect(use.externalGrowthBytes).toBeGreaterThan(16 * MIB);
    expect(use.alone).toBe(true);
  });
});

test('a baseline is not moved by less than half of the values being odd', () => {
  const tolerance = { spreads: 5, share: 0.5, atLeast: 50 };
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 900, max: 1_100, noNaN: true }), { minLength: 11, maxLength: 11 }),
      fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 10 }),
      (usual, odd) => {
        const baseline = baselineOf([...odd, ...usual])!;
        expect(baseline.median).toBeGreaterThanOrEqual(900);
        expect(baseline.median).toBeLessThanOrEqual(1_100);
        for (const value of usual) expect(value).toBeLessThan(limitOf(baseline, tolerance));
      },
    ),
  );
});
