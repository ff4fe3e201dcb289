import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import { getOrInsert } from '../core/maps.ts';
import { DAY_MS, formatInstant } from '../core/time.ts';
import type { Entry } from './entry.ts';
import { repricedIdOf } from './entry-ids.ts';
import { type LedgerRow, negationOf } from './negation.ts';
import type { Retraction } from './retraction.ts';

/** What the ledger shows of retractions' events: the entries that take them back, and which event each shows. */
export type ResolvedRetractions = {
  entries: Entry[];
  found: Retraction[];
  missing: Retraction[];
  /** Their ids are those of something else than their span's model call. */
  refused: Retraction[];
};

const RETRACTABLE_SQL = readFileSync(
  new URL('../../bigquery/queries/entries_to_retract.sql', import.meta.url),
  'utf8',
);

/**
 * Reads from the ledger what is to be taken back. The entries of a retraction are the same each time: their ids and
 * contents derive from the rows they negate, so they count once. Throws (retryable) when the ledger does not answer.
 */
export async function resolveRetractions(
  warehouse: Pick<Warehouse, 'query'>,
  retractions: readonly Retraction[],
): Promise<ResolvedRetractions> {
  const resolved: ResolvedRetractions = { entries: [], found: [], missing: [], refused: [] };
  if (retractions.length === 0) return resolved;
  const rows = await readRows(warehouse, retractions);
  for (const retraction of retractions) {
    const { workspaceId, eventId } = retraction;
    const found = rows.get(`${workspaceId}/${eventId}`);
    if (found === undefined) {
      resolved.missing.push(retraction);
      continue;
    }
    const original = found.filter((row) => isOfSpan(row, retraction));
    if (original.length === 0) {
      resolved.refused.push(retraction);
      continue;
    }
    resolved.found.push(retraction);
    const corrections = rows.get(`${workspaceId}/${repricedIdOf(eventId)}`) ?? [];
    resolved.entries.push(...[...original, ...corrections].map(negationOf));
  }
  return resolved;
}

/** An id alone proves nothing: whoever sends spans may name any. */
function isOfSpan(row: LedgerRow, { traceId, spanId }: Retraction): boolean {
  return row.resourceType === 'llm_api' && row.traceId === traceId && row.spanId === spanId;
}

async function readRows(
  warehouse: Pick<Warehouse, 'query'>,
  retractions: readonly Retraction[],
): Promise<Map<string, LedgerRow[]>> {
  const times = retractions.map(({ timeMs }) => timeMs);
  const rows = await warehouse.query<LedgerRow>({
    sql: RETRACTABLE_SQL,
    params: {
      workspaceIds: [...new Set(retractions.map(({ workspaceId }) => workspaceId))],
      eventIds: retractions.flatMap(({ eventId }) => [eventId, repricedIdOf(eventId)]),
      from: formatInstant(Math.min(...times) - DAY_MS),
      to: formatInstant(Math.max(...times) + DAY_MS),
    },
    types: {
      workspaceIds: ['STRING'],
      eventIds: ['STRING'],
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
    },
  });
  const byIdentity = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    getOrInsert(byIdentity, `${row.workspaceId}/${row.eventId}`, () => []).push(row);
  }
  return byIdentity;
}
