import { BigQuery, type Query } from '@google-cloud/bigquery';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import {
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
} from '@opentelemetry/semantic-conventions';
import { ATTR_DB_RESPONSE_RETURNED_ROWS } from '@opentelemetry/semantic-conventions/incubating';
import { AppError, errorMessage } from '../core/errors.ts';
import { withinSpan } from './spans.ts';

/** One row for `insert`: BigQuery de-duplicates equal `insertId`s for about a minute, at best effort. */
export type InsertRow = { insertId: string; json: Record<string, unknown> };

/** Why BigQuery did not take one row of an insert. `stopped` rows were good but held up by a bad one. */
export type InsertError = { index: number; reason: string; message: string; location: string };

export type InsertResult = { kind: 'ok' } | { kind: 'partial'; errors: InsertError[] };

export type QueryRequest = {
  /** GoogleSQL; unqualified tables are those of our dataset. */
  sql: string;
  params?: Record<string, unknown>;
  /** Types of the parameters, needed for NUMERIC, TIMESTAMP, NULL and empty arrays. */
  types?: Record<string, string | string[]>;
  /** Fail, free of charge, instead of scanning more than this. Default 100 GiB. */
  maximumBytesBilled?: string;
};

export type Warehouse = ReturnType<typeof createWarehouse>;

const INSERT_TIMEOUT_MS = 20_000;
const DEFAULT_MAXIMUM_BYTES_BILLED = String(100 * 2 ** 30);

/** Our dataset in BigQuery: parameterised queries and streaming inserts, with plain values in and out. */
export function createWarehouse(options: {
  projectId: string;
  dataset: string;
  /** Base URL when it is not Google's, e.g. `http://127.0.0.1:8430`. */
  apiEndpoint?: string;
}) {
  const { projectId, dataset, apiEndpoint } = options;
  const client = new BigQuery({ projectId, apiEndpoint, maxRetries: 2 });
  const tables = client.dataset(dataset);

  const call = (operation: string, attributes?: Attributes) => ({
    kind: SpanKind.CLIENT,
    attributes: {
      [ATTR_DB_SYSTEM_NAME]: 'gcp.bigquery',
      [ATTR_DB_NAMESPACE]: dataset,
      [ATTR_DB_OPERATION_NAME]: operation,
      ...attributes,
    },
  });

  return {
    /**
     * Runs a query and returns all its rows. NUMERIC cells are decimal strings, TIMESTAMP and DATE cells ISO
     * strings, INT64 cells numbers. Throws `warehouse_failed` with the service's message.
     */
    async query<Row>(request: QueryRequest): Promise<Row[]> {
      const query: Query = {
        query: request.sql,
        params: request.params && withTimes(request.params, request.types ?? {}),
        types: request.types,
        defaultDataset: { projectId, datasetId: dataset },
        maximumBytesBilled: request.maximumBytesBilled ?? DEFAULT_MAXIMUM_BYTES_BILLED,
      };
      return withinSpan(`query ${dataset}`, call('query'), async (span) => {
        try {
          const [rows] = await client.query(query);
          span.setAttribute(ATTR_DB_RESPONSE_RETURNED_ROWS, rows.length);
          return rows.map((row) => plain(row) as Row);
        } catch (error) {
          throw failed('Query', error);
        }
      });
    },

    /**
     * Streams rows into a table of our dataset. `partial` names the rows that were not taken, all others are in.
     * Throws `warehouse_failed` when nothing can be said about any row. A second call with the same rows stores
     * them again once the service has forgotten their insert ids.
     *
     * The body is serialised here, once: the client's own `insert` copies every row deeply, and its request
     * layer would replace the text `{{projectId}}` inside tenants' data.
     */
    async insert(table: string, rows: readonly InsertRow[]): Promise<InsertResult> {
      const options = call('insert', {
        [ATTR_DB_COLLECTION_NAME]: table,
        [ATTR_DB_OPERATION_BATCH_SIZE]: rows.length,
      });
      return withinSpan(`insert ${table}`, options, async () => {
        try {
          const [response] = await tables.table(table).request({
            method: 'POST',
            uri: '/insertAll',
            body: JSON.stringify({ skipInvalidRows: true, rows }),
            headers: { 'Content-Type': 'application/json' },
            timeout: INSERT_TIMEOUT_MS,
          });
          const { insertErrors = [] } = response as InsertAllResponse;
          const errors = insertErrors.map(toInsertError);
          return errors.length === 0 ? { kind: 'ok' } : { kind: 'partial', errors };
        } catch (error) {
          throw failed(`Insert into ${table}`, error);
        }
      });
    },

    /** Whether the dataset answers; throws `warehouse_failed` when it does not. */
    async ping(): Promise<void> {
      try {
        await tables.getMetadata();
      } catch (error) {
        throw failed('Dataset', error);
      }
    },
  };
}

/** The client sends a date or time as the `value` of what it is given, and so a bare text as NULL. */
function withTimes(
  params: Record<string, unknown>,
  types: Record<string, string | string[]>,
): Record<string, unknown> {
  const wrap = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(wrap);
    return typeof value === 'string' ? { value } : value;
  };
  const isTime = (name: string): boolean => /DATE|TIME/.test(String(types[name] ?? ''));
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, isTime(name) ? wrap(value) : value]),
  );
}

type InsertAllResponse = {
  insertErrors?: {
    index: number;
    errors: { reason?: string; message?: string; location?: string }[];
  }[];
};

function toInsertError(error: NonNullable<InsertAllResponse['insertErrors']>[number]): InsertError {
  const first = error.errors[0] ?? {};
  return {
    index: error.index,
    reason: first.reason ?? 'invalid',
    message: first.message ?? '',
    location: first.location ?? '',
  };
}

function failed(what: string, error: unknown): AppError {
  const code = (error as { code?: unknown }).code;
  return new AppError({
    code: 'warehouse_failed',
    message: `${what} failed: ${errorMessage(error)}`,
    publicMessage: 'The ledger did not answer.',
    // Exceeded rates and quotas come as 403.
    retryable: typeof code !== 'number' || code === 403 || code === 429 || code >= 500,
    cause: error,
  });
}

/** The client's wrapper values (Big, BigQueryTimestamp, …) as plain strings, at any depth. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Buffer.isBuffer(value)) return value;
  if ('toFixed' in value && typeof value.toFixed === 'function') return value.toFixed() as string;
  const isWrapper = Object.getPrototypeOf(value) !== Object.prototype;
  if (isWrapper && 'value' in value) return value.value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
