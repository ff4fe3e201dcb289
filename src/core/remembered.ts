import { LRUCache } from 'lru-cache';

/**
 * Remembers answers that cost much. One is made at most once in `forMs` for its key, however many ask at the same time; what
 * failed is tried anew by whoever asks next. A key names all that its answer depends on. Answers are shared: nobody changes
 * one. Beyond `max` of them the one that nobody asked for the longest is forgotten.
 */
export function createRemembered<T>({
  forMs,
  max,
  now,
}: {
  forMs: number;
  max: number;
  /** Epoch milliseconds. */
  now: () => number;
}) {
  const remembered = new LRUCache<string, { sinceMs: number; answer: Promise<T> }>({ max });
  return (key: string, make: () => Promise<T>): Promise<T> => {
    const sinceMs = now();
    const known = remembered.get(key);
    if (known !== undefined && sinceMs - known.sinceMs < forMs) return known.answer;
    const made = { sinceMs, answer: make() };
    remembered.set(key, made);
    made.answer.catch(() => {
      // Another may have been made since.
      if (remembered.peek(key) === made) remembered.delete(key);
    });
    return made.answer;
  };
}
