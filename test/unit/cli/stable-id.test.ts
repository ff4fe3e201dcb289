import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stableId } from '../../../src/cli/stable-id.ts';
import { NAME_PATTERN } from '../../../src/core/ids.ts';
import { anyText } from '../../support/any-text.ts';

/** Texts that look alike once written into an id. */
const part = fc.oneof(
  fc
    .array(fc.constantFrom('a', 'b', '-', '.', '_', '@', ' ', 'é', 'x0'), { maxLength: 6 })
    .map((letters) => letters.join('')),
  anyText({ maxLength: 150 }),
);

describe('an id made of what it names', () => {
  test('is readable where the text may stand as it is', () => {
    expect(stableId(['monthly'])).toBe('monthly');
    expect(stableId(['monthly', 'agent', 'support-bot'], { open: 2 })).toBe(
      'monthly-agent-support-bot',
    );
    expect(stableId(['email', 'owner@acme.example'])).toMatch(
      /^email-owner-acme\.example-x[0-9a-f]{8}$/,
    );
  });

  test('can be an id, and belongs to no other parts', () => {
    fc.assert(
      fc.property(fc.tuple(part, part, part), fc.tuple(part, part, part), (one, other) => {
        const id = stableId(one, { open: 1 });
        expect(id).toMatch(new RegExp(NAME_PATTERN));
        expect(stableId(one, { open: 1 })).toBe(id);
        const same = one.every((text, at) => text === other[at]);
        expect(stableId(other, { open: 1 }) === id).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  test('an id that looks like one with a hash is not mistaken for it', () => {
    const [hashed] = [stableId(['a@b'])];
    expect(stableId([hashed], { open: 0 })).not.toBe(hashed);
  });
});
