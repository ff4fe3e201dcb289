import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { appendRows } from './append.ts';
import type { Catalog, Table } from './catalog.ts';
import type { Engine } from './engine.ts';
import { invalid } from './errors.ts';
import { createRowReader, type RowError } from './row-values.ts';

/** 10 MB and 50,000 rows a request, 128 characters an insertId: https://cloud.google.com/bigquery/quotas#streaming_inserts */
export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_ROWS = 50_000;
const MAX_INSERT_ID = 128;
const DEDUPE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The body of tabledata.insertAll. */
export type InsertAllRequest = {
  skipInvalidRows?: boolean;
  ignoreUnknownValues?: boolean;
  rows?: Row[];
};
type Row = { insertId?: string; json?: Record<string, unknown> };
type InsertError = { index: number; errors: RowError[] };
/** Its answer; without `insertErrors` every row was stored. */
export type InsertAllResponse = { kind: string; insertErrors?: InsertError[] };

const KIND = 'bigquery#tableDataInsertAllResponse';

const STOPPED: RowError = { reason: 'stopped', location: '', debugInfo: '', message: '' };

/**
 * tabledata.insertAll. A bad row fails the request's other rows too (`stopped`) unless `skipInvalidRows`; the answer
 * is 200 either way. Rows whose `insertId` was stored into the same table within the last minute are left out.
 */
export function createInsertAll(options: { catalog: Catalog; engine: Engine; now: () => number }) {
  const { catalog, engine, now } = options;
  const remembered = createInsertIds(now);

  type Good = { insertId: string | undefined; values: DuckDBValue[] };

  /** Sorts the rows into those that fit the table and what is wrong with the others. */
  function readRows(table: Table, request: InsertAllRequest, rows: Row[]) {
    const reader = createRowReader(table.fields, {
      ignoreUnknownValues: request.ignoreUnknownValues === true,
    });
    const bounds = partitionBounds(table, catalog.projectId, now());
    const insertErrors: InsertError[] = [];
    const good: Good[] = [];
    rows.forEach((row, index) => {
      const result = reader.read(row.json ?? {});
      const outside = result.kind === 'valid' ? bounds(result.values) : undefined;
      if (result.kind === 'invalid') insertErrors.push({ index, errors: result.errors });
      else if (outside !== undefined) insertErrors.push({ index, errors: [outside] });
      else good.push({ insertId: row.insertId, values: result.values });
    });
    return { insertErrors, good };
  }

  async function store(connection: DuckDBConnection, table: Table, good: Good[]): Promise<void> {
    const fresh = remembered.claim(table.duckName!, good);
    if (fresh.length === 0) return;
    const values = fresh.map((row) => row.values);
    try {
      await appendRows(connection, table, values);
    } catch (error) {
      remembered.release(table.duckName!, fresh);
      throw error;
    }
  }

  return async function insertAll(
    address: { dataset: string; table: string },
    request: InsertAllRequest,
  ): Promise<InsertAllResponse> {
    const rows = request.rows ?? [];
    checkRequest(catalog.table(address.dataset, address.table), rows);
    // All in one turn: the table stays as it is between reading the rows and storing them.
    return engine.write(async (connection) => {
      const table = catalog.table(address.dataset, address.table);
      const { insertErrors, good } = readRows(table, request, rows);
      if (insertErrors.length === 0) {
        await store(connection, table, good);
        return { kind: KIND };
      }
      if (request.skipInvalidRows === true) {
        await store(connection, table, good);
        return { kind: KIND, insertErrors };
      }
      const bad = new Map(insertErrors.map((error) => [error.index, error]));
      const all = rows.map((_, index) => bad.get(index) ?? { index, errors: [STOPPED] });
      return { kind: KIND, insertErrors: all };
    });
  };
}

function checkRequest(table: Table, rows: Row[]): void {
  if (table.view !== undefined) throw invalid(`Cannot add rows to a table of type VIEW.`);
  if (table.fields.length === 0) throw invalid('The destination table has no schema.');
  if (!Array.isArray(rows) || rows.length === 0) throw invalid('No rows present in the request.');
  if (rows.length > MAX_ROWS)
    throw invalid(
      `too many rows present in the request, limit: ${MAX_ROWS} row count: ${rows.length}.`,
    );
  const long = rows.find((row) => (row.insertId?.length ?? 0) > MAX_INSERT_ID);
  if (long !== undefined)
    throw invalid(
      `The insertId is too long: ${long.insertId!.length} characters, at most ${MAX_INSERT_ID} are allowed.`,
    );
}

/** Rows may be streamed into partitions from ten years ago to one year ahead. */
function partitionBounds(table: Table, projectId: string, nowMs: number) {
  const field = (table.resource.timePartitioning as { field?: string } | undefined)?.field;
  const index = table.fields.findIndex((f) => f.name === field);
  const [oldest, newest] = [nowMs - 3650 * DAY_MS, nowMs + 366 * DAY_MS];
  return (values: DuckDBValue[]): RowError | undefined => {
    const value = (values[index] ?? null) as { micros?: bigint; days?: number } | null;
    if (value === null) return undefined;
    const ms = value.micros === undefined ? value.days! * DAY_MS : Number(value.micros / 1000n);
    if (ms >= oldest && ms <= newest) return undefined;
    const message = `Value ${new Date(ms).toISOString()} for field ${field} of the destination table ${projectId}:${table.dataset}.${table.id} is outside the allowed bounds. You can only stream to date range within 3650 days in the past and 366 days in the future relative to the current date.`;
    return { reason: 'invalid', location: field!, debugInfo: '', message };
  };
}

/** Insert ids of the last minute, per table, in the order in which they came. */
function createInsertIds(now: () => number) {
  const tables = new Map<string, Map<string, number>>();

  function idsOf(table: string): Map<string, number> {
    const ids = tables.get(table) ?? new Map<string, number>();
    tables.set(table, ids);
    const oldest = now() - DEDUPE_MS;
    for (const [id, at] of ids) {
      if (at > oldest) break;
      ids.delete(id);
    }
    return ids;
  }

  return {
    /** The rows not seen before; their ids count as seen from now on. */
    claim<Row extends { insertId: string | undefined }>(table: string, rows: Row[]): Row[] {
      const ids = idsOf(table);
      return rows.filter(({ insertId }) => {
        if (insertId === undefined || insertId === '') return true;
        if (ids.has(insertId)) return false;
        ids.set(insertId, now());
        return true;
      });
    },
    release(table: string, rows: { insertId: string | undefined }[]): void {
      for (const { insertId } of rows) tables.get(table)?.delete(insertId ?? '');
    },
  };
}
