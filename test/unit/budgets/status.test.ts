import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createBudgetStatus } from '../../../src/budgets/status.ts';
import type { Redis } from '../../../src/cloud/redis.ts';
import { startRedis } from '../../support/redis-server.ts';
import { budgetSetting } from './budget-of.ts';
import { createWorld } from './world.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());
beforeEach(() => redis.flushall());

function setUp() {
  const world = createWorld(redis);
  return { world, status: createBudgetStatus(world) };
}

describe('the status of a budget', () => {
  test('says what is spent, what is left, and which thresholds were told', async () => {
    const { world, status } = setUp();
    const parts = { name: 'All of it', projectedThresholdsPercent: [100], channels: ['mail'] };
    world.put('budget', 'acme', budgetSetting('b1', parts));
    await world.spend('2.6');
    await world.check.checkWorkspace('acme');
    await world.spend('0.4');
    expect(await status.list('acme')).toEqual([
      {
        id: 'b1',
        version: 1,
        name: 'All of it',
        scope: { dimension: 'workspace' },
        period: {
          every: 'month',
          startsOn: 1,
          from: '2036-11-01T00:00:00.000Z',
          to: '2036-12-01T00:00:00.000Z',
          timeZone: 'UTC',
        },
        limitUsd: '5',
        spentUsd: '3',
        remainingUsd: '2',
        usedPercent: '60.0',
        daysLeft: 15,
        projectedUsd: '6',
        projectedPercent: '120.0',
        outlook: 'over',
        thresholds: [
          { percent: 50, of: 'spend', amountUsd: '2.5', state: 'told' },
          { percent: 75, of: 'spend', amountUsd: '3.75', state: 'armed' },
          { percent: 90, of: 'spend', amountUsd: '4.5', state: 'armed' },
          { percent: 100, of: 'spend', amountUsd: '5', state: 'armed' },
          { percent: 100, of: 'projection', amountUsd: '5', state: 'told' },
        ],
        lastNoticeUsd: '2.6',
        channels: ['mail'],
      },
    ]);
  });

  test('is early before a tenth of the period, unless the limit is spent already', async () => {
    const { world, status } = setUp();
    world.put('budget', 'acme', budgetSetting('b1'), budgetSetting('b2', { limitUsd: '0.5' }));
    world.clock.ms = Date.parse('2036-11-02T00:00:00Z');
    await world.spend('1');
    expect((await status.list('acme')).map(({ outlook }) => outlook)).toEqual([
      'too-early',
      'over',
    ]);
    world.clock.ms = Date.parse('2036-11-25T00:00:00Z');
    expect(await status.list('acme')).toMatchObject([
      { outlook: 'under' },
      { outlook: 'over', remainingUsd: '-0.5', usedPercent: '200.0' },
    ]);
  });

  test('of a workspace without budgets is empty, and asks for no sums', async () => {
    const { status } = setUp();
    expect(await status.list('acme')).toEqual([]);
    expect(await redis.dbsize()).toBe('0');
  });
});

describe('an explanation', () => {
  test('gives the decision with its reason, and the way to it, and tells nobody', async () => {
    const { world, status } = setUp();
    world.put('budget', 'acme', budgetSetting('b1'));
    await world.spend('4');
    const before = await status.explain('acme', 'b1');
    expect(before?.decision).toEqual({
      kind: 'tell',
      of: 'spend',
      reason: 'crossed',
      percent: 75,
      thresholdUsd: '3.75',
      amountUsd: '4',
      passedPercents: [50, 75],
      severity: 'medium',
      next: { percent: 90, amountUsd: '4.5', remainingUsd: '0.5' },
    });
    expect(world.published).toEqual([]);
    await world.check.checkWorkspace('acme');
    const after = await status.explain('acme', 'b1');
    expect(after?.decision).toMatchObject({ kind: 'quiet', reason: 'already-told' });
    expect(after?.projectionDecision).toEqual({
      kind: 'quiet',
      of: 'projection',
      reason: 'no-thresholds',
    });
    expect(after?.steps).toEqual([
      'It watches what the whole workspace costs, with a monthly limit of $5.00.',
      'The present period is 1 Nov 2036, 00:00 to 1 Dec 2036, 00:00 (UTC).',
      'In it $4.00 was spent, 80 % of the limit.',
      'At 2036-11-16T00:00:00.000Z a spend of $4.00 was told, 80 % of the limit of then; no more than that, in amount and in percent, is told again.',
      'Of spend nothing is told: everything it has reached was told already. The next threshold is 90 %, at $4.50: $0.50 more.',
    ]);
  });

  test('speaks of the projection where it has thresholds', async () => {
    const { world, status } = setUp();
    const scope = { dimension: 'label', key: 'env', value: 'prod' } as const;
    const parts = { scope, projectedThresholdsPercent: [100], thresholdsPercent: [] };
    world.put('budget', 'acme', budgetSetting('b1', parts));
    await world.spend('2.5', { labels: { env: 'prod' } });
    const before = await status.explain('acme', 'b1');
    expect(before?.steps).toContain(
      'Of the projected total, the next check tells that 100 % of the limit is reached (high).',
    );
    await world.check.checkWorkspace('acme');
    const after = await status.explain('acme', 'b1');
    expect(after?.steps).toContain(
      'At 2036-11-16T00:00:00.000Z a projected total of $5.00 was told.',
    );
  });

  test('of a budget that is not there is none', async () => {
    const { world, status } = setUp();
    world.put('budget', 'acme', budgetSetting('b1'));
    expect(await status.explain('acme', 'b2')).toBeUndefined();
  });
});
