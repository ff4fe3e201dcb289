import { cutText, LIMITS } from './limits.ts';
import { sensitivityOf } from './sensitive-keys.ts';
import { createWalk, type KnownKey } from './walk.ts';

/** A piece of JSON and whether something of it was cut. */
export type Written = { json: string; truncated: boolean };

/** Turns anything into JSON text with secrets, cycles and excess replaced by marks. */
export type Serializer = {
  /**
   * The members of objects in one, without the braces: `"a":1,"b":2`. Of members with the same name the last object's
   * counts. The stack of `stackElsewhere` is left out, those of its causes are not.
   */
  members(
    parts: readonly object[],
    options?: { skip?: ReadonlySet<string>; stackElsewhere?: unknown },
  ): Written;
  /** A text as a JSON string. */
  text(text: string): Written;
};

const MAX_KNOWN_KEYS = 2_000;

/**
 * A serializer for what callers log. Whatever it is given — cycles, getters and proxies that throw, `BigInt`, `Map`,
 * `Set`, `Date`, `Error` with causes, buffers, keys such as `__proto__` — the result is valid JSON on one line, within
 * `LIMITS`, and nothing is thrown. Of values under sensitive keys nothing
 * but numbers is ever written, and of secrets not those.
 */
export function createSerializer(): Serializer {
  // What is known of keys is kept: there are few, and judging one takes longer than everything else.
  const knownKeys = new Map<string, KnownKey>();

  function knownKey(key: string): KnownKey {
    const known = knownKeys.get(key);
    if (known !== undefined) return known;
    const written = key === '__proto__' ? '(__proto__)' : cutText(key, LIMITS.keyChars);
    const entry = { json: `${JSON.stringify(written)}:`, sensitivity: sensitivityOf(key) };
    if (key.length <= LIMITS.keyChars) {
      if (knownKeys.size >= MAX_KNOWN_KEYS) knownKeys.clear();
      knownKeys.set(key, entry);
    }
    return entry;
  }

  return {
    members(parts, options = {}) {
      const walk = createWalk(knownKey, options.stackElsewhere);
      let json = '';
      parts.forEach((part, i) => {
        const later = parts.slice(i + 1);
        const members = walk.members(part, (key) => {
          return (
            options.skip?.has(key) === true || later.some((other) => Object.hasOwn(other, key))
          );
        });
        json += json === '' || members === '' ? members : `,${members}`;
      });
      return { json, truncated: walk.truncated() };
    },
    text: (text) => ({
      json: JSON.stringify(cutText(text, LIMITS.stringChars)),
      truncated: text.length > LIMITS.stringChars,
    }),
  };
}
