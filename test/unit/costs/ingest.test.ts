import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../../src/core/errors.ts';
import type { Entry } from '../../../src/costs/entry.ts';
import { type CostEvent, MAX_AHEAD_MS } from '../../../src/costs/event.ts';
import { createIngest, type IngestReport } from '../../../src/costs/ingest.ts';
import { createLedger } from '../../../src/costs/ledger.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import type { Applied, Repeat } from '../../../src/costs/rollups/rollups.ts';
import { costEvent } from '../../support/events.ts';
import { createMemoryWarehouse } from '../../support/memory-warehouse.ts';
import { nothingAwaited } from '../../support/nothing-awaited.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;
const at = (ms: number) => new Date(ms).toISOString();
const event = (id: string, parts: Partial<CostEvent> = {}) =>
  costEvent({ id, timestamp: at(NOW - 60_000), ...parts });
const messageOf = (...events: unknown[]) => Buffer.from(JSON.stringify({ events }));

/** Rollups that count in memory, and can be told to forget or to fail. */
function fakeRollups(calls: string[], clock: { now: number }) {
  const counted = new Map<string, Entry>();
  return {
    counted,
    beforeApply: async (_workspaceId: string): Promise<void> => {},
    async apply(workspaceId: string, entries: readonly Entry[]): Promise<Applied> {
      calls.push(`apply ${workspaceId}`);
      await this.beforeApply(workspaceId);
      const repeats: Repeat[] = [];
      for (const entry of entries) {
        const identity = `${workspaceId}/${entry.entryId}`;
        const known = counted.get(identity);
        if (known === undefined) counted.set(identity, entry);
        else {
          const kind = known.contentHash === entry.contentHash ? 'duplicate' : 'conflict';
          repeats.push({ entry, kind });
        }
      }
      return { repeats, movements: [], rebuilt: false };
    },
    rememberedSince: () => clock.now - 48 * HOUR,
  };
}

function setUp() {
  const clock = { now: NOW };
  const warehouse = createMemoryWarehouse();
  const { calls } = warehouse;
  const rollups = fakeRollups(calls, clock);
  const ledger = createLedger({ warehouse, now: () => clock.now });
  const reports: IngestReport[] = [];
  const refusedIds = new Set<string>();
  const book = createPriceBook();
  const asked: string[][] = [];
  const options = {
    ledger: {
      ...ledger,
      async append(entries: readonly Entry[]) {
        await ledger.append(entries.filter((entry) => !refusedIds.has(entry.entryId)));
        const refused = entries.filter((entry) => refusedIds.has(entry.entryId));
        return { refused: refused.map((entry) => ({ entry, detail: 'model: no such field' })) };
      },
    },
    rollups,
    warehouse,
    awaited: nothingAwaited,
    prices: async (workspaceIds: Iterable<string>) => {
      asked.push([...workspaceIds]);
      return book;
    },
    now: () => clock.now,
    onReport: (report: IngestReport) => {
      calls.push('report');
      reports.push(report);
    },
  };
  const { ingest } = createIngest(options);
  let messages = 0;
  const deliver = (...events: unknown[]) =>
    ingest({ messageId: `m${++messages}`, data: messageOf(...events) });
  return { clock, warehouse, calls, rollups, reports, refusedIds, asked, options, ingest, deliver };
}

const quarantineOf = (warehouse: ReturnType<typeof createMemoryWarehouse>) =>
  warehouse.tables.cost_events_quarantine!.map((row) => `${row.reason} ${row.event_id}`);

describe('the way of an event', () => {
  test('is append, then apply, then quarantine, then the report, and only then the answer', async () => {
    const { calls, deliver } = setUp();
    await deliver(event('a'), { id: 'bad' });
    calls.push('answered');
    expect(calls).toEqual([
      'insert cost_events',
      'apply acme',
      'insert cost_events_quarantine',
      'report',
      'answered',
    ]);
  });

  test('waits for each step to end before the next begins', async () => {
    const { calls, warehouse, rollups, deliver } = setUp();
    const slowly = async (step: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      calls.push(`${step} done`);
    };
    warehouse.beforeInsert = slowly;
    rollups.beforeApply = slowly;
    await deliver(event('a'), { id: 'bad' });
    expect(calls).toEqual([
      'insert cost_events',
      'cost_events done',
      'apply acme',
      'acme done',
      'insert cost_events_quarantine',
      'cost_events_quarantine done',
      'report',
    ]);
  });

  test('leads messages that arrive together through one commit, each workspace apart', async () => {
    const { asked, calls, reports, deliver } = setUp();
    await Promise.all([
      deliver(event('a'), event('a', { workspaceId: 'globex' })),
      deliver(event('b')),
    ]);
    expect(calls).toEqual(['insert cost_events', 'apply acme', 'apply globex', 'report']);
    expect(reports).toMatchObject([{ counted: 3, duplicates: 0, quarantined: [] }]);
    expect(asked).toEqual([['acme', 'globex']]);
  });
});

describe('the amount of an event', () => {
  const rowOf = async (parts: Partial<CostEvent>) => {
    const { warehouse, rollups, deliver } = setUp();
    const { costUsd: _, ...unpriced } = event('a');
    await deliver({ ...unpriced, ...parts });
    const [row] = warehouse.tables.cost_events!;
    const { costNanoUsd, unpricedEvents } = rollups.counted.get('acme/a')!;
    return { row, costNanoUsd, unpricedEvents };
  };

  test('that is reported is taken to the last nano-dollar', async () => {
    const { row, costNanoUsd } = await rowOf({
      costUsd: '9007199.254740993',
      usage: { inputTokens: 1 },
    });
    expect(row).toMatchObject({ cost_usd: '9007199.254740993', cost_source: 'reported' });
    expect(row).not.toHaveProperty('price_version');
    expect(costNanoUsd).toBe(9_007_199_254_740_993n);
  });

  test('that is not reported is priced from usage, and the row says by which price', async () => {
    const { row, costNanoUsd } = await rowOf({ usage: { inputTokens: 4808, outputTokens: 10 } });
    expect(costNanoUsd).toBe(12_120_000n);
    expect(row).toMatchObject({
      cost_usd: '0.01212',
      cost_source: 'price_book',
      price_version: expect.stringMatching(/^genai-prices@/),
      unpriced_events: 0,
    });
  });

  test.each([
    [{ model: 'no-such-model' }, 'unknown-model'],
    [{ provider: 'no-such-provider' }, 'unknown-provider'],
  ])('that nobody knows is counted as unpriced, with the reason: %j', async (parts, reason) => {
    const { row, costNanoUsd, unpricedEvents } = await rowOf({
      ...parts,
      usage: { inputTokens: 1 },
    });
    expect([costNanoUsd, unpricedEvents]).toEqual([0n, 1]);
    expect(row).toMatchObject({
      cost_usd: '0',
      cost_source: 'unpriced',
      unpriced_reason: reason,
      unpriced_events: 1,
      events: 1,
    });
  });

  test('that is reported as nothing is nothing, not unpriced', async () => {
    const { row } = await rowOf({ costUsd: '0', model: 'no-such-model' });
    expect(row).toMatchObject({ cost_usd: '0', cost_source: 'reported', unpriced_events: 0 });
  });
});

describe('a repeat', () => {
  test('within a commit is appended and counted once', async () => {
    const { warehouse, reports, deliver } = setUp();
    await Promise.all([deliver(event('a'), event('a')), deliver(event('a'))]);
    expect(warehouse.tables.cost_events).toHaveLength(1);
    expect(reports).toMatchObject([{ counted: 1, duplicates: 2, quarantined: [] }]);
  });

  test('in a later delivery is appended again but not counted', async () => {
    const { warehouse, rollups, reports, deliver } = setUp();
    await deliver(event('a'));
    await deliver(event('a'), event('b'));
    expect(warehouse.tables.cost_events).toHaveLength(3);
    expect(warehouse.costs()).toHaveLength(2);
    expect(rollups.counted.size).toBe(2);
    expect(reports).toMatchObject([
      { counted: 1, duplicates: 0 },
      { counted: 1, duplicates: 1 },
    ]);
  });

  test('with other content is a conflict: never counted, set aside, and out of the view', async () => {
    const { warehouse, rollups, reports, deliver } = setUp();
    await deliver(event('a'), event('a', { costUsd: '5' }));
    await deliver(event('a', { costUsd: '7', timestamp: at(NOW - HOUR) }));
    expect(quarantineOf(warehouse)).toEqual(['conflict a', 'conflict a']);
    expect(warehouse.costs().map((row) => row.cost_usd)).toEqual(['0.0035']);
    expect([...rollups.counted.values()].map((entry) => entry.costNanoUsd)).toEqual([3_500_000n]);
    expect(reports.map(({ counted, duplicates }) => [counted, duplicates])).toEqual([
      [1, 0],
      [0, 0],
    ]);
  });

  test('beside a conflict in one commit is still a repeat of what counts, and stays in the ledger', async () => {
    const { warehouse, rollups, reports, deliver } = setUp();
    await deliver(event('a'));
    await deliver(event('a', { costUsd: '5' }), event('a'), event('a', { costUsd: '6' }));
    expect(warehouse.costs().map((row) => row.cost_usd)).toEqual(['0.0035']);
    expect([...rollups.counted.values()].map((entry) => entry.costNanoUsd)).toEqual([3_500_000n]);
    expect(quarantineOf(warehouse)).toEqual(['conflict a', 'conflict a']);
    expect(reports.at(-1)).toMatchObject({ counted: 0, duplicates: 1 });
  });

  test('of an id in another workspace is no repeat', async () => {
    const { rollups, deliver } = setUp();
    await deliver(event('a'), event('a', { workspaceId: 'globex', costUsd: '9' }));
    expect(rollups.counted.size).toBe(2);
  });
});

describe('an event older than Redis remembers', () => {
  const old = (parts: Partial<CostEvent> = {}) =>
    event('old', { timestamp: at(NOW - 72 * HOUR), ...parts });

  test('counts once, although Redis has forgotten it: the ledger knows', async () => {
    const { clock, rollups, reports, calls, deliver } = setUp();
    await deliver(old());
    expect(calls).toContain('query entries_counted_before');
    clock.now += 50 * HOUR;
    rollups.counted.clear();
    await deliver(old());
    expect(rollups.counted.size).toBe(0);
    expect(reports.at(-1)).toMatchObject({ counted: 0, duplicates: 1 });
  });

  test('with other content is a conflict also after Redis has forgotten it', async () => {
    const { clock, warehouse, rollups, deliver } = setUp();
    await deliver(old());
    clock.now += 50 * HOUR;
    rollups.counted.clear();
    await deliver(old({ costUsd: '5' }));
    expect(rollups.counted.size).toBe(0);
    expect(quarantineOf(warehouse)).toEqual(['conflict old']);
    expect(warehouse.costs().map((row) => row.cost_usd)).toEqual(['0.0035']);
  });

  test('is looked for in its own workspace only', async () => {
    const { clock, rollups, deliver } = setUp();
    await deliver(old());
    clock.now += 50 * HOUR;
    await deliver(old({ workspaceId: 'globex' }), event('x', { timestamp: old().timestamp }));
    expect([...rollups.counted.keys()]).toEqual(['acme/old', 'globex/old', 'acme/x']);
  });

  test('that was appended but not counted a moment ago is counted when it comes again', async () => {
    const { rollups, warehouse, deliver } = setUp();
    rollups.beforeApply = () => Promise.reject(new Error('Redis is away'));
    await expect(deliver(old())).rejects.toThrow('Redis is away');
    expect(warehouse.tables.cost_events).toHaveLength(1);
    rollups.beforeApply = async () => {};
    await deliver(old());
    expect([...rollups.counted.keys()]).toEqual(['acme/old']);
  });

  test('is asked for whenever a clock ahead of ours may have counted it earlier', async () => {
    const { clock, calls, rollups, deliver } = setUp();
    const since = rollups.rememberedSince();
    await deliver(event('young', { timestamp: at(since + MAX_AHEAD_MS) }));
    expect(calls.filter((call) => call.startsWith('query'))).toEqual([]);
    await deliver(event('old', { timestamp: at(since + MAX_AHEAD_MS - 1) }));
    expect(calls.filter((call) => call.startsWith('query'))).toHaveLength(1);
    expect(clock.now).toBe(NOW);
  });
});

describe('a row the ledger refuses', () => {
  test('never reaches the rollups, and is set aside with the reason beside its neighbours', async () => {
    const { warehouse, rollups, reports, refusedIds, deliver } = setUp();
    refusedIds.add('b');
    await deliver(event('a'), event('b'), event('c'));
    expect([...rollups.counted.keys()]).toEqual(['acme/a', 'acme/c']);
    expect(warehouse.tables.cost_events_quarantine).toMatchObject([
      {
        reason: 'refused_by_ledger',
        detail: 'model: no such field',
        workspace_id: 'acme',
        event_id: 'b',
        payload: JSON.stringify(event('b')),
      },
    ]);
    expect(reports).toMatchObject([{ counted: 2, duplicates: 0 }]);
  });

  test('does not keep another event from counting under its id', async () => {
    const { rollups, options, reports } = setUp();
    const { append } = options.ledger;
    options.ledger.append = async (entries) => {
      const refused = entries.filter((entry) => entry.event.model === 'refused');
      await append(entries.filter((entry) => !refused.includes(entry)));
      return { refused: refused.map((entry) => ({ entry, detail: 'no' })) };
    };
    const { ingest } = createIngest(options);
    await ingest({ messageId: 'm', data: messageOf(event('a', { model: 'refused' }), event('a')) });
    expect([...rollups.counted.values()].map((entry) => entry.event.model)).toEqual(['gpt-4o']);
    expect(reports).toMatchObject([{ counted: 1, quarantined: [{ reason: 'refused_by_ledger' }] }]);
  });
});

describe('a failure', () => {
  const away = () => Promise.reject(new AppError({ code: 'x', message: 'away', retryable: true }));
  const failures: [string, (set: ReturnType<typeof setUp>) => void][] = [
    [
      'the prices',
      ({ options }) => {
        options.prices = away;
      },
    ],
    [
      'the ledger',
      ({ warehouse }) => {
        warehouse.beforeInsert = away;
      },
    ],
    [
      'the ledger as a memory',
      ({ warehouse }) => {
        warehouse.beforeQuery = away;
      },
    ],
    [
      'the rollups',
      ({ rollups }) => {
        rollups.beforeApply = away;
      },
    ],
    [
      'the quarantine',
      ({ warehouse }) => {
        warehouse.beforeInsert = async (table) => {
          if (table === 'cost_events_quarantine') await away();
        };
      },
    ],
  ];

  test.each(failures)(
    'of %s rejects every message of the commit, and each may come again',
    async (_, fail) => {
      const set = setUp();
      const healthy = { ...set.warehouse };
      fail(set);
      const { ingest } = createIngest(set.options);
      const messages = [
        messageOf(event('a'), { id: 'bad' }),
        messageOf(event('b', { timestamp: at(NOW - 72 * HOUR) })),
        messageOf(event('c', { workspaceId: 'globex' })),
      ].map((data, i) => ({ messageId: `m${i}`, data }));
      const answers = await Promise.allSettled(messages.map(ingest));
      expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
      expect(answers).toMatchObject([{ reason: { retryable: true } }, {}, {}]);
      expect(set.reports).toEqual([]);

      set.warehouse.beforeInsert = healthy.beforeInsert;
      set.warehouse.beforeQuery = healthy.beforeQuery;
      set.rollups.beforeApply = async () => {};
      await Promise.all(messages.map(set.ingest));
      expect([...set.rollups.counted.keys()].sort()).toEqual(['acme/a', 'acme/b', 'globex/c']);
      expect(set.warehouse.costs()).toHaveLength(3);
    },
  );
});

test('a workspace that cannot be counted fails the messages that hold it, and not its neighbours', async () => {
  const { options, rollups, reports, warehouse, ingest: again } = setUp();
  rollups.beforeApply = async (workspaceId) => {
    if (workspaceId === 'globex')
      throw new AppError({ code: 'x', message: 'away', retryable: true });
  };
  const { ingest } = createIngest(options);
  const globex = event('c', { workspaceId: 'globex' });
  const messages = [
    messageOf(event('a'), { id: 'bad' }),
    messageOf(event('b'), globex, { id: 'worse' }),
    messageOf(event('d')),
  ].map((data, i) => ({ messageId: `m${i}`, data }));
  const answers = await Promise.allSettled(messages.map(ingest));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(reports).toMatchObject([{ counted: 3, duplicates: 0, quarantined: [{ eventId: 'bad' }] }]);

  rollups.beforeApply = async () => {};
  await again(messages[1]!);
  expect(reports[1]).toMatchObject({
    counted: 1,
    duplicates: 1,
    quarantined: [{ eventId: 'worse' }],
  });
  expect([...rollups.counted.keys()].sort()).toEqual(['acme/a', 'acme/b', 'acme/d', 'globex/c']);
  expect(warehouse.costs()).toHaveLength(4);
});

describe('a malformed message', () => {
  test('is acknowledged once it is in quarantine, and asks nothing else', async () => {
    const { calls, warehouse, ingest } = setUp();
    await ingest({ messageId: 'm1', data: Buffer.from('not json') });
    expect(calls.filter((call) => call !== 'insert cost_events_quarantine')).toEqual(['report']);
    expect(quarantineOf(warehouse)).toEqual(['malformed_message undefined']);
  });
});

describe('whatever is delivered, repeated and failed', () => {
  test('counts each event once, and the ledger shows what was counted', async () => {
    const step = fc.record({
      events: fc.array(
        fc.record({
          id: fc.constantFrom('a', 'b', 'c', 'd'),
          costUsd: fc.constantFrom('1', '1.0', '2'),
          hoursAgo: fc.constantFrom(0, 1, 60),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      failAt: fc.constantFrom('', '', 'insert', 'query', 'apply', 'quarantine'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const { warehouse, rollups, ingest } = setUp();
        for (const [i, { events, failAt }] of steps.entries()) {
          const data = messageOf(
            ...events.map(({ id, costUsd, hoursAgo }) =>
              event(id, { costUsd, timestamp: at(NOW - 60_000 - hoursAgo * HOUR) }),
            ),
          );
          const failing = async () => {
            throw new Error(failAt);
          };
          warehouse.beforeInsert = async (table) => {
            if (failAt === 'insert' && table === 'cost_events') await failing();
            if (failAt === 'quarantine' && table !== 'cost_events') await failing();
          };
          warehouse.beforeQuery = failAt === 'query' ? failing : async () => {};
          rollups.beforeApply = failAt === 'apply' ? failing : async () => {};
          const answer = await ingest({ messageId: `m${i}`, data }).catch(() => 'again');
          warehouse.beforeInsert = async () => {};
          warehouse.beforeQuery = async () => {};
          rollups.beforeApply = async () => {};
          if (answer === 'again') await ingest({ messageId: `m${i}`, data });
        }
        const shown = warehouse.costs().map((row) => `${row.event_id} ${row.content_hash}`);
        const counted = [...rollups.counted.values()].map((e) => `${e.entryId} ${e.contentHash}`);
        expect(shown.sort()).toEqual(counted.sort());
      }),
      { numRuns: 300 },
    );
  });
});
