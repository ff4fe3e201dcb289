import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import { parseUsd } from '../core/money.ts';
import { formatInstant } from '../core/time.ts';
import { type CostSource, type Entry, type EntryEvent, instantOf } from './entry.ts';
import { retractedIdOf } from './entry-ids.ts';
import type { CostEvent } from './event.ts';

/** An entry as entries_to_retract.sql reads it from the ledger. */
export type LedgerRow = Record<
  'eventId' | 'eventTime' | 'contentHash' | 'costUsd' | 'costSource',
  string
> & {
  workspaceId: string;
  events: number;
  unpricedEvents: number;
} & Record<string, string | number | boolean | null>;

const RETRACTABLE_SQL = readFileSync(
  new URL('../../bigquery/queries/entries_to_retract.sql', import.meta.url),
  'utf8',
);

/**
 * Entries of the ledger under these ids, by `workspace/id`, at times from `from` to `to` (epoch ms, inclusive): as a rule one
 * each. Throws (retryable) when the ledger does not answer.
 */
export async function readLedgerRows(
  warehouse: Pick<Warehouse, 'query'>,
  wanted: { workspaceIds: string[]; eventIds: string[]; from: number; to: number },
): Promise<Map<string, LedgerRow[]>> {
  const { workspaceIds, eventIds } = wanted;
  const rows = await warehouse.query<LedgerRow>({
    sql: RETRACTABLE_SQL,
    params: {
      workspaceIds,
      eventIds,
      from: formatInstant(wanted.from),
      to: formatInstant(wanted.to),
    },
    types: {
      workspaceIds: ['STRING'],
      eventIds: ['STRING'],
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
    },
  });
  return Map.groupBy(rows, (row) => `${row.workspaceId}/${row.eventId}`);
}

/**
 * The entry that adds to a row of the ledger to nothing in every sum. The same each time, since it derives from the row. Throws
 * for a row whose event time is none.
 */
export function negationOf(row: LedgerRow): Entry {
  const timeMs = instantOf(row.eventTime);
  const entryId = retractedIdOf(row.eventId);
  const contentHash = hash('sha256', JSON.stringify([entryId, row.contentHash]), 'hex');
  return {
    kind: 'correction',
    entryId,
    event: negatedEvent(row, timeMs),
    timeMs,
    costNanoUsd: -parseUsd(row.costUsd),
    costSource: row.costSource as CostSource,
    ...(row.priceVersion !== null && { priceVersion: String(row.priceVersion) }),
    ...(row.unpricedReason !== null && { unpricedReason: String(row.unpricedReason) }),
    // BigQuery knows no negative zero.
    events: (0 - Number(row.events)) as Entry['events'],
    unpricedEvents: (0 - Number(row.unpricedEvents)) as Entry['unpricedEvents'],
    contentHash: contentHash.slice(0, 32),
  };
}

const SAME = [
  'resourceType',
  'resourceId',
  'provider',
  'model',
  'operation',
  'projectId',
  'cardId',
  'agentId',
  'userId',
  'teamId',
  'traceId',
  'spanId',
  'requestId',
] as const satisfies (keyof CostEvent)[];
const COUNTS = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
  'requests',
] as const;
const DECIMALS = ['seconds', 'bytes'] as const;

/** The attribution of a row, and its usage with the sign turned. Its latency is left out: it is no second measurement. */
function negatedEvent(row: LedgerRow, timeMs: number): EntryEvent {
  const given = <T>(value: T | null | undefined): value is T =>
    value !== null && value !== undefined;
  const usage: Record<string, number | string> = {};
  for (const name of COUNTS) if (given(row[name])) usage[name] = 0 - Number(row[name]);
  for (const name of DECIMALS) {
    const text = given(row[name]) ? String(row[name]) : '0';
    if (text !== '0') usage[name] = text.startsWith('-') ? text.slice(1) : `-${text}`;
  }
  const fields = Object.fromEntries(
    SAME.flatMap((name) => (given(row[name]) ? [[name, row[name]]] : [])),
  );
  return {
    ...fields,
    id: row.eventId,
    workspaceId: row.workspaceId,
    timestamp: formatInstant(timeMs),
    currency: 'USD',
    ...(Object.keys(usage).length > 0 && { usage }),
    ...(given(row.labels) && { labels: JSON.parse(String(row.labels)) }),
    ...(given(row.outcomeStatus) && {
      outcome: {
        status: row.outcomeStatus,
        ...(given(row.errorType) && { errorType: row.errorType }),
        ...(given(row.cacheHit) && { cacheHit: row.cacheHit }),
      },
    }),
  } as EntryEvent;
}
