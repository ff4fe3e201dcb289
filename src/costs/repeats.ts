import type { Entry } from './entry.ts';

/** Which entry it is, unique across workspaces. A `/` cannot occur in either part. */
export function identityOf(entry: Entry): string {
  return `${entry.event.workspaceId}/${entry.entryId}`;
}

/** Within one commit the first entry under an id goes on; a rival has the same id `of` it and other content. */
export function withoutRepeats(all: readonly Entry[]): {
  entries: Entry[];
  duplicates: number;
  rivals: { entry: Entry; of: Entry }[];
} {
  const first = new Map<string, Entry>();
  const rivals = new Map<string, { entry: Entry; of: Entry }>();
  for (const entry of all) {
    const identity = identityOf(entry);
    const earlier = first.get(identity);
    if (earlier === undefined) first.set(identity, entry);
    else if (earlier.contentHash !== entry.contentHash) {
      const content = `${identity}/${entry.contentHash}`;
      if (!rivals.has(content)) rivals.set(content, { entry, of: earlier });
    }
  }
  const duplicates = all.length - first.size - rivals.size;
  return { entries: [...first.values()], duplicates, rivals: [...rivals.values()] };
}
