import { describe, expect, test } from '@jest/globals';
import { EVENT_ID_PATTERN } from '../../../src/core/ids.ts';
import { parseCorrection } from '../../../src/costs/correction.ts';
import { contentHashOf } from '../../../src/costs/entry.ts';
import { costEvent } from '../../support/events.ts';

const event = costEvent({ timestamp: '2026-11-20T11:00:00Z', costUsd: '1.000000001' });
const correction = { event, source: 'override', priceVersion: 'v2' };

describe('a correction', () => {
  test('adds the difference and takes one from the unpriced, but is no event and uses nothing', () => {
    const timeMs = Date.parse(event.timestamp);
    expect(parseCorrection(correction)).toEqual({
      kind: 'correction',
      entryId: 'e1~repriced',
      event,
      timeMs,
      costNanoUsd: 1_000_000_001n,
      costSource: 'override',
      priceVersion: 'v2',
      events: 0,
      unpricedEvents: -1,
      contentHash: contentHashOf(event, timeMs),
    });
  });

  test('has an id that no producer can use', () => {
    expect(parseCorrection(correction)!.entryId).not.toMatch(new RegExp(EVENT_ID_PATTERN));
  });

  test('to another price is another content, so that only the first counts', () => {
    const other = parseCorrection({ ...correction, event: { ...event, costUsd: '2' } });
    expect(other!.entryId).toBe(parseCorrection(correction)!.entryId);
    expect(other!.contentHash).not.toBe(parseCorrection(correction)!.contentHash);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a bare event', event],
    ['one with usage', { ...correction, event: { ...event, usage: { inputTokens: 1 } } }],
    ['one without an amount', { ...correction, event: { ...event, costUsd: undefined } }],
    ['one that is reported', { ...correction, source: 'reported' }],
    ['one without a price version', { ...correction, priceVersion: '' }],
    ['one at no instant', { ...correction, event: { ...event, timestamp: 'now' } }],
    ['one with more to it', { ...correction, extra: 1 }],
    [
      'one beyond what a counter holds',
      { ...correction, event: { ...event, costUsd: '9223372036.854775808' } },
    ],
  ])('is not %s', (_name, value) => {
    const json = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
    expect(parseCorrection(json)).toBeUndefined();
  });
});
