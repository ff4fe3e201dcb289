import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import { getOrInsert } from '../core/maps.ts';
import { formatInstant } from '../core/time.ts';
import type { AwaitedEvents } from './awaited-events.ts';
import { type DecodedDelivery, type Delivery, decodeDelivery } from './decode.ts';
import type { Entry } from './entry.ts';
import { MAX_AHEAD_MS } from './event.ts';
import { createGroupCommit } from './group-commit.ts';
import { takeLateRepricingsBack } from './late-repricings.ts';
import type { Ledger, Quarantined } from './ledger.ts';
import { priceEvent } from './price-event.ts';
import type { PriceBook } from './pricing/price-book.ts';
import { identityOf, withoutRepeats } from './repeats.ts';
import type { Movement } from './rollups/meters.ts';
import type { Repeat, Rollups } from './rollups/rollups.ts';
import { setAside } from './set-aside.ts';
import { takeBack } from './take-back.ts';

/** What happened to the events of one commit, for logs and metrics. */
export type IngestReport = {
  counted: number;
  duplicates: number;
  quarantined: Quarantined[];
};

/**
 * How a workspace's meters moved. `rebuilt`: its projection was rebuilt on the way, so that movements may be missing.
 */
export type Moved = { workspaceId: string; movements: Movement[]; rebuilt: boolean };

export type Ingest = ReturnType<typeof createIngest>;

const COUNTED_BEFORE_SQL = readFileSync(
  new URL('../../bigquery/queries/entries_counted_before.sql', import.meta.url),
  'utf8',
);
const MAX_EVENTS_PER_COMMIT = 2_000;
const MAX_COMMITS_IN_FLIGHT = 3;
const MAX_EVENTS_WAITING = 50_000;
/** A message weighs at least as much as so many events of this size: what waits is bounded in bytes too. */
const BYTES_PER_EVENT = 1_024;

/**
 * The way of a cost event: from a delivery to the ledger and the rollups. `ingest` resolves when the delivery may
 * be acknowledged, and rejects when it must be delivered again; delivering it again is always safe.
 */
export function createIngest(options: {
  ledger: Ledger;
  rollups: Rollups;
  warehouse: Warehouse;
  /** Retractions that came before their events. */
  awaited: AwaitedEvents;
  /** The prices in force for these workspaces, overrides included. */
  prices: (workspaceIds: Iterable<string>) => Promise<PriceBook>;
  now: () => number;
  onReport?: (report: IngestReport) => void;
  /** Told once the movements have been counted, before the events are acknowledged. Must not reject. */
  onMoved?: (moved: Moved) => Promise<void>;
}) {
  const { ledger, rollups, warehouse, awaited, prices, now, onMoved } = options;
  const group = createGroupCommit<DecodedDelivery>({
    commit,
    weigh: ({ events, corrections, retractions, quarantined, bytes }) =>
      Math.max(
        events.length + corrections.length + retractions.length + quarantined.length,
        bytes / BYTES_PER_EVENT,
      ),
    maxWeight: MAX_EVENTS_PER_COMMIT,
    maxInFlight: MAX_COMMITS_IN_FLIGHT,
    maxWaitingWeight: MAX_EVENTS_WAITING,
  });

  /** Deliveries that arrive together are committed together. */
  async function ingest(delivery: Delivery): Promise<void> {
    // 1. Decode, 2. validate: what is malformed is set aside with its reason, its neighbours go on.
    await group.submit(decodeDelivery(delivery, now()));
    // 7. The caller acknowledges.
  }

  /**
   * Returns the deliveries that must come again: those that hold a workspace which could not be counted, or an event to be
   * taken back that the ledger does not show yet.
   */
  async function commit(
    deliveries: DecodedDelivery[],
  ): Promise<ReadonlyMap<DecodedDelivery, unknown>> {
    const corrections = deliveries.flatMap((delivery) => delivery.corrections);

    // 3. Price: every event has an amount, or is counted as unpriced.
    const events = deliveries.flatMap((delivery) => delivery.events);
    const book = await prices(new Set(events.map(({ event }) => event.workspaceId)));
    const priced = events.map((received) => priceEvent(received, book));
    const { entries, duplicates, rivals } = withoutRepeats([...priced, ...corrections]);

    // 4. Append, 5. apply, in four passes, of which most commits need one.
    // 5a. The first under each id.
    const first = await record(entries);
    // 5b. Most commits have no rivals; those they have are conflicts, unless the entry before them did not count either:
    // then one of them may be what counts. Of a workspace that could not be counted nothing is known: its deliveries come
    // again, rivals and all.
    const known = rivals.filter(({ entry }) => !first.failures.has(entry.event.workspaceId));
    const undecided = known.filter(({ of }) => first.uncounted.has(of));
    const second = await record(undecided.map(({ entry }) => entry));
    const conflicts = known.filter((rival) => !undecided.includes(rival));
    // 5c. What is to be taken back is what the ledger shows by now, so it comes last.
    const taken = await takeBack(options, deliveries, [...first.appended, ...second.appended]);
    const third = await record(withoutRepeats(taken.negations).entries);
    // 5d. A repricing that was under way while its event was taken back is taken back too.
    const appended = [...first.appended, ...second.appended, ...third.appended];
    const late = await takeLateRepricingsBack(warehouse, appended);
    const fourth = await record(withoutRepeats(late.negations).entries);

    const steps = [first, second, third, fourth];
    const failures = new Map([...steps, late].flatMap((step) => [...step.failures]));
    const resolved = taken.resolved.filter((one) => !failures.has(one.workspaceId));
    // What is remembered in vain is forgotten by itself.
    await awaited.forget(resolved).catch(() => {});

    const failed = failedDeliveries(deliveries, failures, taken.waiting);
    const repeats = steps.flatMap((step) => step.repeats);
    const done = deliveries.filter((one) => !failed.has(one));
    const quarantined = setAside({
      malformed: done.flatMap((one) => [...one.quarantined, ...(taken.unresolved.get(one) ?? [])]),
      refused: steps.flatMap(({ refused }) => refused),
      conflicts: [...repeats.filter(({ kind }) => kind === 'conflict'), ...conflicts],
    });

    // 6. Report what moved, so that budgets are checked at once; a death here leaves it to their schedule. And what was
    // set aside, so that nothing is refused in silence.
    if (onMoved) await Promise.all(steps.flatMap(({ moved }) => moved).map(onMoved));
    await ledger.quarantine(quarantined);
    if (failed.size === deliveries.length) return failed;
    options.onReport?.({
      counted: steps.reduce((sum, { counted }) => sum + counted, 0),
      duplicates: duplicates + repeats.filter(({ kind }) => kind === 'duplicate').length,
      quarantined,
    });
    return failed;
  }

  /**
   * Appends to the ledger, after which entries cannot be lost and its readers see each once; then applies to the
   * rollups, where each counts once however often it was appended. `appended` are those that count, by now or before;
   * `uncounted` those that nothing counts: refused, or in conflict with what does. `failures` are the workspaces that could
   * not be counted, and why: one tenant's trouble is not its neighbours'.
   */
  async function record(entries: readonly Entry[]) {
    if (entries.length === 0) {
      const failures = new Map<string, unknown>();
      const uncounted = new Set<Entry>();
      return { counted: 0, appended: [], repeats: [], refused: [], moved: [], uncounted, failures };
    }
    const { refused } = await ledger.append(entries);
    const uncounted = new Set(refused.map(({ entry }) => entry));
    const kept = entries.filter((entry) => !uncounted.has(entry));
    const { repeats, moved, failures } = await applyOnce(kept);
    for (const { entry, kind } of repeats) if (kind === 'conflict') uncounted.add(entry);
    const reached = kept.filter((entry) => !failures.has(entry.event.workspaceId));
    const counted = reached.length - repeats.length;
    const appended = reached.filter((entry) => !uncounted.has(entry));
    return { counted, appended, repeats, refused, moved, uncounted, failures };
  }

  /** Applies per workspace, after taking out old entries whose ids Redis may have forgotten. */
  async function applyOnce(entries: readonly Entry[]) {
    const forgotten = await countedBefore(entries);
    const repeats: Repeat[] = [];
    const byWorkspace = new Map<string, Entry[]>();
    for (const entry of entries) {
      const counted = forgotten.get(identityOf(entry));
      if (counted !== undefined) {
        const kind = counted.has(entry.contentHash) ? 'duplicate' : 'conflict';
        repeats.push({ entry, kind });
        continue;
      }
      const { workspaceId } = entry.event;
      getOrInsert(byWorkspace, workspaceId, () => []).push(entry);
    }
    const failures = new Map<string, unknown>();
    const moved: Moved[] = [];
    await Promise.all(
      [...byWorkspace].map(async ([workspaceId, list]) => {
        try {
          const applied = await rollups.apply(workspaceId, list);
          repeats.push(...applied.repeats);
          const { movements, rebuilt } = applied;
          if (rebuilt || movements.length > 0) moved.push({ workspaceId, movements, rebuilt });
        } catch (error) {
          failures.set(workspaceId, error);
        }
      }),
    );
    return {
      repeats: repeats.filter(({ entry }) => !failures.has(entry.event.workspaceId)),
      moved,
      failures,
    };
  }

  /** Of the entries old enough to have been forgotten, those the ledger shows as counted: contents by identity. */
  async function countedBefore(entries: readonly Entry[]): Promise<Map<string, Set<string>>> {
    const since = rollups.rememberedSince();
    const old = entries.filter((entry) => entry.timeMs < since + MAX_AHEAD_MS);
    const counted = new Map<string, Set<string>>();
    if (old.length === 0) return counted;
    const times = old.map((entry) => entry.timeMs);
    const rows = await warehouse.query<{
      workspaceId: string;
      eventId: string;
      contentHash: string;
    }>({
      sql: COUNTED_BEFORE_SQL,
      params: {
        workspaceIds: [...new Set(old.map((entry) => entry.event.workspaceId))],
        eventIds: old.map((entry) => entry.entryId),
        from: formatInstant(Math.min(...times)),
        to: formatInstant(Math.max(...times)),
        ingestedBefore: formatInstant(since),
      },
      types: {
        workspaceIds: ['STRING'],
        eventIds: ['STRING'],
        from: 'TIMESTAMP',
        to: 'TIMESTAMP',
        ingestedBefore: 'TIMESTAMP',
      },
    });
    for (const { workspaceId, eventId, contentHash } of rows) {
      const identity = `${workspaceId}/${eventId}`;
      getOrInsert(counted, identity, () => new Set<string>()).add(contentHash);
    }
    return counted;
  }

  return { ingest };
}

function failedDeliveries(
  deliveries: readonly DecodedDelivery[],
  failures: ReadonlyMap<string, unknown>,
  waiting: ReadonlyMap<DecodedDelivery, unknown>,
): Map<DecodedDelivery, unknown> {
  const failed = new Map(waiting);
  if (failures.size === 0) return failed;
  for (const delivery of deliveries) {
    const entries = [...delivery.events, ...delivery.corrections].map(({ event }) => event);
    for (const { workspaceId } of [...entries, ...delivery.retractions]) {
      if (failures.has(workspaceId)) failed.set(delivery, failures.get(workspaceId));
    }
  }
  return failed;
}
