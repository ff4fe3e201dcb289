/**
 * Keeps loaded values for `ttlMs`, loads each key once however many ask at the same time, and never keeps a
 * failure. `forget(prefix)` drops keys by prefix, also loads under way: what they bring is handed to those who
 * already wait and is not kept. Holds at most `maxEntries`; beyond that it starts over.
 */
export function createLoadingCache<T>({
  ttlMs,
  maxEntries,
  now,
}: {
  ttlMs: number;
  maxEntries: number;
  now: () => number;
}) {
  const entries = new Map<string, { value: Promise<T>; expiresAt: number }>();
  return {
    get(key: string, load: () => Promise<T>): Promise<T> {
      const known = entries.get(key);
      if (known !== undefined && now() < known.expiresAt) return known.value;
      if (entries.size >= maxEntries) entries.clear();
      // Infinite until loaded: a slow load must not be started a second time by those who wait for it.
      const entry = { value: load(), expiresAt: Number.POSITIVE_INFINITY };
      entries.set(key, entry);
      entry.value.then(
        () => {
          entry.expiresAt = now() + ttlMs;
        },
        () => {
          if (entries.get(key) === entry) entries.delete(key);
        },
      );
      return entry.value;
    },
    forget(prefix: string): void {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}
