import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseInstant } from '../../../src/core/time.ts';
import { contentHashOf, seenMembers, toLedgerRow } from '../../../src/costs/entry.ts';
import type { CostEvent } from '../../../src/costs/event.ts';
import { entryOf } from '../../support/cost-model.ts';
import { arbitraryEvent, costEvent } from '../../support/events.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const hashOf = (event: CostEvent) => contentHashOf(event, parseInstant(event.timestamp)!);

/** Every field used, each with a value of its own. */
const full: CostEvent = costEvent({
  timestamp: '2026-11-20T12:00:00.250Z',
  projectId: 'p',
  cardId: 'c',
  agentId: 'a',
  userId: 'u',
  teamId: 't',
  operation: 'chat',
  usage: {
    inputTokens: 10,
    outputTokens: 9,
    cacheReadTokens: 1,
    cacheWriteTokens: 2,
    reasoningTokens: 3,
    requests: 4,
    seconds: '1.5',
    bytes: '20',
  },
  outcome: { status: 'error', errorType: 'x', latencyMs: 5, cacheHit: true },
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  requestId: 'r',
  labels: { k: 'v', l: 'w' },
});

type Json = { [key: string]: Json | string | number | boolean };

function reversed(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)]);
  return Object.fromEntries(entries.toReversed());
}

/** The event with each of its leaves changed and with each of them left out, one at a time. */
function* changed(value: Json, path: string[] = []): Generator<[string, unknown]> {
  for (const [key, inner] of Object.entries(value)) {
    const name = [...path, key].join('.');
    if (typeof inner === 'object') {
      for (const [where, part] of changed(inner, [...path, key])) {
        yield [where, { ...value, [key]: part }];
      }
    } else {
      yield [`${name} changed`, { ...value, [key]: other(inner) }];
      const { [key]: _, ...rest } = value;
      yield [`${name} left out`, rest];
    }
  }
}

function other(value: string | number | boolean): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (/^\d+(\.\d+)?$/.test(value)) return `${value}1`.includes('.') ? `${value}1` : `${value}.1`;
  if (value.endsWith('Z')) return value.replace('.250Z', '.251Z');
  return `${value}x`;
}

describe('the fingerprint of an event', () => {
  test('does not depend on the order of its keys', () => {
    fc.assert(
      fc.property(arbitraryEvent(NOW), (event) => {
        expect(hashOf(reversed(event) as CostEvent)).toBe(hashOf(event));
      }),
    );
  });

  test('does not depend on how its instant is spelled', () => {
    for (const timestamp of [
      '2026-11-20T12:00:00.25Z',
      '2026-11-20t12:00:00.250000000z',
      '2026-11-20T13:30:00.250+01:30',
      '2026-11-19T22:00:00.250-14:00',
    ]) {
      expect(hashOf({ ...full, timestamp })).toBe(hashOf(full));
    }
  });

  test('does not depend on the zeros around its decimals', () => {
    const usage = { ...full.usage, seconds: '01.500', bytes: '20.0' };
    expect(hashOf({ ...full, costUsd: '00.00350', usage })).toBe(hashOf(full));
  });

  const fields = [...changed(full as unknown as Json)].filter(
    ([name]) => !name.startsWith('currency') && name !== 'timestamp left out',
  );

  test.each(fields)('is another one with %s', (_, event) => {
    expect(hashOf(event as CostEvent)).not.toBe(hashOf(full));
  });

  test('is never the same for two different changes', () => {
    const hashes = fields.map(([, event]) => hashOf(event as CostEvent));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('tells apart where a text stands', () => {
    const { model: _, ...rest } = full;
    const pairs: [CostEvent, CostEvent][] = [
      [
        { ...rest, provider: 'a', model: 'b' },
        { ...rest, provider: 'ab', operation: full.operation! },
      ],
      [
        { ...full, labels: { a: 'b,c' } },
        { ...full, labels: { a: 'b', c: '' } },
      ],
      [
        { ...full, projectId: 'x', cardId: 'y' },
        { ...full, projectId: 'y', cardId: 'x' },
      ],
    ];
    for (const [one, two] of pairs) expect(hashOf(one)).not.toBe(hashOf(two));
  });
});

describe('the members of the sets of seen entries', () => {
  test('are integers that Redis keeps as such, and none is the member 0 that every set holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.stringMatching(/^[0-9a-f]{32}$/), (entryId, contentHash) => {
        const { id, content } = seenMembers(entryId, contentHash);
        expect(BigInt.asIntN(64, BigInt(id))).toBe(BigInt(id));
        expect(BigInt.asIntN(32, BigInt(content))).toBe(BigInt(content));
        expect([id, content]).not.toContain('0');
      }),
    );
    expect(seenMembers('a', '0'.repeat(32)).content).toBe('1');
  });

  test('depend on the whole id', () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => seenMembers(`e${i}`, 'ff').id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the row of an entry', () => {
  type Field = { name: string; type: string; mode: string };
  const table = JSON.parse(
    readFileSync(new URL('../../../bigquery/tables/cost_events.json', import.meta.url), 'utf8'),
  ) as { schema: { fields: Field[] } };
  const columns = new Map(table.schema.fields.map((field) => [field.name, field]));
  const ingestTime = '2026-11-20T12:00:01.000Z';
  const entry = entryOf(full, { costNanoUsd: 9_007_199_254_740_993n, priceVersion: 'v' });
  const row = toLedgerRow({ ...entry, unpricedReason: 'r' }, ingestTime);

  test('fills every column of the table and no other', () => {
    expect(Object.keys(row).sort()).toEqual([...columns.keys()].sort());
    expect(Object.entries(row).filter(([, value]) => value === undefined)).toEqual([]);
  });

  test('has every required column whatever the event leaves out', () => {
    fc.assert(
      fc.property(arbitraryEvent(NOW), (event) => {
        const json = JSON.parse(JSON.stringify(toLedgerRow(entryOf(event), ingestTime)));
        for (const { name, mode } of columns.values()) {
          if (mode === 'REQUIRED') expect(json[name]).toBeDefined();
        }
      }),
    );
  });

  test('writes decimals and JSON as text, exactly', () => {
    for (const { name, type } of columns.values()) {
      if (['NUMERIC', 'JSON', 'TIMESTAMP'].includes(type)) expect(typeof row[name]).toBe('string');
    }
    expect(row).toMatchObject({
      cost_usd: '9007199.254740993',
      usage_seconds: '1.5',
      labels: '{"k":"v","l":"w"}',
      event_time: '2026-11-20T12:00:00.250Z',
    });
  });
});
