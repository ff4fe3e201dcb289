import { readFileSync } from 'node:fs';
import type { InsertRow, QueryRequest } from '../../src/cloud/bigquery.ts';
import { formatUsd, parseUsd } from '../../src/core/money.ts';

type Row = Record<string, string | number | boolean | null | undefined>;
type Params = Record<string, unknown>;

const sqlOf = (name: string) =>
  readFileSync(new URL(`../../bigquery/queries/${name}.sql`, import.meta.url), 'utf8');

const DIMENSION_COLUMNS: Record<string, string> = {
  resource: 'resource_type',
  provider: 'provider',
  model: 'model',
  project: 'project_id',
  agent: 'agent_id',
  user: 'user_id',
  team: 'team_id',
};
const COUNT_COLUMNS: Record<string, string> = {
  events: 'events',
  unpriced: 'unpriced_events',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  cacheReadTokens: 'cache_read_tokens',
  cacheWriteTokens: 'cache_write_tokens',
  reasoningTokens: 'reasoning_tokens',
};

/** What entries_to_retract.sql selects under the names of its columns. */
const RETRACTABLE_FIELDS = (
  'workspaceId eventId eventTime contentHash events unpricedEvents costSource priceVersion unpricedReason ' +
  'resourceType resourceId provider model operation projectId cardId agentId userId teamId inputTokens outputTokens ' +
  'cacheReadTokens cacheWriteTokens reasoningTokens requests outcomeStatus errorType cacheHit traceId spanId requestId labels'
).split(' ');

export type MemoryWarehouse = ReturnType<typeof createMemoryWarehouse>;

/**
 * Our dataset in memory: takes inserts, and answers the queries of `bigquery/queries` about costs as their SQL says.
 * `beforeInsert` and `beforeQuery` may hold a call up or fail it; insert ids are not honoured, as BigQuery need not.
 */
export function createMemoryWarehouse() {
  const tables: Record<string, Row[]> = { cost_events: [], cost_events_quarantine: [] };
  const answers: Record<string, (params: Params) => unknown[]> = {
    charges_of_traces: chargesOfTraces,
    costs_by_dimensions: byDimensions,
    costs_breakdown: breakdown,
    entries_counted_before: countedBefore,
    entries_to_retract: toRetract,
    forecast_inputs: forecastInputs,
    rebuild_projection: rebuildProjection,
    unpriced_events: unpricedEvents,
  };
  const names = new Map(Object.keys(answers).map((name) => [sqlOf(name), name]));

  /** The view `costs`. */
  function costs(): Row[] {
    const conflicts = new Set(
      tables
        .cost_events_quarantine!.filter((row) => row.reason === 'conflict')
        .map((row) => `${row.workspace_id}/${row.event_id}/${row.content_hash}`),
    );
    const first = new Map<string, Row>();
    for (const row of tables.cost_events!) {
      if (conflicts.has(`${row.workspace_id}/${row.event_id}/${row.content_hash}`)) continue;
      const identity = `${row.workspace_id}/${row.event_id}/${row.event_time}`;
      const known = first.get(identity);
      const rank = (one: Row) => `${one.ingest_time} ${one.content_hash}`;
      if (known === undefined || rank(row) < rank(known)) first.set(identity, row);
    }
    return [...first.values()];
  }

  function inPeriod({ workspaceId, from, to = '9999' }: Params): Row[] {
    return costs().filter(
      (row) =>
        row.workspace_id === workspaceId &&
        String(row.event_time) >= String(from) &&
        String(row.event_time) < String(to),
    );
  }

  function byDimensions(params: Params): unknown[] {
    const by = params.dimensions as string[];
    return sumsBy(inPeriod(params), (row) => [
      Object.fromEntries(
        ['resource', 'provider', 'model', 'project', 'agent', 'user', 'team', 'day', 'hour'].map(
          (dimension) => [dimension, by.includes(dimension) ? dimensionValue(row, dimension) : ''],
        ),
      ),
    ]);
  }

  function breakdown(params: Params): unknown[] {
    return sumsBy(inPeriod(params), (row) =>
      ['total', ...Object.keys(DIMENSION_COLUMNS), 'day'].map((dimension) => ({
        dimension,
        value: dimensionValue(row, dimension),
      })),
    );
  }

  function rebuildProjection(params: Params): unknown[] {
    const { workspaceId, hoursFrom, daysFrom, monthsFrom, ingestedFrom } = params;
    const spans = { hour: [hoursFrom, 13], day: [daysFrom, 10], month: [monthsFrom, 7] } as const;
    const entries = firstUnderEachId(
      inPeriod({ workspaceId, from: monthsFrom }),
      String(ingestedFrom),
    );
    const sums = Object.entries(spans).flatMap(([grain, [from, length]]) =>
      sumsBy(
        entries.filter((row) => String(row.event_time) >= String(from)),
        (row) =>
          ['total', ...Object.keys(DIMENSION_COLUMNS)].map((dimension) => ({
            grain,
            bucket: String(row.event_time).slice(0, length),
            dimension,
            value: dimensionValue(row, dimension),
          })),
      ),
    );
    const seen = entries
      .filter((row) => String(row.ingest_time) >= String(ingestedFrom))
      .map((row) => ({
        grain: 'entry',
        eventId: row.event_id,
        contentHash: row.content_hash,
        ingestTime: row.ingest_time,
      }));
    const newest =
      entries
        .map((row) => String(row.event_time))
        .sort()
        .at(-1) ?? null;
    return [...sums, ...seen, ...meterSums(entries, params), { grain: 'newest', bucket: newest }];
  }

  function meterSums(entries: readonly Row[], params: Params): unknown[] {
    const { meterFrom, meterTo, meterDimension, meterValue, meterLabel } = params as Record<
      string,
      string[]
    >;
    return meterDimension!.flatMap((dimension, position) => {
      const value = meterValue![position]!;
      const rows = entries.filter((row) => {
        const time = String(row.event_time);
        if (time < meterFrom![position]! || time >= meterTo![position]!) return false;
        if (dimension === 'workspace') return true;
        if (dimension === 'label') {
          return JSON.parse(String(row.labels ?? '{}'))[meterLabel![position]!] === value;
        }
        return row[DIMENSION_COLUMNS[dimension]!] === value;
      });
      if (rows.length === 0) return [];
      const sum = rows.reduce((total, row) => total + parseUsd(String(row.cost_usd)), 0n);
      return [{ grain: 'meter', bucket: String(position), costUsd: formatUsd(sum) }];
    });
  }

  function forecastInputs(params: Params): unknown[] {
    const { isPlatform, workspaceId, from, to, grain } = params;
    const rows = isPlatform
      ? costs().map((row) => ({ ...row, workspace_id: workspaceId }) as Row)
      : costs();
    const inScope = rows.filter(
      (row) =>
        row.workspace_id === workspaceId &&
        String(row.event_time) >= String(from) &&
        String(row.event_time) < String(to),
    );
    const sums = sumsBy(inScope, (row) => {
      const value = dimensionValue(row, String(grain));
      return [{ start: grain === 'day' ? `${value}T00:00:00Z` : value }];
    }) as { start: string }[];
    return sums.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  function countedBefore(params: Params): unknown[] {
    const { workspaceIds, eventIds, from, to, ingestedBefore } = params as Record<string, string>;
    return costs()
      .filter(
        (row) =>
          workspaceIds!.includes(String(row.workspace_id)) &&
          eventIds!.includes(String(row.event_id)) &&
          String(row.event_time) >= from! &&
          String(row.event_time) <= to! &&
          String(row.ingest_time) < ingestedBefore!,
      )
      .map((row) => ({
        workspaceId: row.workspace_id,
        eventId: row.event_id,
        contentHash: row.content_hash,
      }));
  }

  function chargesOfTraces(params: Params): unknown[] {
    const { workspaceIds, traceIds, from, to } = params as Record<string, string>;
    return costs()
      .filter(
        (row) =>
          workspaceIds!.includes(String(row.workspace_id)) &&
          traceIds!.includes(String(row.trace_id)) &&
          String(row.event_time) >= from! &&
          String(row.event_time) <= to!,
      )
      .map((row) => ({
        traceId: row.trace_id,
        spanId: row.span_id ?? null,
        workspaceId: row.workspace_id,
        eventId: row.event_id,
        entry: row.entry,
        eventTime: row.event_time,
        latencyMs: row.latency_ms ?? null,
        hasUsage: (row.input_tokens ?? row.output_tokens) !== undefined,
        labels: row.labels ?? null,
      }));
  }

  function toRetract(params: Params): unknown[] {
    const { workspaceIds, eventIds, from, to } = params as Record<string, string>;
    const names = { seconds: 'usage_seconds', bytes: 'usage_bytes', costUsd: 'cost_usd' };
    const columns = Object.fromEntries(
      RETRACTABLE_FIELDS.map((field) => [
        field,
        field.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
      ]),
    );
    return costs()
      .filter(
        (row) =>
          workspaceIds!.includes(String(row.workspace_id)) &&
          eventIds!.includes(String(row.event_id)) &&
          String(row.event_time) >= from! &&
          String(row.event_time) <= to!,
      )
      .map((row) =>
        Object.fromEntries(
          Object.entries({ ...columns, ...names }).map(([field, column]) => [
            field,
            row[column] ?? null,
          ]),
        ),
      );
  }

  function unpricedEvents(params: Params): unknown[] {
    const entries = inPeriod(params);
    const corrected = new Set(
      entries.filter((row) => row.entry === 'correction').map((row) => row.event_id),
    );
    return entries
      .filter(
        (row) =>
          row.cost_source === 'unpriced' &&
          row.entry === 'event' &&
          String(row.event_id) > String(params.afterEventId) &&
          !corrected.has(`${row.event_id}~repriced`) &&
          !corrected.has(`${row.event_id}~retracted`),
      )
      .sort((a, b) => (String(a.event_id) < String(b.event_id) ? -1 : 1))
      .slice(0, params.pageSize as number)
      .map((row) => ({
        id: row.event_id,
        timestamp: row.event_time,
        resourceType: row.resource_type,
        resourceId: row.resource_id,
        provider: row.provider,
        model: row.model ?? null,
        operation: row.operation ?? null,
        projectId: row.project_id ?? null,
        cardId: row.card_id ?? null,
        agentId: row.agent_id ?? null,
        userId: row.user_id ?? null,
        teamId: row.team_id ?? null,
        traceId: row.trace_id ?? null,
        spanId: row.span_id ?? null,
        requestId: row.request_id ?? null,
        labels: row.labels ?? null,
        inputTokens: row.input_tokens ?? null,
        outputTokens: row.output_tokens ?? null,
        cacheReadTokens: row.cache_read_tokens ?? null,
        cacheWriteTokens: row.cache_write_tokens ?? null,
        reasoningTokens: row.reasoning_tokens ?? null,
        requests: row.requests ?? null,
      }));
  }

  const warehouse = {
    tables,
    costs,
    /** What was asked, in order: `insert cost_events`, `query costs_breakdown`. */
    calls: [] as string[],
    beforeInsert: async (_table: string, _rows: readonly InsertRow[]): Promise<void> => {},
    beforeQuery: async (_request: QueryRequest): Promise<void> => {},
    async insert(table: string, rows: readonly InsertRow[]) {
      warehouse.calls.push(`insert ${table}`);
      await warehouse.beforeInsert(table, rows);
      // What arrives is what JSON keeps.
      for (const { json } of rows) tables[table]!.push(JSON.parse(JSON.stringify(json)));
      return { kind: 'ok' as const };
    },
    async query<T>(request: QueryRequest): Promise<T[]> {
      const name = names.get(request.sql);
      if (name === undefined) throw new Error(`Not a query known here: ${request.sql}`);
      warehouse.calls.push(`query ${name}`);
      await warehouse.beforeQuery(request);
      return answers[name]!(request.params ?? {}) as T[];
    },
    async ping(): Promise<void> {},
  };
  return warehouse;
}

function dimensionValue(row: Row, dimension: string): string {
  if (dimension === 'total') return '';
  if (dimension === 'day') return String(row.event_time).slice(0, 10);
  if (dimension === 'hour') return `${String(row.event_time).slice(0, 13)}:00:00Z`;
  return String(row[DIMENSION_COLUMNS[dimension]!] ?? '');
}

/** Sums per group as the queries give them: decimal texts. */
function sumsBy(rows: readonly Row[], groupsOf: (row: Row) => Record<string, string>[]): unknown[] {
  const groups = new Map<string, { key: Record<string, string>; sums: Record<string, bigint> }>();
  for (const row of rows) {
    for (const key of groupsOf(row)) {
      const name = JSON.stringify(key);
      const group = groups.get(name) ?? { key, sums: {} };
      groups.set(name, group);
      const add = (measure: string, more: bigint) => {
        group.sums[measure] = (group.sums[measure] ?? 0n) + more;
      };
      add('cost', parseUsd(String(row.cost_usd)));
      for (const [measure, column] of Object.entries(COUNT_COLUMNS)) {
        add(measure, BigInt(Number(row[column] ?? 0)));
      }
    }
  }
  return [...groups.values()].map(({ key, sums: { cost, ...counts } }) => ({
    ...key,
    costUsd: formatUsd(cost ?? 0n),
    ...Object.fromEntries(Object.entries(counts).map(([name, sum]) => [name, String(sum)])),
  }));
}

/** Of rivals under one id that were appended since then, the one that was appended first. */
function firstUnderEachId(rows: readonly Row[], since: string): Row[] {
  const rank = (row: Row) => `${row.ingest_time} ${row.content_hash}`;
  const first = new Map<unknown, Row>();
  for (const row of rows) {
    const recent = String(row.ingest_time) >= since;
    const key = recent ? row.event_id : `${row.event_id} ${row.event_time}`;
    const known = first.get(key);
    if (known === undefined || rank(row) < rank(known)) first.set(key, row);
  }
  return [...first.values()];
}
