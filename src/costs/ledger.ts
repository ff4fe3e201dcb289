import { hash } from 'node:crypto';
import type { InsertRow, Warehouse } from '../cloud/bigquery.ts';
import { AppError } from '../core/errors.ts';
import { formatInstant } from '../core/time.ts';
import { type Entry, toLedgerRow } from './entry.ts';

/** Why something is in quarantine rather than in the ledger. */
export type QuarantineReason =
  | 'malformed_message'
  | 'invalid_event'
  | 'refused_by_ledger'
  | 'conflict'
  /** An event was to be taken back that never came. */
  | 'orphaned_retraction'
  /** An event was to be taken back that is not the model call of the span that was named. */
  | 'refused_retraction';

/** Something that came in by Pub/Sub and cannot be counted. */
export type Quarantined = {
  reason: QuarantineReason;
  /** What is wrong, naming the fields. */
  detail: string;
  workspaceId?: string;
  eventId?: string;
  contentHash?: string;
  messageId?: string;
  /** Position of the event within its message; absent for a whole message. */
  eventIndex?: number;
  /** The event or message as received. */
  payload: string;
};

export type Ledger = ReturnType<typeof createLedger>;

/**
 * BigQuery takes requests, and rows, of at most 10 MB. A character takes at most six bytes of JSON, and a row's
 * field names about a thousand, so neither bound needs the rows to be serialised twice.
 */
const MAX_ROWS_PER_INSERT = 1_000;
const MAX_CHARS_PER_INSERT = 1_400_000;
const MAX_PAYLOAD_CHARS = 1_300_000;
const MAX_DETAIL_CHARS = 4_000;

/** The append-only record of costs in BigQuery. */
export function createLedger(options: { warehouse: Warehouse; now: () => number }) {
  const { warehouse, now } = options;

  /** Inserts rows and returns those refused for good; throws (retryable) when any row's fate is unknown. */
  async function insertAll(
    table: string,
    rows: readonly InsertRow[],
  ): Promise<{ index: number; message: string }[]> {
    const refused: { index: number; message: string }[] = [];
    let start = 0;
    for (const chunk of chunksOf(rows)) {
      const first = start;
      start += chunk.length;
      const result = await warehouse.insert(table, chunk);
      if (result.kind === 'ok') continue;
      for (const error of result.errors) {
        if (error.reason !== 'invalid') {
          throw new AppError({
            code: 'ledger_refused',
            message: `${table} did not take row ${error.index}: ${error.reason} ${error.message}`,
            retryable: true,
          });
        }
        const field = error.location === '' ? '' : `${error.location}: `;
        refused.push({ index: first + error.index, message: field + error.message });
      }
    }
    return refused;
  }

  return {
    /**
     * Appends the entries; when it resolves, every entry not named in `refused` is in the ledger for good.
     * A second call appends them again: readers use the view `costs`, which holds each entry once.
     */
    async append(
      entries: readonly Entry[],
    ): Promise<{ refused: { entry: Entry; detail: string }[] }> {
      const ingestTime = formatInstant(now());
      const rows = entries.map((entry) => ({
        insertId: `${entry.kind}/${entry.contentHash}`,
        json: toLedgerRow(entry, ingestTime),
      }));
      const refused = await insertAll('cost_events', rows);
      return {
        refused: refused.map(({ index, message }) => ({ entry: entries[index]!, detail: message })),
      };
    },

    /** Stores what cannot be counted, with the reason. Throws (retryable) when that fails. */
    async quarantine(items: readonly Quarantined[]): Promise<void> {
      if (items.length === 0) return;
      const quarantinedAt = formatInstant(now());
      const rows = items.map((item) => ({
        insertId: quarantineId(item),
        json: {
          quarantined_at: quarantinedAt,
          reason: item.reason,
          detail: shortened(item.detail, MAX_DETAIL_CHARS),
          workspace_id: item.workspaceId,
          event_id: item.eventId,
          content_hash: item.contentHash,
          message_id: item.messageId,
          event_index: item.eventIndex,
          payload: shortened(item.payload, MAX_PAYLOAD_CHARS),
        },
      }));
      const refused = await insertAll('cost_events_quarantine', rows);
      if (refused.length > 0) {
        throw new AppError({
          code: 'quarantine_refused',
          message: `cost_events_quarantine refused row ${refused[0]!.index}: ${refused[0]!.message}`,
          retryable: true,
        });
      }
    },
  };
}

/** Equal for the same thing set aside again, different for anything else: equal ids are stored once. */
function quarantineId(item: Quarantined): string {
  const { reason, detail, workspaceId, eventId, contentHash, messageId, eventIndex } = item;
  return hash(
    'sha256',
    JSON.stringify([reason, detail, workspaceId, eventId, contentHash, messageId, eventIndex]),
    'hex',
  );
}

/** At most so many characters, and none of them half of one, which BigQuery would refuse. */
function shortened(text: string, maxChars: number): string {
  return text.slice(0, maxChars).toWellFormed();
}

/** Rows in requests that BigQuery takes. */
function* chunksOf(rows: readonly InsertRow[]): Generator<InsertRow[]> {
  let chunk: InsertRow[] = [];
  let chunkChars = 0;
  for (const row of rows) {
    let chars = 0;
    for (const name in row.json) {
      const value = row.json[name];
      if (typeof value === 'string') chars += value.length;
    }
    if (chunk.length === MAX_ROWS_PER_INSERT || chunkChars + chars > MAX_CHARS_PER_INSERT) {
      if (chunk.length > 0) yield chunk;
      chunk = [];
      chunkChars = 0;
    }
    chunk.push(row);
    chunkChars += chars;
  }
  if (chunk.length > 0) yield chunk;
}
