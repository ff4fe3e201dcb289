import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Alert } from '../../../src/alerts/alert.ts';
import { createAlertLog } from '../../../src/alerts/alert-log.ts';
import { createChannelDrain } from '../../../src/alerts/drain.ts';
import { createOutbox } from '../../../src/alerts/outbox.ts';
import { outboxKeys } from '../../../src/alerts/outbox-keys.ts';
import type { SendResult } from '../../../src/cloud/sending.ts';
import { formatInstant } from '../../../src/core/time.ts';
import { alertOf, channelOf } from '../../support/alerts.ts';
import { startRedis } from '../../support/redis-server.ts';
import { createWorld, failed, messageOf, START } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let world: ReturnType<typeof createWorld>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  world = createWorld(server.redis);
  await world.reset();
});

const raised = (id: string, atMs = START, parts: Partial<Alert> = {}) =>
  alertOf({ id, raisedAt: formatInstant(atMs), ...parts });
const deliver = (alert: unknown) => world.instance().deliver(messageOf(alert));
/** What a process that died leaves behind: its lock is gone once its time is over. */
const letLocksEnd = async () => {
  for (const channel of world.channels) await server.redis.del(outboxKeys.lock('acme', channel));
};

describe('an alert', () => {
  test('goes to each of its channels once, every step in the ledger', async () => {
    world.channels = [channelOf('mail'), channelOf('ops', undefined, { scope: '-' })];
    expect(await deliver(raised('a'))).toEqual({ kind: 'done', deliveries: 2 });
    expect(world.sent.sort()).toEqual(['a > mail', 'a > ops']);
    expect(world.steps().sort()).toEqual(
      ['queued', 'queued', 'sending 1', 'sending 1', 'sent 1', 'sent 1'].sort(),
    );
  });

  test('that comes again is not sent again, nor are rows written', async () => {
    await deliver(raised('a'));
    const rows = world.ledger.rows.length;
    expect(await deliver(raised('a'))).toEqual({ kind: 'done', deliveries: 1 });
    expect(world.sent).toEqual(['a > mail']);
    expect(world.ledger.rows).toHaveLength(rows);
  });

  test('that comes ten times at once is sent once to each channel, and each of the ten is done', async () => {
    world.channels = [channelOf('mail'), channelOf('slack')];
    world.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { kind: 'sent' };
    };
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => world.instance().deliver(messageOf(raised('a')))),
    );
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['done']));
    expect(world.sent.sort()).toEqual(['a > mail', 'a > slack']);
    expect(world.steps().filter((step) => step.startsWith('sending'))).toHaveLength(2);
  });

  test('that no channel takes is done, and the history says why', async () => {
    world.channels = [channelOf('mail', undefined, { minSeverity: 'critical' })];
    expect(await deliver(raised('a'))).toEqual({ kind: 'done', deliveries: 0 });
    expect(world.ledger.rows).toMatchObject([
      { event: 'skipped', detail: 'no channel takes it (acme/mail: too-mild)' },
    ]);
  });

  test('for a channel that is gone skips it and reaches the others', async () => {
    await deliver(raised('a', START, { channels: ['mail', 'gone'] }));
    expect(world.sent).toEqual(['a > mail']);
    expect(world.ledger.rows).toContainEqual(
      expect.objectContaining({ event: 'skipped', channel_scope: 'acme', channel_id: 'gone' }),
    );
  });

  test.each([
    ['not JSON', '{'],
    ['not an alert', '{"id":"a"}'],
    ['of no instant', JSON.stringify({ ...raised('a'), raisedAt: '2026-02-30T00:00:00Z' })],
  ])('that is %s is dropped with a word in the log', async (_, data) => {
    expect(await deliver(data)).toEqual({ kind: 'dropped', reason: 'malformed' });
    expect(world.reports).toMatchObject([{ kind: 'malformed', messageId: 'm1' }]);
    expect(world.ledger.rows).toEqual([]);
  });

  test('older than what is remembered is dropped', async () => {
    const old = raised('a', START - 8 * 86_400_000);
    expect(await deliver(old)).toEqual({ kind: 'dropped', reason: 'stale' });
    expect(world.sent).toEqual([]);
  });
});

describe('a channel that fails', () => {
  test('is tried again after 1 and 2 seconds within the call, then left to the next one', async () => {
    world.answer = async () => failed();
    const outcome = await deliver(raised('a'));
    expect(outcome).toMatchObject({ kind: 'waiting', waiting: 1 });
    expect(world.steps()).toEqual(
      ['queued'].concat([1, 2, 3].flatMap((n) => [`sending ${n}`, `failed ${n}`])),
    );
    expect(world.nowMs - START).toBe(3_000);
    expect(outcome).toMatchObject({ nextAttemptAtMs: START + 7_000 });
  });

  test('and is back later gets everything, in order, nothing twice', async () => {
    world.answer = async () => failed();
    for (const [id, at] of [
      ['a', 0],
      ['b', 10],
      ['c', 20],
    ] as const) {
      expect(await deliver(raised(id, START + at))).toMatchObject({ kind: 'waiting' });
    }
    world.answer = async () => ({ kind: 'sent' });
    world.nowMs += 60_000;
    for (const id of ['c', 'a', 'b']) {
      expect(await deliver(raised(id, START))).toMatchObject({ kind: 'done' });
    }
    expect(world.sent).toEqual(['a > mail', 'b > mail', 'c > mail']);
  });

  test('does not hold up the others', async () => {
    world.channels = [channelOf('mail'), channelOf('slack')];
    world.answer = async (_, { id }) => (id === 'mail' ? failed() : { kind: 'sent' });
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'waiting', waiting: 1 });
    expect(world.sent).toEqual(['a > slack']);
  });

  test('and asks for three seconds gets them, within the request', async () => {
    const at: number[] = [];
    world.answer = async () => {
      at.push(world.nowMs - START);
      return at.length === 1 ? failed({ retryAfterMs: 3_000 }) : { kind: 'sent' };
    };
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(at).toEqual([0, 3_000]);
  });

  test('and asks for a day is tried again after an hour', async () => {
    world.answer = async () => failed({ retryAfterMs: 86_400_000 });
    expect(await deliver(raised('a'))).toMatchObject({ nextAttemptAtMs: START + 3_600_000 });
  });

  test('for good is parked at once, with the reason, and holds up nothing', async () => {
    world.answer = async ({ id }) =>
      id === 'a' ? failed({ retryable: false, detail: 'HTTP 410' }) : { kind: 'sent' };
    expect(await deliver(raised('a'))).toEqual({ kind: 'done', deliveries: 1 });
    expect(await deliver(raised('b', START + 1))).toEqual({ kind: 'done', deliveries: 1 });
    expect(world.steps('a')).toEqual(['queued', 'sending 1', 'parked 1']);
    expect(world.reports[0]).toMatchObject({ kind: 'parked', alertId: 'a', detail: 'HTTP 410' });
    expect(world.sent).toEqual(['b > mail']);
  });

  test('for six hours has the alert parked, with what was wrong at last', async () => {
    world.answer = async () => failed();
    await deliver(raised('a'));
    world.nowMs = START + 6 * 3_600_000 + 1;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(world.ledger.rows.at(-1)).toMatchObject({
      event: 'parked',
      detail: 'not delivered within 6 hours; at last: away',
    });
  });

  test('may be removed meanwhile: what waited for it is skipped', async () => {
    world.answer = async () => failed();
    await deliver(raised('a'));
    world.channels = [];
    world.nowMs += 60_000;
    await world.instance().drain();
    expect(world.steps().at(-1)).toBe('skipped 3');
  });
});

describe('an attempt whose end nobody saw', () => {
  /** Delivers up to the end of the first send, and dies. */
  async function dieAfterSend(alert: Alert): Promise<void> {
    const until = new Promise<void>((resolve) => {
      world.answer = async () => {
        world.sent.push(`${alert.id} > mail`);
        resolve();
        return new Promise<SendResult>(() => {});
      };
    });
    void deliver(alert);
    await until;
    world.answer = async () => ({ kind: 'sent' });
  }

  test('is waited for while it may still be under way', async () => {
    await dieAfterSend(raised('a'));
    await letLocksEnd();
    expect(await deliver(raised('a'))).toEqual({
      kind: 'waiting',
      waiting: 1,
      nextAttemptAtMs: START + 30_000,
    });
    expect(world.sent).toHaveLength(1);
  });

  test('is repeated once after that, and counted as ambiguous', async () => {
    await dieAfterSend(raised('a'));
    await letLocksEnd();
    world.nowMs += 30_000;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(world.sent).toHaveLength(2);
    expect(world.steps()).toEqual([
      'queued',
      'sending 1',
      'sending 2 ambiguous',
      'sent 2 ambiguous',
    ]);
    expect(world.reports).toContainEqual(
      expect.objectContaining({ kind: 'ambiguous', alertId: 'a', attempt: 2, ambiguous: 1 }),
    );
  });

  test('is found by the schedule when its message never comes again', async () => {
    await dieAfterSend(raised('a'));
    await server.redis.flushall();
    world.nowMs += 30_000;
    expect(await world.instance().drain()).toEqual({
      workspaces: 1,
      waitingChannels: 0,
      failed: [],
    });
    expect(world.steps().slice(-2)).toEqual(['sending 2 ambiguous', 'sent 2 ambiguous']);
  });

  test('but reached the ledger is not repeated', async () => {
    await dieAfterSend(raised('a'));
    await letLocksEnd();
    const log = createAlertLog({ warehouse: world.ledger });
    const channel = { scope: 'acme', id: 'mail', kind: 'email' };
    await log.append([
      { event: 'sent', alert: raised('a'), channel, attempt: 1, ambiguous: false, atMs: START },
    ]);
    world.nowMs += 30_000;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(world.sent).toHaveLength(1);
  });

  test('because the receiver was silent makes the next attempts ambiguous', async () => {
    let attempts = 0;
    world.answer = async () => {
      attempts += 1;
      return attempts === 1 ? failed({ ambiguous: true }) : { kind: 'sent' };
    };
    await deliver(raised('a'));
    expect(world.steps()).toEqual([
      'queued',
      'sending 1',
      'failed 1 ambiguous',
      'sending 2 ambiguous',
      'sent 2 ambiguous',
    ]);
  });

  test('does not repeat for ever', async () => {
    world.answer = async () => failed({ ambiguous: true });
    for (let pushes = 0; pushes < 60; pushes += 1) {
      await deliver(raised('a'));
      world.nowMs += 300_000;
    }
    expect(world.ledger.rows.at(-1)).toMatchObject({
      event: 'parked',
      detail: '20 attempts may have repeated a message that had arrived',
    });
  });
});

describe('Redis lost while the ledger shows its newest rows late', () => {
  beforeEach(() => {
    world.ledgerLateMs = 5_000;
  });

  test('what was sent just before is not sent again: the repeat waits for the ledger', async () => {
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    world.nowMs += 1_000;
    await server.redis.flushall();
    expect(await deliver(raised('a'))).toEqual({
      kind: 'waiting',
      waiting: 1,
      nextAttemptAtMs: START + 11_000,
    });
    world.nowMs += 10_000;
    expect(await deliver(raised('a'))).toEqual({ kind: 'done', deliveries: 1 });
    expect(world.sent).toEqual(['a > mail']);
  });

  test('an attempt that was begun just before is repeated as an ambiguous one', async () => {
    world.ledger.beforeInsert = async (rows) => {
      if (rows[0]!.json.event === 'sent') throw new Error('killed');
    };
    await expect(deliver(raised('a'))).rejects.toThrow('killed');
    world.ledger.beforeInsert = async () => {};
    world.nowMs += 1_000;
    await server.redis.flushall();
    await deliver(raised('a'));
    world.nowMs += 30_000;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(world.sent).toHaveLength(2);
    expect(world.steps().slice(-2)).toEqual(['sending 2 ambiguous', 'sent 2 ambiguous']);
  });

  test('a second attempt that was made just before is not made again', async () => {
    world.answer = async () => failed({ retryAfterMs: 6_000 });
    await deliver(raised('a'));
    world.answer = async () => ({ kind: 'sent' });
    world.nowMs += 6_000;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    await server.redis.flushall();
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'waiting' });
    world.nowMs += 10_000;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(world.sent).toEqual(['a > mail']);
  });

  test('an alert raised since is told at once, also in a workspace that Redis did not know', async () => {
    await server.redis.flushall();
    await world.instance().markMemory();
    world.nowMs += 1;
    expect(await deliver(raised('b', world.nowMs))).toEqual({ kind: 'done', deliveries: 1 });
    expect(world.nowMs).toBe(START + 1);
  });

  test('a row that shows its end before the row that queued it counts', async () => {
    await deliver(raised('a'));
    world.nowMs += 60_000;
    await server.redis.flushall();
    const hideQueued = () => {
      const shown = world.ledger.rows.filter((row) => row.event !== 'queued');
      world.ledger.rows.splice(0, Infinity, ...shown);
    };
    hideQueued();
    await deliver(raised('a'));
    hideQueued();
    world.nowMs += 10_000;
    expect(await deliver(raised('a'))).toEqual({ kind: 'done', deliveries: 1 });
    expect(world.sent).toEqual(['a > mail']);
  });

  test('a copy that does not take what the ledger knows ends in an error, not in a loop', async () => {
    world.ledgerLateMs = 0;
    await deliver(raised('a'));
    await server.redis.flushall();
    const now = () => START + 10_000;
    const log = createAlertLog({ warehouse: world.ledger });
    const outbox = createOutbox({ redis: server.redis, log: { rows: async () => [] }, now });
    await server.redis.set(outboxKeys.memory, START);
    await outbox.ensureWhole('acme');
    await outbox.queue({
      alert: raised('a'),
      channel: { scope: 'acme', id: 'mail' },
      state: { phase: 'queued' },
    });
    const drain = createChannelDrain({
      outbox: { ...outbox, merge: async () => {} },
      log,
      channels: async () => world.channels,
      send: () => Promise.reject(new Error('nothing is to be sent')),
      onReport: () => {},
      now,
    });
    await expect(
      drain('acme', { scope: 'acme', id: 'mail' }, START + 20_000),
    ).rejects.toMatchObject({ code: 'outbox_absent', retryable: true });
  });
});

describe('when the ledger does not answer', () => {
  test('before an attempt nothing is sent', async () => {
    world.ledger.beforeInsert = async (rows) => {
      if (rows[0]!.json.event === 'sending') throw new Error('BigQuery is away');
    };
    await expect(deliver(raised('a'))).rejects.toThrow('BigQuery is away');
    expect(world.sent).toEqual([]);
  });

  test('after one it is not sent again: Redis knows, and the ledger is told later', async () => {
    world.ledger.beforeInsert = async (rows) => {
      if (rows[0]!.json.event === 'sent') throw new Error('BigQuery is away');
    };
    await expect(deliver(raised('a'))).rejects.toThrow('BigQuery is away');
    world.ledger.beforeInsert = async () => {};
    world.nowMs += 60_000;
    expect(await deliver(raised('a'))).toMatchObject({ kind: 'done' });
    expect(world.sent).toEqual(['a > mail']);
    expect(world.steps()).toEqual(['queued', 'sending 1', 'sent 1']);
  });
});

describe('the schedule', () => {
  test('delivers an alert whose message was lost, once it is overdue', async () => {
    const log = createAlertLog({ warehouse: world.ledger });
    await log.appendRaised(raised('a'));
    world.nowMs += 60_000;
    expect((await world.instance().drain()).workspaces).toBe(0);
    world.nowMs += 1;
    await world.instance().drain();
    expect(world.sent).toEqual(['a > mail']);
    expect((await world.instance().drain()).workspaces).toBe(0);
  });

  test("finishes what Pub/Sub gave up, and one workspace's trouble is its own", async () => {
    world.channels = [channelOf('mail'), channelOf('mail', undefined, { scope: 'other' })];
    world.answer = async () => failed();
    await deliver(raised('a'));
    await deliver(raised('b', START, { workspaceId: 'other' }));
    world.answer = async () => ({ kind: 'sent' });
    world.nowMs += 60_000;
    world.ledger.beforeQuery = async ({ params }) => {
      if (params?.workspaceId === 'acme') throw new Error('away');
    };
    expect(await world.instance().drain()).toEqual({
      workspaces: 2,
      waitingChannels: 0,
      failed: [{ workspaceId: 'acme', reason: 'away' }],
    });
    expect(world.sent).toEqual(['b > mail']);
  });

  test('begins with no workspace once its time is over', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `w${n}`);
    const log = createAlertLog({ warehouse: world.ledger });
    for (const id of ids) await log.appendRaised(raised(id, START, { workspaceId: id }));
    world.channels = ids.map((scope) => channelOf('mail', undefined, { scope }));
    world.nowMs += 61_000;
    world.answer = async () => {
      world.nowMs += 45_000;
      return { kind: 'sent' };
    };
    const asked = new Set<unknown>();
    world.ledger.beforeQuery = async ({ params }) => void asked.add(params?.workspaceId);
    expect(await world.instance().drain()).toMatchObject({ workspaces: 20, failed: [] });
    asked.delete(undefined);
    // The eight that are taken at once.
    expect(asked.size).toBe(8);
    world.answer = async () => ({ kind: 'sent' });
    while ((await world.instance().drain()).workspaces > 0);
    expect(new Set(world.sent).size).toBe(20);
    expect(world.sent).toHaveLength(20);
  });

  test('run ten times at once sends nothing twice', async () => {
    world.answer = async () => failed();
    for (const id of ['a', 'b', 'c']) await deliver(raised(id, START + id.charCodeAt(0)));
    world.answer = async () => ({ kind: 'sent' });
    world.nowMs += 60_000;
    await Promise.all(Array.from({ length: 10 }, () => world.instance().drain()));
    expect(world.sent).toEqual(['a > mail', 'b > mail', 'c > mail']);
  });
});

describe('with Redis lost at any moment', () => {
  test('nothing is sent twice unless it is counted, and nothing is forgotten', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 4 }),
        fc.array(fc.constantFrom('a', 'b'), { minLength: 2, maxLength: 4 }),
        fc.constantFrom(0, 5_000),
        async (losses, ids, ledgerLateMs) => {
          world = createWorld(server.redis);
          await world.reset();
          world.ledgerLateMs = ledgerLateMs;
          let calls = 0;
          const tick = async () => {
            calls += 1;
            if (!losses.includes(calls)) return;
            await server.redis.flushall();
            // Time for others to rebuild and to take over.
            await new Promise((resolve) => setTimeout(resolve, 15));
          };
          world.ledger.beforeInsert = tick;
          world.ledger.afterInsert = tick;
          world.ledger.beforeQuery = tick;
          world.answer = async () => {
            await tick();
            await new Promise((resolve) => setTimeout(resolve, 1));
            return { kind: 'sent' };
          };
          await Promise.allSettled(
            ids.map((id) => world.instance().deliver(messageOf(raised(id)))),
          );
          for (let runs = 0; runs < 6; runs += 1) {
            world.nowMs += 31_000;
            await Promise.allSettled(
              ids.map((id) => world.instance().deliver(messageOf(raised(id)))),
            );
          }
          for (const id of new Set(ids)) {
            const times = world.sent.filter((one) => one === `${id} > mail`).length;
            const counted = world.steps(id).filter((one) => /^sending.*ambiguous/.test(one)).length;
            expect(times).toBeGreaterThanOrEqual(1);
            expect(times).toBeLessThanOrEqual(1 + counted);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
