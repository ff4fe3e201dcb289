import { redactText } from './sensitive-text.ts';

/**
 * How much of what is logged is written; what goes beyond is cut and marked. In all an entry stays below the 256 KiB of
 * Cloud Logging: at worst 3 bytes for a character of `jsonChars`, 6 for one of the message and of the stack.
 */
export const LIMITS = {
  /** Levels of objects and arrays within each other. */
  depth: 8,
  /** Members of one object, elements of one array. */
  breadth: 100,
  keyChars: 128,
  stringChars: 8_192,
  /** Characters of JSON that all fields take together. */
  jsonChars: 49_152,
} as const;

/** A text that is cut is searched for secrets a little beyond the cut, so that none loses its recognisable part. */
const BEYOND_CUT = 4_096;

/** The text without secrets, and at most so long; how much is missing is said at its end. */
export function cutText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return redactText(text);
  const head = redactText(text.slice(0, maxChars + BEYOND_CUT));
  return `${head.slice(0, maxChars)}… [${text.length - maxChars} characters more]`;
}
