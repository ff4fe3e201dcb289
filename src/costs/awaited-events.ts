import type { Redis } from '../cloud/redis.ts';
import { getOrInsert } from '../core/maps.ts';
import { DAY_MS } from '../core/time.ts';
import type { Entry } from './entry.ts';
import { parseRetraction, type Retraction, toRetractionMessage } from './retraction.ts';

/** How long it is known that an event is to be taken back when it comes: longer than dead letters are kept. */
const KEPT_MS = 30 * DAY_MS;
/** Of how many events of a workspace at once, which bounds memory: some 300 bytes each. */
const MAX_PER_WORKSPACE = 10_000;

export type AwaitedEvents = ReturnType<typeof createAwaitedEvents>;

/** The hash of the retractions of a workspace whose events have not come. */
export function awaitedKey(workspaceId: string): string {
  return `retractions:{${workspaceId}}`;
}

/** Injective: no part contains a `/`. */
function fieldOf(eventId: string, traceId: string, spanId: string): string {
  return `${eventId}/${traceId}/${spanId}`;
}

/**
 * Remembers retractions whose events have not come, so that an event finds its retraction however late it is: after an
 * outage neither is waited for in vain. What Redis forgets is remembered again with the retraction's next delivery. All
 * throw (retryable) when Redis does not answer.
 */
export function createAwaitedEvents(options: { redis: Redis; now: () => number }) {
  const { redis, now } = options;

  /** Since when each is remembered, epoch ms; since it was asked for where there is no room for it. */
  async function remember(retractions: readonly Retraction[]): Promise<Map<Retraction, number>> {
    const since = new Map<Retraction, number>();
    await Promise.all(
      [...groupByWorkspace(retractions, ({ workspaceId }) => workspaceId)].map(
        async ([workspaceId, list]) => {
          const key = awaitedKey(workspaceId);
          const isFull = Number(await redis.hlen(key)) + list.length > MAX_PER_WORKSPACE;
          await Promise.all(
            list.map(async (one) => {
              const field = fieldOf(one.eventId, one.traceId, one.spanId);
              const value = JSON.stringify({ since: now(), message: toRetractionMessage(one) });
              if (!isFull) await redis.hsetnx(key, field, value);
              const kept = await redis.hget(key, field);
              since.set(one, kept === null ? one.requestedAtMs : JSON.parse(kept).since);
            }),
          );
          await redis.pexpire(key, KEPT_MS);
        },
      ),
    );
    return since;
  }

  /** The retractions that wait for these entries, each at its event's own time; none for what is no event of a span. */
  async function find(entries: readonly Entry[]): Promise<Retraction[]> {
    const awaitable = entries.flatMap(({ kind, event, timeMs }) => {
      const { id, workspaceId, traceId, spanId } = event;
      if (kind !== 'event' || traceId === undefined || spanId === undefined) return [];
      return [{ workspaceId, timeMs, field: fieldOf(id, traceId, spanId) }];
    });
    const found = await Promise.all(
      [...groupByWorkspace(awaitable, ({ workspaceId }) => workspaceId)].map(
        async ([workspaceId, list]) => {
          const fields = list.map(({ field }) => field);
          const kept = await redis.hmget(awaitedKey(workspaceId), ...fields);
          return list.flatMap(({ timeMs }, i) => {
            const text = kept[i];
            if (text === null || text === undefined) return [];
            const retraction = parseRetraction(JSON.parse(text).message, 'remembered');
            return retraction === undefined ? [] : [{ ...retraction, timeMs }];
          });
        },
      ),
    );
    return found.flat();
  }

  /** To be called once their events have been taken back. */
  async function forget(retractions: readonly Retraction[]): Promise<void> {
    await Promise.all(
      [...groupByWorkspace(retractions, ({ workspaceId }) => workspaceId)].map(
        ([workspaceId, list]) => {
          const fields = list.map((one) => fieldOf(one.eventId, one.traceId, one.spanId));
          return redis.hdel(awaitedKey(workspaceId), ...fields);
        },
      ),
    );
  }

  return { remember, find, forget };
}

function groupByWorkspace<T>(items: readonly T[], workspaceOf: (item: T) => string) {
  const groups = new Map<string, T[]>();
  for (const item of items) getOrInsert(groups, workspaceOf(item), () => []).push(item);
  return groups;
}
