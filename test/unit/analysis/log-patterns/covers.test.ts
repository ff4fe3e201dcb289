import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { covers } from '../../../../src/analysis/log-patterns/covers.ts';

describe('a template covers', () => {
  test.each([
    ['no agent <*>', 'no agent bot'],
    ['no agent <*>', 'no agent <*>'],
    ['<*> of <*> failed', 'run <*> of card failed'],
    ['<*> failed', ' failed'],
    ['a <*> b <*> b', 'a x b b y b'],
  ])('with “%s” “%s”', (wider, narrower) => {
    expect(covers(wider, narrower)).toBe(true);
  });

  test.each([
    ['no agent bot', 'no agent <*>'],
    ['no agent <*>', 'no agents'],
    ['<*> of <*> failed', 'of failed'],
    ['<*> failed', 'it failed twice'],
    ['ab<*>ba', 'aba'],
    ['', 'anything'],
  ])('but not with “%s” “%s”', (wider, narrower) => {
    expect(covers(wider, narrower)).toBe(false);
  });

  test('whatever comes of putting texts into its holes', () => {
    const word = fc.stringMatching(/^[a-c ]{0,4}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 6 }), word, (pairs, end) => {
        const wider = pairs.map(([text]) => `${text}<*>`).join('') + end;
        const narrower = pairs.map(([text, put]) => text + put).join('') + end;
        expect(covers(wider, narrower)).toBe(true);
      }),
    );
  });
});
