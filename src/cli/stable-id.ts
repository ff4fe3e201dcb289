import { hash } from 'node:crypto';
import { NAME_PATTERN } from '../core/ids.ts';

const NAME = new RegExp(NAME_PATTERN);
const HASH_LENGTH = 8;
/** The end of an id whose text had to be changed; no other id may end so. */
const HASHED = new RegExp(`-x[0-9a-f]{${HASH_LENGTH}}$`);
const MAX_LENGTH = 100;

/**
 * An id for people and stores alike, made of what it names: its parts joined by "-", with a short hash of them at the end
 * where the text alone could be taken for something else. Different parts have different ids (as far as 32 bits of a hash
 * tell). `open` is the position of the one part that may have a "-" of its own without a hash.
 */
export function stableId(parts: readonly string[], options: { open?: number } = {}): string {
  const text = parts.join('-');
  const ambiguous = parts.some(
    (part, at) => part === '' || (part.includes('-') && at !== options.open),
  );
  if (!ambiguous && NAME.test(text) && text.length <= MAX_LENGTH && !HASHED.test(text)) return text;
  const readable = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/-{2,}/g, '-')
    .slice(0, MAX_LENGTH)
    .replace(/-$/, '');
  const digest = hash('sha256', JSON.stringify(parts), 'hex').slice(0, HASH_LENGTH);
  return `${readable === '' ? 'id' : readable}-x${digest}`;
}
