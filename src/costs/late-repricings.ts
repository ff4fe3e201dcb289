import type { Warehouse } from '../cloud/bigquery.ts';
import { getOrInsert } from '../core/maps.ts';
import type { Entry } from './entry.ts';
import { repricedIdOf, retractedIdOf } from './entry-ids.ts';
import { negationOf, readLedgerRows } from './negation.ts';

/** An event that is priced later or taken back in this commit, and may be the other in another one. */
type Doubtful = { workspaceId: string; eventId: string; timeMs: number; isRetracted: boolean };

/**
 * What takes the repricings back of events that are taken back, where neither commit saw the other's entry: the one of a
 * repricing looks for the retraction, the one of a retraction for the repricing, each after it has appended its own; so one of
 * them always sees the other. `appended` are a commit's entries, negations included. Never rejects: `failures` are the
 * workspaces that could not be read, and why.
 */
export async function takeLateRepricingsBack(
  warehouse: Pick<Warehouse, 'query'>,
  appended: readonly Entry[],
): Promise<{ negations: Entry[]; failures: Map<string, unknown> }> {
  const negations: Entry[] = [];
  const failures = new Map<string, unknown>();
  await Promise.all(
    [...doubtfulByWorkspace(appended)].map(async ([workspaceId, list]) => {
      const times = list.map(({ timeMs }) => timeMs);
      try {
        const rows = await readLedgerRows(warehouse, {
          workspaceIds: [workspaceId],
          eventIds: list.flatMap(({ eventId }) => [repricedIdOf(eventId), retractedIdOf(eventId)]),
          from: Math.min(...times),
          to: Math.max(...times),
        });
        const rowsOf = (id: string) => rows.get(`${workspaceId}/${id}`) ?? [];
        for (const { eventId, isRetracted } of list) {
          if (!isRetracted && rowsOf(retractedIdOf(eventId)).length === 0) continue;
          negations.push(...rowsOf(repricedIdOf(eventId)).map(negationOf));
        }
      } catch (error) {
        failures.set(workspaceId, error);
      }
    }),
  );
  return { negations, failures };
}

function doubtfulByWorkspace(appended: readonly Entry[]): Map<string, Doubtful[]> {
  const doubtful = new Map<string, Doubtful[]>();
  const settled = new Set(appended.map(({ event, entryId }) => `${event.workspaceId}/${entryId}`));
  for (const { kind, entryId, event, timeMs, unpricedEvents } of appended) {
    const { workspaceId, id: eventId } = event;
    const isRepricing = entryId === repricedIdOf(eventId);
    // Only what was unpriced can be priced later.
    const isRetracted = entryId === retractedIdOf(eventId) && unpricedEvents === -1;
    if (kind !== 'correction' || !(isRepricing || isRetracted)) continue;
    if (settled.has(`${workspaceId}/${retractedIdOf(repricedIdOf(eventId))}`)) continue;
    getOrInsert(doubtful, workspaceId, () => []).push({
      workspaceId,
      eventId,
      timeMs,
      isRetracted,
    });
  }
  return doubtful;
}
