import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Warehouse } from '../cloud/bigquery.ts';
import { EVENT_ID_PATTERN, NAME_PATTERN } from '../core/ids.ts';
import { getOrInsert } from '../core/maps.ts';
import { parseUsd } from '../core/money.ts';
import { DAY_MS, formatInstant, MINUTE_MS, parseInstant } from '../core/time.ts';
import { repricedIdOf } from './correction.ts';
import type { CostSource, Entry } from './entry.ts';
import type { CostEvent } from './event.ts';
import type { Quarantined } from './ledger.ts';

/**
 * Takes an event back that turned out not to be a cost of its own (a span that repeats what its children used): entries
 * that negate the event's and its correction's, so that every slice still is the sum of its rows. Made by our own
 * services only; travels like a correction: `{"corrections":[{"retraction": {…}}]}`.
 */
const RetractionSchema = Type.Object(
  {
    retraction: Type.Object(
      {
        workspaceId: Type.String({ pattern: NAME_PATTERN, maxLength: 128 }),
        eventId: Type.String({ pattern: EVENT_ID_PATTERN, maxLength: 64 }),
        /** The event's own, as exactly as is known; it is looked for a day around. */
        timestamp: Type.String({ maxLength: 40 }),
        /** Since when it waits for its event. */
        requestedAt: Type.String({ maxLength: 40 }),
        reason: Type.String({ minLength: 1, maxLength: 256 }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type RetractionMessage = Static<typeof RetractionSchema>;

/** A retraction as it was received. */
export type Retraction = RetractionMessage['retraction'] & {
  /** Epoch milliseconds. */
  timeMs: number;
  requestedAtMs: number;
  messageId: string;
};

/** What becomes of retractions: entries to count, and those whose events the ledger does not show. */
export type ResolvedRetractions = {
  entries: Entry[];
  /** May still come: to be delivered again. */
  waiting: Retraction[];
  /** Waited for in vain. */
  orphaned: Retraction[];
};

/** How long an event may be on its way when its retraction comes. */
export const MAX_RETRACTION_WAIT_MS = 10 * MINUTE_MS;

const RETRACTABLE_SQL = readFileSync(
  new URL('../../bigquery/queries/entries_to_retract.sql', import.meta.url),
  'utf8',
);
const validator = Compile(RetractionSchema);

/** A retraction as it came over the wire, or undefined when it is none. */
export function parseRetraction(value: unknown, messageId: string): Retraction | undefined {
  if (!validator.Check(value)) return undefined;
  const { retraction } = value;
  const timeMs = parseInstant(retraction.timestamp);
  const requestedAtMs = parseInstant(retraction.requestedAt);
  if (timeMs === undefined || requestedAtMs === undefined) return undefined;
  return { ...retraction, timeMs, requestedAtMs, messageId };
}

/**
 * Reads from the ledger what is to be taken back. The entries of a retraction are the same each time: their ids and
 * contents derive from the rows they negate, so they count once. Throws (retryable) when the ledger does not answer.
 */
export async function resolveRetractions(
  warehouse: Pick<Warehouse, 'query'>,
  retractions: readonly Retraction[],
  now: number,
): Promise<ResolvedRetractions> {
  const resolved: ResolvedRetractions = { entries: [], waiting: [], orphaned: [] };
  if (retractions.length === 0) return resolved;
  const rows = await readRows(warehouse, retractions);
  for (const retraction of retractions) {
    const { workspaceId, eventId } = retraction;
    const original = rows.get(`${workspaceId}/${eventId}`);
    if (original === undefined) {
      const waited = now - retraction.requestedAtMs;
      (waited < MAX_RETRACTION_WAIT_MS ? resolved.waiting : resolved.orphaned).push(retraction);
      continue;
    }
    const corrections = rows.get(`${workspaceId}/${repricedIdOf(eventId)}`) ?? [];
    resolved.entries.push(...[...original, ...corrections].map(negationOf));
  }
  return resolved;
}

/** What is set aside of a retraction whose event never came. */
export function toOrphan(retraction: Retraction): Quarantined {
  const { timeMs: _, requestedAtMs: __, messageId, ...message } = retraction;
  return {
    reason: 'orphaned_retraction',
    detail: 'the event to take back is not in the ledger, ten minutes after it was asked for',
    workspaceId: retraction.workspaceId,
    eventId: retraction.eventId,
    messageId,
    payload: JSON.stringify({ retraction: message }),
  };
}

type Row = Record<'eventId' | 'eventTime' | 'contentHash' | 'costUsd' | 'costSource', string> & {
  workspaceId: string;
  events: number;
  unpricedEvents: number;
} & Record<string, string | number | boolean | null>;

async function readRows(
  warehouse: Pick<Warehouse, 'query'>,
  retractions: readonly Retraction[],
): Promise<Map<string, Row[]>> {
  const times = retractions.map(({ timeMs }) => timeMs);
  const rows = await warehouse.query<Row>({
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
  const byIdentity = new Map<string, Row[]>();
  for (const row of rows) {
    getOrInsert(byIdentity, `${row.workspaceId}/${row.eventId}`, () => []).push(row);
  }
  return byIdentity;
}

/** The entry that adds to a row of the ledger to nothing in every sum. */
function negationOf(row: Row): Entry {
  const timeMs = parseInstant(row.eventTime) ?? 0;
  const entryId = `${row.eventId}~retracted`;
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
function negatedEvent(row: Row, timeMs: number): CostEvent {
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
  } as CostEvent;
}
