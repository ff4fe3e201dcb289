import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createAlertLog } from '../../../src/alerts/alert-log.ts';
import type { DeliveryState } from '../../../src/alerts/delivery-state.ts';
import { createOutbox, type OutboxEntry } from '../../../src/alerts/outbox.ts';
import { outboxKeys } from '../../../src/alerts/outbox-keys.ts';
import { NAME_PATTERN } from '../../../src/core/ids.ts';
import { createAlertLedger } from '../../support/alert-ledger.ts';
import { alertOf } from '../../support/alerts.ts';
import { startRedis } from '../../support/redis-server.ts';
import { START } from './harness.ts';

const MAIL = { scope: 'acme', id: 'mail', kind: 'email' };
const QUEUED: OutboxEntry = {
  alert: alertOf({ id: 'a' }),
  channel: MAIL,
  state: { phase: 'queued' },
};
const SENDING: DeliveryState = {
  phase: 'sending',
  attempt: 1,
  startedAtMs: START,
  doubt: false,
  ambiguous: 0,
};

let server: Awaited<ReturnType<typeof startRedis>>;
let ledger: ReturnType<typeof createAlertLedger>;
let outbox: ReturnType<typeof createOutbox>;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.redis.flushall();
  ledger = createAlertLedger();
  outbox = createOutbox({
    redis: server.redis,
    log: createAlertLog({ warehouse: ledger }),
    now: () => START,
  });
});

describe('a copy that is not whole', () => {
  test('takes nothing in and lets nobody send', async () => {
    await expect(outbox.queue(QUEUED)).rejects.toMatchObject({ code: 'outbox_absent' });
    await expect(outbox.lock('acme', MAIL)).rejects.toMatchObject({ code: 'outbox_absent' });
    expect(await server.redis.keys('*')).toEqual([]);
  });

  test('is not declared whole when Redis is lost while the ledger is read', async () => {
    ledger.beforeQuery = async () => void (await server.redis.flushall());
    await expect(outbox.ensureWhole('acme')).rejects.toMatchObject({ code: 'outbox_absent' });
    expect(await server.redis.exists(outboxKeys.whole('acme'))).toBe('0');
  });

  test('is rebuilt from thousands of deliveries with few round trips', async () => {
    const log = createAlertLog({ warehouse: ledger });
    const alerts = Array.from({ length: 3_000 }, (_, n) => alertOf({ id: `a${n}` }));
    await log.append(
      alerts.map((alert) => ({ event: 'queued', alert, channel: MAIL, atMs: START })),
    );
    const reads = async () => {
      const info = await server.redis.info('stats');
      return Number(/total_reads_processed:(\d+)/.exec(info)![1]);
    };
    const before = await reads();
    await outbox.ensureWhole('acme');
    // A large batch is read in several pieces.
    expect((await reads()) - before).toBeLessThan(1_000);
    expect(await server.redis.zcard(outboxKeys.queue('acme', MAIL))).toBe('3000');
  });

  test('is rebuilt though the ledger takes longer than the lock lives', async () => {
    const slow = createOutbox({
      redis: server.redis,
      log: createAlertLog({ warehouse: ledger }),
      now: () => START,
      rebuildLockMs: 150,
    });
    ledger.beforeQuery = () => new Promise((resolve) => setTimeout(resolve, 400));
    await slow.ensureWhole('acme');
    expect(await server.redis.exists(outboxKeys.whole('acme'))).toBe('1');
  });

  test('is rebuilt once, however many ask', async () => {
    let queries = 0;
    ledger.beforeQuery = async () => {
      queries += 1;
    };
    await Promise.all(Array.from({ length: 5 }, () => outbox.ensureWhole('acme')));
    expect(queries).toBe(1);
  });
});

describe('an attempt', () => {
  test('does not begin once the lock is lost, and leaves the delivery as it is', async () => {
    await outbox.ensureWhole('acme');
    await outbox.queue(QUEUED);
    const lock = await outbox.lock('acme', MAIL);
    await server.redis.set(outboxKeys.lock('acme', MAIL), 'somebody else');
    expect(await outbox.begin(lock!, { ...QUEUED, state: SENDING })).toBe(false);
    expect(await outbox.stateOf('acme', 'a', MAIL)).toEqual({ phase: 'queued' });
    await outbox.unlock(lock!);
    expect(await server.redis.get(outboxKeys.lock('acme', MAIL))).toBe('somebody else');
  });

  test('does not begin twice', async () => {
    await outbox.ensureWhole('acme');
    const lock = await outbox.lock('acme', MAIL);
    expect(await outbox.begin(lock!, { ...QUEUED, state: SENDING })).toBe(true);
    expect(await outbox.begin(lock!, { ...QUEUED, state: SENDING })).toBe(false);
  });
});

test('an end stays: no earlier state comes after it, and its text is not kept', async () => {
  const end = { attempt: 1, atMs: START, doubt: false, ambiguous: 0, recorded: true };
  await outbox.note({ ...QUEUED, state: { phase: 'ended', event: 'sent', ...end } });
  await outbox.note({ ...QUEUED, state: SENDING });
  expect(await outbox.stateOf('acme', 'a', MAIL)).toMatchObject({ phase: 'ended', event: 'sent' });
  expect(await server.redis.get(outboxKeys.delivery('acme', 'a', MAIL))).not.toContain('Acme');
  expect(await outbox.head('acme', MAIL)).toBeUndefined();
});

test('everything ends by itself: no key is kept for ever', async () => {
  await outbox.ensureWhole('acme');
  await outbox.queue(QUEUED);
  await outbox.lock('acme', MAIL);
  for (const key of await server.redis.keys('*')) {
    expect([key, Number(await server.redis.pttl(key)) > 0]).toEqual([key, true]);
  }
});

test('two deliveries never share a key', () => {
  const name = fc.stringMatching(new RegExp(NAME_PATTERN));
  const alertId = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
  const delivery = fc.tuple(name, alertId, fc.record({ scope: name, id: fc.string() }));
  fc.assert(
    fc.property(delivery, delivery, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(outboxKeys.delivery(...one)).not.toBe(outboxKeys.delivery(...other));
    }),
  );
});
