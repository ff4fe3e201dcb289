import { invalidField } from './status.ts';
import type { ListRequest } from './wire.ts';

const MAX_PAGE = 1_000;

/** One page of `items` in order of name. A page token is the last name before it; INVALID_ARGUMENT for one we never gave. */
export function pageOf<T extends { name: string }>(
  items: Iterable<T>,
  { pageSize, pageToken }: ListRequest,
): { page: T[]; nextPageToken: string } {
  if (pageSize < 0) throw invalidField('page_size');
  const after = Buffer.from(pageToken, 'base64url').toString();
  if (pageToken && !after.startsWith('projects/')) throw invalidField('page_token');
  const sorted = [...items]
    .filter(({ name }) => name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = sorted.slice(0, Math.min(pageSize || MAX_PAGE, MAX_PAGE));
  const last = page.at(-1);
  const more = last !== undefined && page.length < sorted.length;
  return { page, nextPageToken: more ? Buffer.from(last.name).toString('base64url') : '' };
}
