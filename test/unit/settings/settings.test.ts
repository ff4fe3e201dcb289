import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Redis } from '../../../src/cloud/redis.ts';
import type { AppError } from '../../../src/core/errors.ts';
import { PLATFORM_SCOPE } from '../../../src/core/ids.ts';
import type { SettingBody } from '../../../src/settings/kinds.ts';
import { settingsKey } from '../../../src/settings/projection.ts';
import { createSettings } from '../../../src/settings/settings.ts';
import { startRedis } from '../../support/redis-server.ts';
import { createSettingLedger } from './setting-ledger.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let redis: Redis;
let ledger: ReturnType<typeof createSettingLedger>;
let clock: number;

beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());
beforeEach(async () => {
  await redis.flushall();
  ledger = createSettingLedger();
  clock = Date.parse('2026-11-20T12:00:00Z');
});

const now = () => clock;
const instance = (warehouse = ledger) => createSettings({ warehouse, redis, now });
const override = (input: string): SettingBody<'price-override'> => ({
  provider: 'openai',
  model: 'gpt-4o',
  validFrom: '2026-01-01T00:00:00Z',
  usdPerMillionTokens: { input, output: '10' },
});
const put = (settings = instance(), input = '2.5', expectedVersion?: number) =>
  settings.put({
    kind: 'price-override',
    scope: 'acme',
    id: 'gpt',
    body: override(input),
    expectedVersion,
    changedBy: 'tester',
  });

describe('reading and writing', () => {
  test('what was put is read back by this and by every other instance', async () => {
    expect(await put()).toMatchObject({ kind: 'stored', setting: { id: 'gpt', version: 1 } });
    const setting = await instance().get('price-override', 'acme', 'gpt');
    expect(setting).toMatchObject({ version: 1, body: override('2.5'), changedBy: 'tester' });
    expect(await instance().list('price-override', 'acme')).toEqual([setting]);
  });

  test('settings of one workspace are not seen in another, nor on the platform', async () => {
    await put();
    expect(await instance().get('price-override', 'other', 'gpt')).toBeUndefined();
    expect(await instance().list('price-override', PLATFORM_SCOPE)).toEqual([]);
  });

  test('an instance sees its own change at once and others within a second', async () => {
    const [writer, reader] = [instance(), instance()];
    await put(writer, '1');
    expect((await reader.get('price-override', 'acme', 'gpt'))?.version).toBe(1);
    await writer.get('price-override', 'acme', 'gpt');
    await put(writer, '2');
    expect((await writer.get('price-override', 'acme', 'gpt'))?.version).toBe(2);
    clock += 1_000;
    expect((await reader.get('price-override', 'acme', 'gpt'))?.version).toBe(2);
  });

  test('every change is kept in the ledger', async () => {
    const settings = instance();
    await put(settings, '1');
    await put(settings, '2');
    await settings.remove({ kind: 'price-override', scope: 'acme', id: 'gpt', changedBy: 'x' });
    expect(ledger.rows.map(({ version, deleted }) => [version, deleted])).toEqual([
      [1, false],
      [2, false],
      [3, true],
    ]);
  });

  test('a removed setting is gone, and its version goes on counting when it returns', async () => {
    const settings = instance();
    const gone = { kind: 'price-override', scope: 'acme', id: 'gpt', changedBy: 'x' } as const;
    expect(await settings.remove(gone)).toEqual({ kind: 'absent' });
    await put(settings);
    expect(await settings.remove(gone)).toEqual({ kind: 'removed', version: 2 });
    expect(await settings.get('price-override', 'acme', 'gpt')).toBeUndefined();
    expect(await settings.remove(gone)).toEqual({ kind: 'absent' });
    expect(await put(settings, '3', 0)).toMatchObject({ kind: 'stored', setting: { version: 3 } });
  });

  test('a body that its kind does not allow is refused with every field at fault', async () => {
    const body = { ...override('-1'), model: '' };
    const request = { kind: 'price-override', scope: 'a/b', id: '__complete', body } as const;
    const refusal = instance().put({ ...request, changedBy: 'x' });
    const error = await refusal.catch((thrown: AppError) => thrown);
    expect(error).toMatchObject({ code: 'invalid_argument' });
    expect((error as AppError).details.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['scope', 'id', 'model', 'usdPerMillionTokens.input']),
    );
    expect(ledger.rows).toEqual([]);
  });
});

describe('Redis is only a copy', () => {
  test('after FLUSHALL everything is read from the ledger and the copy is rebuilt', async () => {
    await put();
    await redis.flushall();
    expect(await instance().get('price-override', 'acme', 'gpt')).toMatchObject({ version: 1 });
    expect(await redis.hexists(settingsKey('price-override', 'acme'), 'gpt')).toBeTruthy();
    const before = ledger.queries;
    expect(await instance().list('price-override', 'acme')).toHaveLength(1);
    expect(ledger.queries).toBe(before);
  });

  test('a copy without its completeness mark is not believed', async () => {
    await put();
    await redis.hdel(settingsKey('price-override', 'acme'), '__complete', 'gpt');
    expect(await instance().list('price-override', 'acme')).toHaveLength(1);
  });

  test('a writer that dies after the ledger took its row leaves no stale copy behind', async () => {
    await put(instance(), '1');
    const died = new Promise<never>((_, reject) => {
      ledger.beforeInsert = async (row) => {
        ledger.rows.push(row);
        reject(new Error('died'));
        await new Promise(() => {});
      };
    });
    void put(instance(), '2');
    await expect(died).rejects.toThrow('died');
    expect(await instance().get('price-override', 'acme', 'gpt')).toMatchObject({
      version: 2,
      body: { usdPerMillionTokens: { input: '2' } },
    });
  });

  test('a reader that was slow to rebuild the copy does not put an old one over a new one', async () => {
    await put(instance(), '1');
    await redis.flushall();
    let goOn = () => {};
    const reading = new Promise<void>((resolve) => {
      ledger.beforeAnswer = async () => {
        ledger.beforeAnswer = async () => {};
        resolve();
        await new Promise<void>((woken) => {
          goOn = woken;
        });
      };
    });
    const slow = instance().get('price-override', 'acme', 'gpt');
    await reading;
    await redis.flushall();
    await put(instance(), '2');
    goOn();
    expect(await slow).toMatchObject({ version: 1 });
    expect(await instance().get('price-override', 'acme', 'gpt')).toMatchObject({ version: 2 });
  });

  test('while Redis is away reads are answered from the ledger, and changes are refused as retryable', async () => {
    const other = await startRedis();
    const settings = createSettings({ warehouse: ledger, redis: other.redis, now });
    await put(settings);
    await other.stop();
    clock += 1_000;
    expect(await settings.get('price-override', 'acme', 'gpt')).toMatchObject({ version: 1 });
    expect(await settings.list('price-override', 'acme')).toHaveLength(1);
    await expect(put(settings, '3')).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
  });

  test('while the ledger is away Redis answers, and changes are refused as retryable', async () => {
    await put();
    ledger.available = false;
    expect(await instance().get('price-override', 'acme', 'gpt')).toMatchObject({ version: 1 });
    await expect(put(instance(), '3')).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
    expect(await instance().get('price-override', 'acme', 'gpt')).toMatchObject({ version: 1 });
    ledger.available = true;
    expect(await put(instance(), '3')).toMatchObject({ kind: 'stored', setting: { version: 2 } });
  });

  test('a thousand simultaneous reads of an instance cost one', async () => {
    await put();
    await redis.flushall();
    const settings = instance();
    const before = ledger.queries;
    const reads = Array.from({ length: 1_000 }, () =>
      settings.get('price-override', 'acme', 'gpt'),
    );
    for (const read of await Promise.all(reads)) expect(read?.version).toBe(1);
    expect(ledger.queries - before).toBe(1);
  });
});

describe('compare-and-set', () => {
  test('a change built on another version than the current one is a conflict that shows the current one', async () => {
    await put(instance(), '1', 0);
    expect(await put(instance(), '2', 0)).toMatchObject({
      kind: 'conflict',
      reason: 'version',
      current: { version: 1 },
    });
    expect(await put(instance(), '2', 1)).toMatchObject({ kind: 'stored' });
    expect(ledger.rows).toHaveLength(2);
  });

  test('of writers on many instances building on the same version exactly one wins', async () => {
    ledger = createSettingLedger({ delayMs: 2 });
    for (let version = 0; version < 3; version += 1) {
      const writers = Array.from({ length: 8 }, (_, n) => put(instance(), String(n), version));
      const results = await Promise.all(writers);
      const winners = results.filter((result) => result.kind === 'stored');
      expect(winners).toHaveLength(1);
      expect(await instance().get('price-override', 'acme', 'gpt')).toEqual(winners[0]?.setting);
    }
  });

  test('exactly one wins also when Redis forgets the lock in the middle', async () => {
    ledger = createSettingLedger({ delayMs: 2 });
    for (let round = 0; round < 10; round += 1) {
      const version = round === 0 ? 0 : round;
      ledger.beforeInsert = async () => {
        ledger.beforeInsert = async () => {};
        await redis.flushall();
        await new Promise((resolve) => setTimeout(resolve, round * 3));
      };
      const writers = Array.from({ length: 4 }, (_, n) => put(instance(), String(n), version));
      const results = await Promise.all(writers);
      const winners = results.filter((result) => result.kind === 'stored');
      expect(winners).toHaveLength(1);
      expect(await instance().get('price-override', 'acme', 'gpt')).toEqual(winners[0]?.setting);
    }
  });

  test('a writer that slept through the end of its lock loses to the one that came after, and is told', async () => {
    let wake = () => {};
    const asleep = new Promise<void>((resolve) => {
      ledger.beforeInsert = async () => {
        ledger.beforeInsert = async () => {};
        resolve();
        await new Promise<void>((woken) => {
          wake = woken;
        });
      };
    });
    const sleeper = put(instance(), '1', 0);
    await asleep;
    await redis.del(`${settingsKey('price-override', 'acme')}:lock`);
    expect(await put(instance(), '2', 0)).toMatchObject({ kind: 'stored' });
    wake();
    expect(await sleeper).toMatchObject({
      kind: 'conflict',
      reason: 'overtaken',
      current: { body: { usdPerMillionTokens: { input: '2' } } },
    });
    expect(await instance().get('price-override', 'acme', 'gpt')).toMatchObject({
      body: { usdPerMillionTokens: { input: '2' } },
    });
  });

  test('a writer whose row is not the one that counts is told, even when it held the lock', async () => {
    ledger.beforeInsert = async (row) => {
      ledger.beforeInsert = async () => {};
      const rival = { ...row, changed_at: '2999-01-01T00:00:00Z', write_id: 'rival' };
      ledger.rows.push(rival);
    };
    expect(await put(instance(), '1', 0)).toMatchObject({ kind: 'conflict', reason: 'overtaken' });
  });
});
