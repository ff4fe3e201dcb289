import type { Warehouse } from '../cloud/bigquery.ts';
import { AppError } from '../core/errors.ts';
import { DAY_MS, dayOf } from '../core/time.ts';
import type { Entry } from './entry.ts';
import { repricedIdOf } from './entry-ids.ts';
import { type LedgerRow, negationOf, readLedgerRows } from './negation.ts';
import type { Retraction } from './retraction.ts';

/** What the ledger shows of retractions' events: the entries that take them back, and which event each shows. */
export type ResolvedRetractions = {
  entries: Entry[];
  found: Retraction[];
  missing: Retraction[];
  /** Their ids are those of something else than their span's model call. */
  refused: Retraction[];
  /** Of what could not be read now (retryable), and why. */
  unread: Map<Retraction, unknown>;
};

/** A query reads three days of the ledger. What is asked of more days at once is asked again, newest days first. */
const MAX_DAYS_AT_ONCE = 16;

/**
 * Reads from the ledger what is to be taken back. The entries of a retraction are the same each time: their ids and
 * contents derive from the rows they negate, so they count once. Each day is read by itself, so that nobody's times, and no
 * day's failure, are another one's. Never rejects.
 */
export async function resolveRetractions(
  warehouse: Pick<Warehouse, 'query'>,
  retractions: readonly Retraction[],
): Promise<ResolvedRetractions> {
  const resolved: ResolvedRetractions = {
    entries: [],
    found: [],
    missing: [],
    refused: [],
    unread: new Map(),
  };
  const days = [...Map.groupBy(retractions, ({ timeMs }) => dayOf(timeMs))].sort(([a], [b]) =>
    a < b ? 1 : -1,
  );
  await Promise.all(
    days.slice(0, MAX_DAYS_AT_ONCE).map(async ([, ofDay]) => {
      try {
        const times = ofDay.map(({ timeMs }) => timeMs);
        const rows = await readLedgerRows(warehouse, {
          workspaceIds: [...new Set(ofDay.map(({ workspaceId }) => workspaceId))],
          eventIds: ofDay.flatMap(({ eventId }) => [eventId, repricedIdOf(eventId)]),
          from: Math.min(...times) - DAY_MS,
          to: Math.max(...times) + DAY_MS,
        });
        for (const retraction of ofDay) resolveOne(retraction, rows, resolved);
      } catch (error) {
        for (const retraction of ofDay) resolved.unread.set(retraction, error);
      }
    }),
  );
  for (const [day, ofDay] of days.slice(MAX_DAYS_AT_ONCE)) {
    for (const retraction of ofDay) resolved.unread.set(retraction, tooManyDays(day));
  }
  return resolved;
}

function resolveOne(
  retraction: Retraction,
  rows: ReadonlyMap<string, LedgerRow[]>,
  resolved: ResolvedRetractions,
): void {
  const { workspaceId, eventId } = retraction;
  const shown = rows.get(`${workspaceId}/${eventId}`);
  if (shown === undefined) {
    resolved.missing.push(retraction);
    return;
  }
  const original = shown.filter((row) => isOfSpan(row, retraction));
  if (original.length === 0) {
    resolved.refused.push(retraction);
    return;
  }
  const corrections = rows.get(`${workspaceId}/${repricedIdOf(eventId)}`) ?? [];
  resolved.entries.push(...[...original, ...corrections].map(negationOf));
  resolved.found.push(retraction);
}

function tooManyDays(day: string): AppError {
  return new AppError({
    code: 'overloaded',
    message: `Events of more than ${MAX_DAYS_AT_ONCE} days are to be taken back at once; those of ${day} wait`,
    retryable: true,
  });
}

/** An id alone proves nothing: whoever sends spans may name any. */
function isOfSpan(row: LedgerRow, { traceId, spanId }: Retraction): boolean {
  return row.resourceType === 'llm_api' && row.traceId === traceId && row.spanId === spanId;
}
