import { expect, test } from '@jest/globals';
import { createEventId, EVENT_ID_PATTERN } from '../../../src/core/ids.ts';

test('ids made here are ones an event may have, never meet, and sort in the order they were made', () => {
  const ids = Array.from({ length: 10_000 }, createEventId);
  expect(ids.filter((id) => !new RegExp(EVENT_ID_PATTERN).test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
});
