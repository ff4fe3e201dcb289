import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCheckRequest } from '../../../src/budgets/check-request.ts';
import { createCrossingReport, type Moved } from '../../../src/budgets/crossing.ts';
import { spanAt } from '../../../src/core/periods.ts';
import { createMeter, type Movement } from '../../../src/costs/rollups/meters.ts';
import type { Setting } from '../../../src/settings/kinds.ts';
import { budgetOf, budgetSetting, usd } from './budget-of.ts';

const NOW = Date.parse('2026-11-16T00:00:00Z');
const { meter } = budgetOf({});

function movement(before: string, after: string, parts: Partial<Movement> = {}): Movement {
  const span = spanAt(meter.calendar, NOW);
  return { meter, span, before: usd(before), after: usd(after), ...parts };
}

/** What a report asks for, budget settings being these. */
async function ask(
  budgets: Setting<'budget'>[],
  moved: Partial<Moved>,
  failing: { list?: boolean; publish?: boolean } = {},
) {
  const asked: unknown[] = [];
  const errors: string[] = [];
  let lists = 0;
  const report = createCrossingReport({
    settings: {
      async list() {
        lists += 1;
        if (failing.list) throw new Error('settings are away');
        return budgets as never;
      },
    },
    publisher: {
      async publish(data) {
        if (failing.publish) throw new Error('the topic is away');
        asked.push(parseCheckRequest(data));
        return '1';
      },
    },
    now: () => NOW,
    onError: (error) => errors.push((error as Error).message),
  });
  await report('acme', { movements: [], rebuilt: false, ...moved });
  return { asked, errors, lists };
}

describe('after a batch was counted', () => {
  test.each([
    ['one nano-dollar below a threshold', '2.4', '2.499999999', false],
    ['exactly onto a threshold', '2.499999999', '2.5', true],
    ['from a threshold on', '2.5', '3.7', false],
    ['over several', '0', '9', true],
    ['beyond the last', '5', '50', false],
    ['downwards', '3', '2', false],
  ])('a movement %s', async (_, before, after, asks) => {
    const { asked } = await ask([budgetSetting('b1')], { movements: [movement(before, after)] });
    expect(asked).toEqual(asks ? [{ workspaceId: 'acme', budgetIds: ['b1'] }] : []);
  });

  test('only the budgets that were crossed are named, in one message', async () => {
    const other = { dimension: 'agent', value: 'a1' } as const;
    const budgets = [
      budgetSetting('b1'),
      budgetSetting('b2', { limitUsd: '100' }),
      budgetSetting('b3', { limitUsd: '4.4' }),
      budgetSetting('b4', { scope: other }),
    ];
    const { asked } = await ask(budgets, { movements: [movement('2', '2.6')] });
    expect(asked).toEqual([{ workspaceId: 'acme', budgetIds: ['b1', 'b3'] }]);
  });

  test('a projection that reaches its threshold asks too, but not early in the period', async () => {
    const budgets = [
      budgetSetting('b1', { thresholdsPercent: [], projectedThresholdsPercent: [100] }),
    ];
    const within = { movements: [movement('2.4', '2.5')] };
    expect((await ask(budgets, within)).asked).toHaveLength(1);
    const calendar = { every: 'month', startsOn: 15, timeZone: 'UTC' } as const;
    const young = createMeter({ dimension: 'workspace' }, calendar);
    const early = budgetSetting('b1', {
      period: { every: 'month', startsOn: 15 },
      thresholdsPercent: [],
      projectedThresholdsPercent: [100],
    });
    const span = spanAt(calendar, NOW);
    const moved = { movements: [movement('0', '4', { meter: young, span })] };
    expect((await ask([early], moved)).asked).toEqual([]);
  });

  test('what moved in a period that is over or to come is nobody’s business', async () => {
    const present = spanAt(meter.calendar, NOW);
    const past = spanAt(meter.calendar, present.startMs - 1);
    const next = spanAt(meter.calendar, present.endMs);
    const movements = [movement('0', '9', { span: past }), movement('0', '9', { span: next })];
    expect((await ask([budgetSetting('b1')], { movements })).asked).toEqual([]);
  });

  test('in which sums were rebuilt every budget is checked', async () => {
    const { asked } = await ask([budgetSetting('b1')], { rebuilt: true });
    expect(asked).toEqual([{ workspaceId: 'acme' }]);
    expect((await ask([], { rebuilt: true })).asked).toEqual([]);
  });

  test('that moved nothing no setting is even read', async () => {
    expect(await ask([budgetSetting('b1')], {})).toEqual({ asked: [], errors: [], lists: 0 });
  });

  test.each([
    [{ list: true }, 'settings are away'],
    [{ publish: true }, 'the topic is away'],
  ])('trouble is reported and fails nobody: %j', async (failing, message) => {
    const moved = { movements: [movement('0', '9')] };
    expect((await ask([budgetSetting('b1')], moved, failing)).errors).toEqual([message]);
  });

  test('however spend grows in steps, each threshold is asked about by exactly one step', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt({ min: 0n, max: usd('2') }), { maxLength: 12 }),
        async (steps) => {
          let before = 0n;
          let asks = 0;
          let crossings = 0;
          for (const more of steps) {
            const after = before + more;
            const moved = { movements: [movement('0', '0', { before, after })] };
            asks += (await ask([budgetSetting('b1')], moved)).asked.length;
            const reached = (amount: bigint) =>
              [50n, 75n, 90n, 100n].filter((p) => amount * 100n >= usd('5') * p);
            if (reached(after).length > reached(before).length) crossings += 1;
            before = after;
          }
          expect(asks).toBe(crossings);
        },
      ),
    );
  });
});
