import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createNotices, noticesKey } from '../../../src/alerts/notices.ts';
import { createAlerts } from '../../../src/alerts/raise.ts';
import { createRedis } from '../../../src/cloud/redis.ts';
import { parseUsd } from '../../../src/core/money.ts';
import { formatInstant } from '../../../src/core/time.ts';
import { createAlertLedger } from '../../support/alert-ledger.ts';
import { alertOf } from '../../support/alerts.ts';
import { freePort, startRedis } from '../../support/redis-server.ts';
import { START } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let ledger: ReturnType<typeof createAlertLedger>;
let notices: ReturnType<typeof createNotices>;
let steps: string[];
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.redis.flushall();
  ledger = createAlertLedger();
  notices = createNotices({ redis: server.redis, warehouse: ledger, now: () => START });
  steps = [];
});

const alerts = (publish: () => Promise<void> = async () => {}) =>
  createAlerts({
    warehouse: {
      ...ledger,
      async insert(table, rows) {
        steps.push('ledger');
        return ledger.insert(table, rows);
      },
    },
    publisher: {
      async publish(data) {
        steps.push(`publish ${(JSON.parse(data.toString()) as { id: string }).id}`);
        await publish();
        return 'm1';
      },
    },
    notices: {
      async note(...args) {
        steps.push('note');
        await notices.note(...args);
      },
    },
  });
const raise = (id: string, subject: string, usd: string) =>
  alerts().raise(alertOf({ id, raisedAt: formatInstant(START) }), {
    subject,
    amountNanoUsd: parseUsd(usd),
  });
const amounts = async () =>
  Object.fromEntries(
    [...(await notices.of('acme'))].map(([subject, one]) => [subject, one.amountNanoUsd]),
  );

describe('raising an alert', () => {
  test('records it, publishes it, and notes what it spoke of, in this order', async () => {
    await raise('a', 'budget/b', '4.5');
    expect(steps).toEqual(['ledger', 'publish a', 'note']);
    expect(ledger.rows).toMatchObject([
      { event: 'raised', alert_id: 'a', subject: 'budget/b', amount_usd: '4.5' },
    ]);
    expect(await notices.of('acme')).toEqual(
      new Map([
        ['budget/b', { amountNanoUsd: 4_500_000_000n, severity: 'high', raisedAtMs: START }],
      ]),
    );
  });

  test('that cannot be published is not noted: the next check raises it again', async () => {
    const failing = alerts(() => Promise.reject(new Error('away')));
    const notice = { subject: 's', amountNanoUsd: 1n };
    await expect(failing.raise(alertOf({ id: 'a' }), notice)).rejects.toThrow('away');
    expect(steps).toEqual(['ledger', 'publish a']);
  });

  test('without a notice notes nothing', async () => {
    await alerts().raise(alertOf({ id: 'a', type: 'test' }));
    expect(steps).toEqual(['ledger', 'publish a']);
    expect(await amounts()).toEqual({});
  });
});

describe('the notices of a workspace', () => {
  test('hold the greatest amount of each subject, beyond what a double can tell apart', async () => {
    const note = (subject: string, amountNanoUsd: bigint) =>
      notices.note('acme', subject, { amountNanoUsd, severity: 'low', raisedAtMs: START });
    await note('a', 9_007_199_254_740_993n);
    await note('a', 9_007_199_254_740_992n);
    await note('b', 9n);
    await note('b', 10n);
    expect(await amounts()).toEqual({ a: 9_007_199_254_740_993n, b: 10n });
  });

  test('are the same after Redis was lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom('budget/b/m/2026-11-01T00:00:00Z', 'spike', 'complete', 's/x'),
            fc.bigInt({ min: 0n, max: 10n ** 18n }),
            fc.boolean(),
          ),
          { maxLength: 8 },
        ),
        async (raised) => {
          await server.redis.flushall();
          ledger.rows.length = 0;
          const greatest: Record<string, bigint> = {};
          for (const [position, [subject, amountNanoUsd, lost]] of raised.entries()) {
            await alerts().raise(alertOf({ id: `a${position}` }), { subject, amountNanoUsd });
            if (lost) await server.redis.flushall();
            const known = greatest[subject] ?? -1n;
            if (amountNanoUsd > known) greatest[subject] = amountNanoUsd;
          }
          expect(await amounts()).toEqual(greatest);
          await server.redis.flushall();
          expect(await amounts()).toEqual(greatest);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('are read from the ledger once, then from Redis, and not for ever', async () => {
    await raise('a', 's', '1');
    let queries = 0;
    ledger.beforeQuery = async () => {
      queries += 1;
    };
    await notices.of('acme');
    await notices.of('acme');
    expect(queries).toBe(1);
    expect(Number(await server.redis.pttl(noticesKey('acme')))).toBeLessThanOrEqual(86_400_000);
  });

  test('leave nothing behind when the ledger does not answer', async () => {
    ledger.beforeQuery = async () => {
      throw new Error('BigQuery is away');
    };
    await expect(notices.of('acme')).rejects.toThrow('BigQuery is away');
    expect(await server.redis.keys('*')).toEqual([]);
  });

  test('noted while the ledger is read are not lost', async () => {
    ledger.beforeQuery = async () =>
      notices.note('acme', 's', { amountNanoUsd: 5n, severity: 'low', raisedAtMs: START });
    expect(await amounts()).toEqual({ s: 5n });
  });

  test('come from the ledger while Redis is away; without both there is an error', async () => {
    const redis = createRedis({ url: `redis://127.0.0.1:${await freePort()}` });
    const away = createNotices({ redis, warehouse: ledger, now: () => START });
    await raise('a', 's', '1');
    expect((await away.of('acme')).get('s')?.amountNanoUsd).toBe(1_000_000_000n);
    ledger.beforeQuery = async () => {
      throw new Error('BigQuery is away');
    };
    await expect(away.of('acme')).rejects.toThrow('BigQuery is away');
    await expect(
      away.note('acme', 's', { amountNanoUsd: 5n, severity: 'low', raisedAtMs: START }),
    ).rejects.toMatchObject({ code: 'notice_not_kept', retryable: true });
    redis.disconnect();
  });

  test('of one workspace are nobody else’s', async () => {
    await raise('a', 's', '1');
    expect(await notices.of('other')).toEqual(new Map());
  });
});
