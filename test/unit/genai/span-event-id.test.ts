import { expect, test } from '@jest/globals';
import { EVENT_ID_PATTERN } from '../../../src/core/ids.ts';
import { spanEventId } from '../../../src/genai/span-event-id.ts';

test('a span’s event id is an event id, and no two spans share one', () => {
  const id = spanEventId('a'.repeat(32), 'b'.repeat(16));
  expect(id).toMatch(new RegExp(EVENT_ID_PATTERN));
  expect(spanEventId('a'.repeat(32), 'c'.repeat(16))).not.toBe(id);
  expect(() => spanEventId('a'.repeat(31), 'b'.repeat(16))).toThrow('No span');
});
