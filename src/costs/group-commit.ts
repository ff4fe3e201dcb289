import { AppError } from '../core/errors.ts';

/**
 * Lets concurrent callers commit together: while commits are under way, whoever comes waits, and all that wait
 * become the next commit. A caller's promise settles with the commit that held its item: when that throws, so do
 * all its callers, and none of them may assume anything; when it names items that failed, only their callers do.
 * Items keep their order within a commit.
 */
export function createGroupCommit<Item>(options: {
  /** Resolves with the items that failed and why; throws when all did. */
  commit: (items: Item[]) => Promise<ReadonlyMap<Item, unknown>>;
  /** How much an item weighs, and how much a commit may hold (one item always fits). */
  weigh: (item: Item) => number;
  maxWeight: number;
  /** Commits under way at once: more hide the waiting for the stores, fewer make larger commits. */
  maxInFlight: number;
  /** What may wait before `submit` refuses with `overloaded`, which bounds memory. */
  maxWaitingWeight: number;
}) {
  const { commit, weigh, maxWeight, maxInFlight, maxWaitingWeight } = options;
  type Waiter = { item: Item; resolve: () => void; reject: (error: unknown) => void };
  let waiting: Waiter[] = [];
  let waitingWeight = 0;
  let inFlight = 0;

  function takeGroup(): Waiter[] {
    let count = 0;
    let weight = 0;
    while (count < waiting.length) {
      const next = weigh(waiting[count]!.item);
      if (count > 0 && weight + next > maxWeight) break;
      weight += next;
      count++;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    waitingWeight -= weight;
    return group;
  }

  function startCommits(): void {
    while (inFlight < maxInFlight && waiting.length > 0) void commitGroup(takeGroup());
  }

  async function commitGroup(waiters: readonly Waiter[]): Promise<void> {
    inFlight++;
    try {
      const failed = await commit(waiters.map((waiter) => waiter.item));
      for (const { item, resolve, reject } of waiters) {
        if (failed.has(item)) reject(failed.get(item));
        else resolve();
      }
    } catch (error) {
      for (const waiter of waiters) waiter.reject(error);
    } finally {
      inFlight--;
      startCommits();
    }
  }

  return {
    /** Resolves once the commit that holds the item has succeeded. */
    submit(item: Item): Promise<void> {
      const weight = weigh(item);
      if (waitingWeight + weight > maxWaitingWeight && waiting.length > 0) {
        const message = `${waitingWeight} are waiting to be committed`;
        return Promise.reject(new AppError({ code: 'overloaded', message, retryable: true }));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        waitingWeight += weight;
        // Requests that arrive in the same turn of the event loop share a commit.
        setImmediate(startCommits);
      });
    },
  };
}
