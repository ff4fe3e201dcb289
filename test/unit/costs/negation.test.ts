import { describe, expect, test } from '@jest/globals';
import { type LedgerRow, negationOf } from '../../../src/costs/negation.ts';

const ROW: LedgerRow = {
  workspaceId: 'acme',
  eventId: 'outer',
  eventTime: '2026-11-20T12:00:00Z',
  contentHash: 'aa',
  events: 1,
  unpricedEvents: 0,
  costUsd: '0.25',
  costSource: 'reported',
  priceVersion: null,
  unpricedReason: null,
};

describe('the negation of a row of the ledger', () => {
  test('stands at the row’s own time, under its id and ~retracted', () => {
    expect(negationOf(ROW)).toMatchObject({
      entryId: 'outer~retracted',
      timeMs: Date.parse('2026-11-20T12:00:00Z'),
      costNanoUsd: -250_000_000n,
      events: -1,
      unpricedEvents: 0,
    });
  });

  test('is not guessed where the row has no time that can be read', () => {
    expect(() => negationOf({ ...ROW, eventTime: 'yesterday' })).toThrow('yesterday');
  });
});
