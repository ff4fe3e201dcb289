import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Compile } from 'typebox/compile';
import { AlertSchema } from '../../../src/alerts/alert.ts';
import { checkLockKey, withCheckLock } from '../../../src/budgets/lock.ts';
import type { Redis } from '../../../src/cloud/redis.ts';
import { DAY_MS } from '../../../src/core/time.ts';
import type { Setting } from '../../../src/settings/kinds.ts';
import { startRedis } from '../../support/redis-server.ts';
import { budgetSetting } from './budget-of.ts';
import { createWorld, MID_MONTH } from './world.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());
beforeEach(() => redis.flushall());

const alertContract = Compile(AlertSchema);
const channel = {
  id: 'c1',
  version: 1,
  body: {},
  changedBy: 't',
  changedAt: '',
} as never as Setting;
const percents = (world: ReturnType<typeof createWorld>) =>
  world.published.map(({ budget }) => [budget?.threshold.of, budget?.threshold.percent]);

describe('a check of a workspace', () => {
  test('tells each threshold once, and when several were passed the highest with the others named', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'));
    await world.spend('2.4');
    expect((await world.check.checkWorkspace('acme')).raised).toEqual([]);
    await world.spend('0.1');
    const { raised } = await world.check.checkWorkspace('acme');
    expect(raised).toEqual([world.published[0]!.id]);
    await world.spend('2.2');
    await world.check.checkWorkspace('acme');
    await world.check.checkWorkspace('acme');
    expect(percents(world)).toEqual([
      ['spend', 50],
      ['spend', 90],
    ]);
    expect(world.published[1]!.budget?.passedPercents).toEqual([75, 90]);
    expect(world.published[1]!.currentUsd).toBe('4.7');
  });

  test('raises what the contract of alerts says, in words with amounts', async () => {
    const recommend = async () => [{ kind: 'concentration' as const, text: 'a1 is it.' }];
    const world = createWorld(redis, { recommend });
    const profile = { ...channel, id: 'profile', body: { name: 'Acme <!channel>' } };
    world.put('workspace-profile', 'acme', profile);
    world.put('budget', 'acme', budgetSetting('b1', { channels: ['mail'] }));
    await world.spend('4.52');
    await world.check.checkWorkspace('acme');
    const [alert] = world.published;
    expect([...alertContract.Errors(alert)]).toEqual([]);
    expect(alert).toMatchObject({
      type: 'budget',
      severity: 'high',
      workspaceName: 'Acme <!channel>',
      raisedAt: '2036-11-16T00:00:00.000Z',
      title: '90 % of the monthly budget reached: Acme <!channel>',
      message:
        'Acme <!channel> has spent $4.52 of its $5.00 monthly budget (90 %), with 15 days left. ' +
        'It has passed 50 %, 75 % and 90 % at once. ' +
        'At its present pace the period will come to $9.04.',
      budget: {
        period: {
          from: '2036-11-01T00:00:00.000Z',
          to: '2036-12-01T00:00:00.000Z',
          timeZone: 'UTC',
        },
        usedPercent: '90.4',
        projectedPeriodUsd: '9.04',
      },
      projectedMonth: { month: '2036-11', projectedUsd: '9.04' },
      recommendations: [{ kind: 'concentration', text: 'a1 is it.' }],
      channels: ['mail'],
    });
  });

  test('done ten times at once by two instances tells nobody twice', async () => {
    const world = createWorld(redis);
    const budgets = ['b1', 'b2', 'b3'].map((id) => budgetSetting(id));
    world.put('budget', 'acme', ...budgets);
    await world.spend('5');
    const other = world.checkWith({});
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => (i % 2 ? other : world.check).checkWorkspace('acme')),
    );
    expect(world.published.map(({ budget }) => budget?.id)).toEqual(['b1', 'b2', 'b3']);
  });

  test('after Redis was lost tells nothing a second time, and what was spent meanwhile once', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'));
    await world.spend('2.5');
    await world.check.checkWorkspace('acme');
    await redis.flushall();
    await world.check.checkWorkspace('acme');
    expect(percents(world)).toEqual([['spend', 50]]);
    await redis.flushall();
    await world.spend('1.25');
    await world.check.checkWorkspace('acme');
    expect(percents(world)).toEqual([
      ['spend', 50],
      ['spend', 75],
    ]);
  });

  test('that dies before or after publishing is repeated under the same id', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'));
    await world.spend('2.5');
    world.hooks.beforePublish = () => Promise.reject(new Error('the topic is away'));
    await expect(world.check.checkWorkspace('acme')).rejects.toThrow('the topic is away');
    world.hooks.beforePublish = async () => {};
    const dying = world.checkWith({
      alerts: {
        async raise(alert) {
          await world.alerts.raise(alert);
          throw new Error('died before it was noted');
        },
      },
    });
    await expect(dying.checkWorkspace('acme')).rejects.toThrow('died before');
    await world.check.checkWorkspace('acme');
    await world.check.checkWorkspace('acme');
    expect(world.alertRows.map((row) => row.alert_id)).toEqual([
      world.published[0]!.id,
      world.published[0]!.id,
      world.published[0]!.id,
    ]);
  });

  test('raises the others when one alert cannot be raised, and fails', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'), budgetSetting('b2'));
    await world.spend('5');
    world.hooks.beforePublish = async ({ budget }) => {
      if (budget?.id === 'b1') throw new Error('not this one');
    };
    await expect(world.check.checkWorkspace('acme')).rejects.toThrow('not this one');
    expect(world.published.map(({ budget }) => budget?.id)).toEqual(['b2']);
  });

  test('judges only the budgets that are named', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'), budgetSetting('b2'));
    await world.spend('5');
    const report = await world.check.checkWorkspace('acme', ['b2', 'gone']);
    expect(report.budgets.map(({ budgetId }) => budgetId)).toEqual(['b2']);
    expect(world.published.map(({ budget }) => budget?.id)).toEqual(['b2']);
  });

  test('sees a budget of a label in its own time zone exactly, though it was set after the spend', async () => {
    const world = createWorld(redis);
    await world.spend('1');
    await world.spend('3', { labels: { env: 'prod' } });
    await world.spend('3', { labels: { env: 'prod2' } });
    const scope = { dimension: 'label', key: 'env', value: 'prod' } as const;
    const zone = { period: { every: 'day' } as const, timeZone: 'Asia/Kathmandu' };
    world.put('budget', 'acme', budgetSetting('b1', { scope, ...zone }));
    const { budgets } = await world.check.checkWorkspace('acme');
    expect(budgets).toMatchObject([
      { spendNanoUsd: 3_000_000_000n, span: { startMs: Date.parse('2036-11-15T18:15:00Z') } },
    ]);
    expect(world.published[0]!.message).toContain("acme's label env=prod has spent $3.00");
  });

  test('of a limit that was raised tells what lies ahead and nothing behind', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'));
    await world.spend('5');
    await world.check.checkWorkspace('acme');
    world.put('budget', 'acme', budgetSetting('b1', { limitUsd: '8' }));
    await world.check.checkWorkspace('acme');
    await world.spend('1');
    await world.check.checkWorkspace('acme');
    expect(percents(world)).toEqual([
      ['spend', 100],
      ['spend', 75],
    ]);
  });

  test('tells a projected total beside what was spent, each once', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1', { projectedThresholdsPercent: [100] }));
    await world.spend('2.5');
    await world.check.checkWorkspace('acme');
    await world.check.checkWorkspace('acme');
    expect(percents(world)).toEqual([
      ['spend', 50],
      ['projection', 100],
    ]);
    expect(world.published[1]).toMatchObject({
      severity: 'high',
      message: expect.stringContaining('will have spent $5.00 of its $5.00 monthly budget'),
    });
  });

  test('whose period ends while it reads does not judge the month that is over', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'));
    world.clock.ms = Date.parse('2036-11-30T23:59:59.999Z');
    await world.spend('5');
    const late = world.checkWith({
      notices: {
        async of(workspaceId) {
          world.clock.ms += 1;
          return world.notices.of(workspaceId);
        },
      },
    });
    const { budgets } = await late.checkWorkspace('acme');
    expect(budgets).toMatchObject([{ spend: { kind: 'quiet', reason: 'period-over' } }]);
    // And the month that has begun starts from nothing.
    expect(await world.check.checkWorkspace('acme')).toMatchObject({
      budgets: [{ spendNanoUsd: 0n, spend: { reason: 'below-first-threshold' } }],
    });
    expect(world.published).toEqual([]);
  });

  test('of a workspace without budgets finds nothing', async () => {
    const { check } = createWorld(redis);
    expect(await check.checkWorkspace('acme')).toEqual({
      workspaceId: 'acme',
      budgets: [],
      raised: [],
    });
  });
});

describe('the lock of a workspace', () => {
  test('that somebody keeps is a retryable error', async () => {
    await redis.set(checkLockKey('acme'), 'somebody');
    await expect(withCheckLock(redis, 'acme', async () => 1, { waitMs: 50 })).rejects.toMatchObject(
      {
        code: 'budget_check_busy',
        retryable: true,
      },
    );
    expect(await withCheckLock(redis, 'other', async () => 1)).toBe(1);
  });

  test('is given back after the work, also when that fails, and never another one’s', async () => {
    const failing = withCheckLock(redis, 'acme', () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await redis.exists(checkLockKey('acme'))).toBe('0');
    await withCheckLock(redis, 'acme', () => redis.set(checkLockKey('acme'), 'another'));
    expect(await redis.get(checkLockKey('acme'))).toBe('another');
  });

  test('of a process that died ends by itself', async () => {
    const dead = withCheckLock(redis, 'acme', () => redis.pttl(checkLockKey('acme')));
    expect(Number(await dead)).toBeGreaterThan(0);
  });
});

describe('a check of everything', () => {
  test('goes over every workspace with a budget or a channel, and counts', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'), budgetSetting('b2', { limitUsd: '100' }));
    world.put('budget', 'beta', budgetSetting('b1'));
    world.put('channel', 'gamma', channel);
    world.put('channel', '-', channel);
    await world.spend('5');
    expect(await world.check.checkAll()).toEqual({
      workspaces: 3,
      budgets: 3,
      raised: 1,
      spikes: 0,
      failed: [],
    });
  });

  test('of many workspaces fails only those that are in trouble, by name', async () => {
    const world = createWorld(redis);
    const names = Array.from({ length: 40 }, (_, i) => `w${i}`);
    for (const name of names) world.put('budget', name, budgetSetting('b1'));
    world.hooks.beforeSettings = async (workspaceId) => {
      if (workspaceId === 'w7') throw new Error('settings are away');
    };
    const report = await world.check.checkAll();
    expect(report.workspaces).toBe(39);
    expect(report.failed).toEqual([{ workspaceId: 'w7', reason: 'settings are away' }]);
  });

  test('done ten times in parallel tells each threshold and each spike once, also with Redis lost before', async () => {
    const world = createWorld(redis);
    world.put('budget', 'acme', budgetSetting('b1'));
    for (let day = 20; day > 0; day--) {
      world.clock.ms = MID_MONTH - day * DAY_MS;
      await world.spend(day > 6 ? '1' : '40');
    }
    world.clock.ms = MID_MONTH;
    await redis.flushall();
    const reports = await Promise.all(Array.from({ length: 10 }, () => world.check.checkAll()));
    expect(reports.map(({ failed }) => failed)).toEqual(Array.from({ length: 10 }, () => []));
    expect(world.published.map(({ type }) => type).sort()).toEqual(['budget', 'spike']);
    for (const alert of world.published) expect(alertContract.Check(alert)).toBe(true);
    await redis.flushall();
    await world.check.checkAll();
    expect(world.published).toHaveLength(2);
  });
});
