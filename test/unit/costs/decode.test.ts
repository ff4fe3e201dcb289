import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePush } from '../../../src/cloud/push.ts';
import { decodeDelivery } from '../../../src/costs/decode.ts';
import { costEvent } from '../../support/events.ts';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const good = (id: string) => costEvent({ id, timestamp: '2026-11-20T11:59:00Z' });
const { costUsd: _, ...unpricedEvent } = good('e1');
const correction = {
  event: { ...unpricedEvent, costUsd: '1.5' },
  source: 'price_book',
  priceVersion: 'v1',
};
const decode = (data: Buffer | string) =>
  decodeDelivery({ messageId: 'm1', data: Buffer.from(data) }, NOW);
const decodeJson = (body: unknown) => decode(JSON.stringify(body));

describe('a message', () => {
  test('is its valid events, each with its time and where it came from', () => {
    expect(decodeJson({ events: [good('a'), good('b')] })).toMatchObject({
      events: [
        { event: good('a'), timeMs: NOW - 60_000, messageId: 'm1', index: 0 },
        { event: good('b'), timeMs: NOW - 60_000, messageId: 'm1', index: 1 },
      ],
      corrections: [],
      quarantined: [],
    });
  });

  test.each([
    ['not JSON', '{"events":[', 'data is not JSON'],
    ['empty', '', 'data is not JSON'],
    ['null', 'null', 'data holds no events'],
    ['a number', '5', 'data holds no events'],
    ['a list', '[]', 'data holds no events'],
    ['without events', '{}', 'data holds no events'],
    ['an empty batch', '{"events":[]}', 'data holds no events'],
    ['one bare event', JSON.stringify(good('a')), 'data holds no events'],
    ['events that are no list', '{"events":{}}', 'data must be {"events": [...]}'],
    ['null for events', '{"events":null}', 'data must be {"events": [...]}'],
    ['inherited events', '{"__proto__":{"events":[1]}}', 'data holds no events'],
  ])('that is %s is set aside whole, with the reason', (_name, text, detail) => {
    const { events, corrections, quarantined } = decode(text);
    expect([...events, ...corrections]).toEqual([]);
    expect(quarantined).toEqual([
      {
        reason: 'malformed_message',
        detail: expect.stringContaining(detail),
        messageId: 'm1',
        payload: text,
      },
    ]);
  });

  test('whose base64 is broken is set aside, not refused for ever', () => {
    const pushed = parsePush({ message: { messageId: 'm1', data: '!!!' } });
    expect(decodeDelivery(pushed!, NOW).quarantined).toHaveLength(1);
  });

  test('holds at most 1,000 events and corrections', () => {
    const events = Array.from({ length: 1_000 }, (_, i) => good(`e${i}`));
    expect(decodeJson({ events }).events).toHaveLength(1_000);
    const { events: none, quarantined } = decodeJson({ events, corrections: [correction] });
    expect(none).toEqual([]);
    expect(quarantined).toMatchObject([
      {
        reason: 'malformed_message',
        detail: 'data holds 1001 events, at most 1000 are allowed',
      },
    ]);
  });

  test('of any bytes never throws and never vanishes', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    const json = fc.json().map((text) => Buffer.from(text));
    const shaped = fc
      .record({ events: fc.array(fc.jsonValue()), corrections: fc.array(fc.jsonValue()) })
      .map((body) => Buffer.from(JSON.stringify(body)));
    fc.assert(
      fc.property(fc.oneof(bytes, json, shaped), (data) => {
        const { events, corrections, quarantined } = decode(data);
        expect([events, corrections]).toEqual([[], []]);
        expect(quarantined.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an event', () => {
  test('that is bad is set aside alone, with its index, reasons and what it claims to be', () => {
    const bad = { ...good('b'), costUsd: '-1', cost: 5 };
    const { events, quarantined } = decodeJson({ events: [good('a'), bad, good('c')] });
    expect(events.map(({ event, index }) => `${index} ${event.id}`)).toEqual(['0 a', '2 c']);
    expect(quarantined).toEqual([
      {
        reason: 'invalid_event',
        detail: expect.stringMatching(/^(?=.*cost is not a known field)(?=.*costUsd must).*; /),
        workspaceId: 'acme',
        eventId: 'b',
        messageId: 'm1',
        eventIndex: 1,
        payload: JSON.stringify(bad),
      },
    ]);
  });

  test.each([[null], [5], ['x'], [[]], [{}], [true]])('%j is no event', (value) => {
    const { quarantined } = decodeJson({ events: [value] });
    expect(quarantined).toMatchObject([{ eventIndex: 0, payload: JSON.stringify(value) }]);
  });

  test.each([
    ['an object', {}],
    ['long', 'x'.repeat(129)],
    ['half a character', '\ud800'],
  ])('claims no workspace that is %s', (_name, workspaceId) => {
    const { quarantined } = decodeJson({ events: [{ ...good('a'), workspaceId }] });
    expect(quarantined).toHaveLength(1);
    expect(quarantined[0]).not.toHaveProperty('workspaceId', expect.anything());
    expect(quarantined[0]).toHaveProperty('eventId', 'a');
  });

  test('nested deeper than can be written again is set aside without its neighbours', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const { events, quarantined } = decode(
      `{"events":[${deep},${JSON.stringify(good('a'))}],"corrections":[${deep}]}`,
    );
    expect(events.map(({ event }) => event.id)).toEqual(['a']);
    expect(quarantined).toHaveLength(2);
  });
});

describe('a correction', () => {
  test('becomes an entry beside the events', () => {
    const { events, corrections } = decodeJson({ events: [good('a')], corrections: [correction] });
    expect(events).toHaveLength(1);
    expect(corrections).toMatchObject([{ kind: 'correction', entryId: 'e1~repriced' }]);
  });

  test('that is none is set aside', () => {
    const bad = { ...correction, source: 'reported' };
    expect(decodeJson({ corrections: [bad, correction] })).toMatchObject({
      corrections: [{ entryId: 'e1~repriced' }],
      quarantined: [{ reason: 'invalid_event', eventIndex: 0, payload: JSON.stringify(bad) }],
    });
  });
});
