import fc from 'fast-check';

/** Every character but the halves of one, each plane as likely as ASCII. */
const character = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((codePoint) => String.fromCodePoint(codePoint));
/** What a reader takes for one character and is several. */
const cluster = fc.constantFrom('e\u0301', '👩‍👩‍👧', '🇩🇪', 'क्षि', '한', '👍🏽');

/**
 * Any well-formed text, its length counted in characters as a reader sees them. `fc.string({ unit: 'binary' })` says
 * nearly the same and takes a second to make at every load, for its table of a million characters.
 */
export function anyText(
  length: { minLength?: number; maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.string({ ...length, unit: fc.oneof({ arbitrary: character, weight: 9 }, cluster) });
}
