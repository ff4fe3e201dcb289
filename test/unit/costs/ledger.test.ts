import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { InsertError, InsertRow } from '../../../src/cloud/bigquery.ts';
import { createLedger, type Quarantined } from '../../../src/costs/ledger.ts';
import { entryOf } from '../../support/cost-model.ts';
import { costEvent } from '../../support/events.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const MAX_REQUEST_BYTES = 10_000_000;

/** Takes rows as BigQuery does: none of a request beyond its size, and each on its own otherwise. */
function fakeWarehouse(
  refuse: (row: InsertRow) => Omit<InsertError, 'index'> | undefined = () => undefined,
) {
  const requests: { table: string; rows: InsertRow[] }[] = [];
  return {
    requests,
    rows: () => requests.flatMap(({ rows }) => rows),
    async insert(table: string, rows: readonly InsertRow[]) {
      const bytes = Buffer.byteLength(JSON.stringify({ skipInvalidRows: true, rows }));
      if (bytes > MAX_REQUEST_BYTES) throw new Error(`413: ${bytes} bytes`);
      requests.push({ table, rows: [...rows] });
      const errors = rows.flatMap((row, index) => {
        const error = refuse(row);
        return error === undefined ? [] : [{ index, ...error }];
      });
      return errors.length === 0 ? { kind: 'ok' as const } : { kind: 'partial' as const, errors };
    },
    query: () => Promise.reject(new Error('the ledger writer reads nothing')),
    ping: () => Promise.resolve(),
  };
}

const ledgerOn = (warehouse: ReturnType<typeof fakeWarehouse>, now = NOW) =>
  createLedger({ warehouse, now: () => now });
const entry = (id: string, parts = {}) =>
  entryOf(costEvent({ id, timestamp: '2026-11-20T11:00:00Z', ...parts }));
const quarantined = (parts: Partial<Quarantined> = {}): Quarantined => ({
  reason: 'invalid_event',
  detail: 'id is required',
  messageId: 'm1',
  eventIndex: 0,
  payload: '{}',
  ...parts,
});
const named = (row: InsertRow) => String(row.json.event_id);

describe('append', () => {
  test('writes every entry with the time it came in, and nothing for nothing', async () => {
    const warehouse = fakeWarehouse();
    expect(await ledgerOn(warehouse).append([])).toEqual({ refused: [] });
    expect(warehouse.requests).toEqual([]);
    await ledgerOn(warehouse).append([entry('a'), entry('b')]);
    expect(warehouse.requests).toMatchObject([
      {
        table: 'cost_events',
        rows: [{ json: { event_id: 'a', ingest_time: '2026-11-20T12:00:00.000Z' } }, {}],
      },
    ]);
  });

  test('returns the rows refused for good, wherever they stand, and takes the others', async () => {
    const bad = ['e3', 'e1000', 'e1001', 'e2399'];
    const warehouse = fakeWarehouse((row) =>
      bad.includes(named(row))
        ? { reason: 'invalid', message: 'no such field: x.', location: 'x' }
        : undefined,
    );
    const entries = Array.from({ length: 2_400 }, (_, i) => entry(`e${i}`));
    const { refused } = await ledgerOn(warehouse).append(entries);
    expect(refused).toEqual(
      bad.map((id) => ({
        entry: entries.find(({ entryId }) => entryId === id),
        detail: 'x: no such field: x.',
      })),
    );
    expect(warehouse.requests.map(({ rows }) => rows.length)).toEqual([1_000, 1_000, 400]);
  });

  test.each(['stopped', 'timeout', 'backendError', 'quotaExceeded', ''])(
    'throws retryably when a row was not taken for another reason: %j',
    async (reason) => {
      const warehouse = fakeWarehouse((row) =>
        named(row) === 'a'
          ? { reason: 'invalid', message: 'bad', location: '' }
          : { reason, message: 'later', location: '' },
      );
      await expect(ledgerOn(warehouse).append([entry('a'), entry('b')])).rejects.toMatchObject({
        code: 'ledger_refused',
        retryable: true,
        message: expect.stringContaining(reason),
      });
    },
  );

  test('throws what the warehouse throws', async () => {
    const warehouse = fakeWarehouse(() => {
      throw new Error('503');
    });
    await expect(ledgerOn(warehouse).append([entry('a')])).rejects.toThrow('503');
  });

  test('keeps every request below 10 MB, whatever the tenants write', async () => {
    const warehouse = fakeWarehouse();
    const hostile = '\u0001'.repeat(256);
    const labels = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`${'\u0002'.repeat(61)}${i + 10}`, hostile]),
    );
    const parts = { labels, model: hostile, resourceId: hostile, provider: hostile };
    const entries = Array.from({ length: 500 }, (_, i) => entry(`e${i}`, parts));
    expect(await ledgerOn(warehouse).append(entries)).toEqual({ refused: [] });
    expect(warehouse.rows().map(named)).toEqual(entries.map(({ entryId }) => entryId));
  });

  test('names a row by its content: the same again alike, another one otherwise', async () => {
    const warehouse = fakeWarehouse();
    const long = { id: 'x'.repeat(64), workspaceId: 'w'.repeat(128) };
    const correction = { ...entry('a'), kind: 'correction' as const };
    const entries = [entry('a'), entry('a'), entry('a', { model: 'x' }), entry('b'), correction];
    await ledgerOn(warehouse).append([...entries, entry('', long)]);
    const ids = warehouse.rows().map(({ insertId }) => insertId);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(5);
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(128);
  });
});

describe('quarantine', () => {
  test('stores what came in with the reason, in the columns of its table', async () => {
    const warehouse = fakeWarehouse();
    const item = quarantined({ workspaceId: 'acme', eventId: 'e', contentHash: 'f'.repeat(32) });
    await ledgerOn(warehouse).quarantine([item]);
    const [request] = warehouse.requests;
    expect(request).toMatchObject({
      table: 'cost_events_quarantine',
      rows: [
        {
          json: {
            quarantined_at: '2026-11-20T12:00:00.000Z',
            reason: 'invalid_event',
            detail: 'id is required',
            workspace_id: 'acme',
            event_id: 'e',
            content_hash: 'f'.repeat(32),
            message_id: 'm1',
            event_index: 0,
            payload: '{}',
          },
        },
      ],
    });
    const path = new URL('../../../bigquery/tables/cost_events_quarantine.json', import.meta.url);
    const table = JSON.parse(readFileSync(path, 'utf8'));
    const columns = table.schema.fields.map(({ name }: { name: string }) => name);
    expect(Object.keys(request!.rows[0]!.json).sort()).toEqual(columns.sort());
  });

  test('asks nothing of the warehouse when there is nothing', async () => {
    const warehouse = fakeWarehouse();
    await ledgerOn(warehouse).quarantine([]);
    expect(warehouse.requests).toEqual([]);
  });

  test.each(['invalid', 'stopped'])(
    'throws retryably when a row is not taken: %s',
    async (reason) => {
      const warehouse = fakeWarehouse(() => ({ reason, message: 'no', location: '' }));
      await expect(ledgerOn(warehouse).quarantine([quarantined()])).rejects.toMatchObject({
        retryable: true,
      });
    },
  );

  test.each([
    ['ASCII', 'x'],
    ['three-byte', '€'],
    ['control', '\u0001'],
    ['astral', '😀'],
    ['broken', '\ud83d'],
  ])(
    'takes a message of 10 MB of %s characters, shortened, beside its neighbours',
    async (_, unit) => {
      const warehouse = fakeWarehouse();
      const payload = `-${unit.repeat(10_000_000 / unit.length)}`;
      const small = quarantined({ messageId: 'm2' });
      await ledgerOn(warehouse).quarantine([quarantined({ payload, detail: payload }), small]);
      const [row] = warehouse.rows();
      expect(warehouse.rows()).toHaveLength(2);
      expect(String(row!.json.payload).length).toBeGreaterThanOrEqual(1_048_576);
      expect(JSON.stringify(row!.json).isWellFormed()).toBe(true);
      expect(String(row!.json.payload).isWellFormed()).toBe(true);
      expect(String(row!.json.detail).isWellFormed()).toBe(true);
    },
  );

  test('takes a thousand large events of one message', async () => {
    const warehouse = fakeWarehouse();
    const items = Array.from({ length: 1_000 }, (_, eventIndex) =>
      quarantined({ eventIndex, payload: '€'.repeat(20_000) }),
    );
    await ledgerOn(warehouse).quarantine(items);
    expect(warehouse.rows().map(({ json }) => json.event_index)).toEqual(
      items.map(({ eventIndex }) => eventIndex),
    );
  });

  test('names the same thing alike when it is set aside again, and no other thing so', async () => {
    const conflict = (eventId: string, contentHash: string): Quarantined => ({
      reason: 'conflict',
      detail: 'id is already used',
      workspaceId: 'acme',
      eventId,
      contentHash,
      payload: '{}',
    });
    const different = [
      quarantined(),
      quarantined({ eventIndex: 1 }),
      quarantined({ messageId: 'm2' }),
      quarantined({ eventIndex: undefined }),
      quarantined({ detail: 'is not a correction' }),
      conflict('a', '01'),
      conflict('a', '02'),
      conflict('b', '01'),
      quarantined({ messageId: 'm'.repeat(1_000) }),
    ];
    const warehouse = fakeWarehouse();
    await ledgerOn(warehouse).quarantine(different);
    // One at a time, later: as when they come again in other commits.
    for (const item of different) await ledgerOn(warehouse, NOW + 5).quarantine([item]);
    const ids = warehouse.rows().map(({ insertId }) => insertId);
    expect(new Set(ids).size).toBe(different.length);
    expect(ids.slice(different.length)).toEqual(ids.slice(0, different.length));
    expect(Math.max(...ids.map((id) => id.length))).toBeLessThanOrEqual(128);
  });
});
