import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createEventId } from '../../../src/core/ids.ts';
import { parseCostEvent, parseCostEvents } from '../../../src/costs/event.ts';
import { arbitraryEvent, costEvent } from '../../support/events.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const DAY = 86_400_000;
const at = (ms: number) => new Date(ms).toISOString();
const valid = costEvent({ timestamp: at(NOW) });

/** What is wrong with the valid event once these parts are changed: reasons by field. */
function faults(parts: Record<string, unknown>): Record<string, string> {
  const event = Object.fromEntries(
    Object.entries({ ...valid, ...parts }).filter(([, value]) => value !== undefined),
  );
  return faultsOf(event);
}

function faultsOf(value: unknown): Record<string, string> {
  const parsed = parseCostEvent(value, { now: NOW });
  if (parsed.kind === 'valid') return {};
  expect(parsed.errors.length).toBeGreaterThan(0);
  return Object.fromEntries(parsed.errors.map(({ field, reason }) => [field, reason]));
}

const fieldsAtFault = (parts: Record<string, unknown>) => Object.keys(faults(parts));

describe('a valid event', () => {
  test('stays itself, whatever it holds', () => {
    fc.assert(
      fc.property(arbitraryEvent(NOW), (event) => {
        const copy = structuredClone(event);
        const parsed = parseCostEvent(event, { now: NOW });
        expect(parsed).toEqual({ kind: 'valid', event, timeMs: Date.parse(event.timestamp) });
        expect(event).toEqual(copy);
      }),
      { numRuns: 300 },
    );
  });

  test('may be as small as an id, a place, a time, a resource and a cost', () => {
    const { model: _, ...least } = valid;
    expect(faultsOf(least)).toEqual({});
  });

  test.each([
    ['UUIDv7', createEventId()],
    ['ULID', '01JCZ3K7T8W9X0Y1Z2A3B4C5D6'],
    ['64 characters', 'x'.repeat(64)],
  ])('may be named by %s', (_, id) => {
    expect(faults({ id })).toEqual({});
  });
});

describe('a field', () => {
  test.each(['id', 'workspaceId', 'timestamp', 'resourceType', 'resourceId', 'provider'])(
    '%s is required',
    (field) => {
      expect(faults({ [field]: undefined })).toEqual({ [field]: 'is required' });
    },
  );

  test('currency is required, and is USD', () => {
    expect(faults({ currency: undefined })).toEqual({ currency: 'is required' });
    expect(faults({ currency: 'EUR' })).toEqual({ currency: 'must be "USD"' });
  });

  test.each(['', 'x'.repeat(65), 'a b', 'a.b', 'a/b', 'é', 'a\n', 'a~repriced', 5, null])(
    'id is not %j',
    (id) => {
      expect(fieldsAtFault({ id })).toEqual(['id']);
    },
  );

  describe.each(['workspaceId', 'projectId', 'cardId', 'agentId', 'userId', 'teamId'])(
    '%s',
    (field) => {
      test.each(['a', '0', 'A.b_c-d', 'x'.repeat(128)])('may be %j', (name) => {
        expect(faults({ [field]: name })).toEqual({});
      });
      test.each(['', '-', '.a', '_a', 'x'.repeat(129), 'a b', '{a}', 'a}', 'a:b', 'a|b', 'é', 7])(
        'is not %j',
        (name) => {
          expect(fieldsAtFault({ [field]: name })).toEqual([field]);
        },
      );
    },
  );

  describe.each(['resourceId', 'provider', 'model', 'operation', 'requestId'])('%s', (field) => {
    test('has 1 to 256 characters, whatever they are', () => {
      expect(faults({ [field]: 'x'.repeat(256) })).toEqual({});
      expect(faults({ [field]: '😀'.repeat(256) })).toEqual({});
      expect(fieldsAtFault({ [field]: '' })).toEqual([field]);
      expect(fieldsAtFault({ [field]: 'x'.repeat(257) })).toEqual([field]);
      expect(fieldsAtFault({ [field]: ['x'] })).toEqual([field]);
    });

    test('holds no half of a character, which stores would take for another text', () => {
      expect(faults({ [field]: 'a\ud83d' })).toEqual({
        [field]: 'holds half of a character (a lone surrogate)',
      });
    });
  });

  test('resourceType is one of five', () => {
    for (const resourceType of ['compute', 'storage', 'network', 'llm_api', 'database']) {
      expect(faults({ resourceType })).toEqual({});
    }
    expect(faults({ resourceType: 'gpu' }).resourceType).toContain('"llm_api"');
    expect(fieldsAtFault({ resourceType: 'toString' })).toEqual(['resourceType']);
  });

  test('timestamp is an instant with a zone', () => {
    expect(faults({ timestamp: '2026-11-20T13:00:00+01:00' })).toEqual({});
    for (const timestamp of ['2026-11-20T12:00:00', '2026-02-30T00:00:00Z', 'now', '']) {
      expect(faults({ timestamp })).toEqual({
        timestamp: 'must be an RFC 3339 instant with a zone',
      });
    }
    expect(fieldsAtFault({ timestamp: NOW })).toEqual(['timestamp']);
    expect(fieldsAtFault({ timestamp: '0'.repeat(41) })).toEqual(['timestamp']);
  });

  test('timestamp lies at most 10 minutes ahead and 400 days back, to the millisecond', () => {
    expect(faults({ timestamp: at(NOW + 600_000) })).toEqual({});
    expect(faults({ timestamp: at(NOW + 600_001) }).timestamp).toContain('10 minutes');
    expect(faults({ timestamp: at(NOW - 400 * DAY) })).toEqual({});
    expect(faults({ timestamp: at(NOW - 400 * DAY - 1) }).timestamp).toContain('400 days');
  });

  test.each(['0', '0.0035', '9223372036.854775807', '000.10'])('costUsd may be %j', (costUsd) => {
    expect(faults({ costUsd })).toEqual({});
  });
  test.each([
    '-1',
    '+1',
    '1e3',
    '.5',
    '1.',
    '',
    '0.0000000001',
    '9223372036.854775808',
    '1,5',
    'NaN',
    0.5,
    null,
  ])('costUsd is not %j', (costUsd) => {
    expect(fieldsAtFault({ costUsd })).toEqual(['costUsd']);
  });

  test('costUsd may be left out only when there is usage to price', () => {
    expect(fieldsAtFault({ costUsd: undefined })).toEqual(['costUsd']);
    expect(faults({ costUsd: undefined, usage: { inputTokens: 1 } })).toEqual({});
  });

  test.each([
    'inputTokens',
    'outputTokens',
    'cacheReadTokens',
    'cacheWriteTokens',
    'reasoningTokens',
    'requests',
  ])('usage.%s is a whole number from 0 to 1e12', (field) => {
    const usage = { inputTokens: 1e12, outputTokens: 1e12 };
    for (const count of [0, 7, 1e12]) {
      const rest = field.endsWith('putTokens') ? {} : usage;
      expect(faults({ usage: { ...rest, [field]: count } })).toEqual({});
    }
    for (const count of [-1, 0.5, 1e12 + 1, '1', null, true]) {
      expect(fieldsAtFault({ usage: { ...usage, [field]: count } })).toEqual([`usage.${field}`]);
    }
  });

  test.each(['seconds', 'bytes'])('usage.%s is a decimal text', (field) => {
    expect(faults({ usage: { [field]: '12.5' } })).toEqual({});
    for (const text of ['-1', '1e3', '0.0000000001', '1'.repeat(21), '', 5]) {
      expect(fieldsAtFault({ usage: { [field]: text } })).toEqual([`usage.${field}`]);
    }
  });

  test('usage counts contain their parts', () => {
    const cached = { cacheReadTokens: 3, cacheWriteTokens: 4 };
    expect(faults({ usage: { ...cached, inputTokens: 7 } })).toEqual({});
    expect(fieldsAtFault({ usage: { ...cached, inputTokens: 6 } })).toEqual(['usage.inputTokens']);
    expect(fieldsAtFault({ usage: cached })).toEqual(['usage.inputTokens']);
    expect(faults({ usage: { reasoningTokens: 3, outputTokens: 3 } })).toEqual({});
    expect(fieldsAtFault({ usage: { reasoningTokens: 3, outputTokens: 2 } })).toEqual([
      'usage.outputTokens',
    ]);
  });

  test('outcome has a status, and its parts have their types', () => {
    const outcome = { status: 'error', errorType: 'rate_limited', latencyMs: 0.5, cacheHit: false };
    expect(faults({ outcome })).toEqual({});
    expect(fieldsAtFault({ outcome: {} })).toEqual(['outcome.status']);
    expect(fieldsAtFault({ outcome: { status: 'maybe' } })).toEqual(['outcome.status']);
    expect(
      fieldsAtFault({ outcome: { status: 'ok', errorType: '', latencyMs: -1, cacheHit: 1 } }),
    ).toEqual(['outcome.errorType', 'outcome.latencyMs', 'outcome.cacheHit']);
  });

  test('traceId and spanId are W3C ids', () => {
    expect(
      faults({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }),
    ).toEqual({});
    expect(fieldsAtFault({ traceId: 'B'.repeat(32), spanId: 'b'.repeat(15) })).toEqual([
      'traceId',
      'spanId',
    ]);
  });

  test('labels are at most 20 pairs, keys of 1 to 63 characters, values of at most 256', () => {
    const pairs = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v']));
    expect(faults({ labels: pairs(20) })).toEqual({});
    expect(fieldsAtFault({ labels: pairs(21) })).toEqual(['labels']);
    expect(faults({ labels: { ['k'.repeat(63)]: 'v'.repeat(256), empty: '' } })).toEqual({});
    expect(fieldsAtFault({ labels: { ['k'.repeat(64)]: 'v' } })).toEqual([
      `labels.${'k'.repeat(64)}`,
    ]);
    expect(fieldsAtFault({ labels: { '': 'v' } })).toEqual(['labels.']);
    expect(fieldsAtFault({ labels: { k: 'v'.repeat(257) } })).toEqual(['labels.k']);
    expect(fieldsAtFault({ labels: { 'a/b~c.d': 5 } })).toEqual(['labels.a/b~c.d']);
    expect(fieldsAtFault({ labels: { k: '\udc00' } })).toEqual(['labels.k']);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('no label is named %s', (key) => {
    const labels = JSON.parse(`{"${key}":"x"}`);
    expect(fieldsAtFault({ labels })).toEqual([`labels.${key}`]);
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'cost'])('%s is unknown', (field) => {
    const text = JSON.stringify(valid).replace('{', `{"${field}":{"polluted":true},`);
    expect(faultsOf(JSON.parse(text))).toEqual({ [field]: 'is not a known field' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([1, 7, 8, 9, 10_000])('that is unknown is named, also as one of %s', (count) => {
    const fields = Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, i]));
    const named = fieldsAtFault(fields);
    expect(named[0]).toBe('x0');
    expect(named).toHaveLength(Math.min(count, 8));
  });
});

describe('junk', () => {
  test('never throws, is never taken, and always has a field named', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        const parsed = parseCostEvent(value, { now: NOW });
        expect(parsed.kind).toBe('invalid');
        for (const { field, reason } of parsed.kind === 'invalid' ? parsed.errors : []) {
          expect(field).not.toBe('');
          expect(reason).not.toBe('');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('in one field of a good event is found in that field', () => {
    const fields = fc.constantFrom(...Object.keys(valid));
    const junk = fc.oneof(
      fc.array(fc.anything()),
      fc.object(),
      fc.boolean(),
      fc.double(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fields, junk, (field, value) => {
        const top = fieldsAtFault({ [field]: value }).map((path) => path.split('.')[0]);
        expect([...new Set(top)]).toEqual([field]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a batch', () => {
  test('is all its events', () => {
    const events = [valid, { ...valid, id: 'e2' }];
    expect(parseCostEvents(events, { now: NOW })).toEqual({ kind: 'valid', events });
  });

  test('with bad events is every error of each, with its index', () => {
    const values = [
      valid,
      { ...valid, id: '' },
      valid,
      { ...valid, usage: { seconds: '-1', x: 1 } },
    ];
    const parsed = parseCostEvents(values, { now: NOW });
    expect(
      parsed.kind === 'invalid' && parsed.errors.map(({ index, field }) => `${index} ${field}`),
    ).toEqual(['1 id', '3 usage.x', '3 usage.seconds']);
  });
});
