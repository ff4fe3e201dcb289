import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Warehouse } from '../../cloud/bigquery.ts';
import { type NanoUsd, parseUsd } from '../../core/money.ts';
import { formatInstant, type Grain, HOUR_MS, parseInstant } from '../../core/time.ts';
import { type Dimension, type Measure, RETENTION_MS } from './keys.ts';
import type { Meter, MeterScope } from './meters.ts';

/** The sums of one cell of one bucket, decimal texts. */
export type SumRow = {
  grain: Grain;
  bucket: string;
  dimension: Dimension;
  value: string;
  costUsd: string;
} & Record<Exclude<Measure, 'cost'>, string>;

/** An entry whose id must still be recognised; `ingestTime` is RFC 3339. */
export type SeenRow = {
  grain: 'entry';
  eventId: string;
  contentHash: string;
  ingestTime: string;
};

/** `bucket`: the position of the period among those that were asked for. */
type MeterRow = { grain: 'meter'; bucket: string; costUsd: string };

/** `bucket`: the time of the newest event, RFC 3339. */
type NewestRow = { grain: 'newest'; bucket: string | null };

/** One period of a meter, half open, epoch ms. */
export type MeterPeriod = { meter: Meter; startMs: number; endMs: number };

/** What the ledger holds of a workspace's projection, all of one moment. */
export type LedgerView = {
  sums: SumRow[];
  seen: SeenRow[];
  /** In the order of the periods that were asked for. */
  meterSums: NanoUsd[];
  newestEventMs: number | undefined;
  /** Fewer events are shown than are known to have been counted. */
  isBehind: boolean;
};

const PROJECTION_SQL = readFileSync(
  new URL('../../../bigquery/queries/rebuild_projection.sql', import.meta.url),
  'utf8',
);
/** The estimate this is checked against does not know that the table is clustered by workspace. */
const MAXIMUM_BYTES_BILLED = String(10 * 2 ** 40);
const READ_ATTEMPTS = 10;
const READ_AGAIN_MS = 500;

/**
 * Reads everything that Redis holds of a workspace from the ledger, as of `now` (epoch ms). Streamed rows may take a
 * moment to show in queries: the ledger is asked again, for up to five seconds, until every month shows at least the
 * events that are known to have been counted in it; what is given then may lack some (`isBehind`). Throws
 * `warehouse_failed`.
 */
export async function readLedgerView(
  warehouse: Pick<Warehouse, 'query'>,
  query: {
    workspaceId: string;
    now: number;
    ingestedFromMs: number;
    periods: readonly MeterPeriod[];
    eventsCounted: ReadonlyMap<string, number>;
  },
): Promise<LedgerView> {
  const { periods, eventsCounted } = query;
  for (let attempt = 1; ; attempt++) {
    const rows = await warehouse.query<SumRow | SeenRow | MeterRow | NewestRow>({
      sql: PROJECTION_SQL,
      maximumBytesBilled: MAXIMUM_BYTES_BILLED,
      ...parametersOf(query),
    });
    const view: LedgerView = {
      sums: [],
      seen: [],
      meterSums: periods.map(() => 0n),
      newestEventMs: undefined,
      isBehind: false,
    };
    for (const row of rows) {
      if (row.grain === 'entry') view.seen.push(row);
      else if (row.grain === 'meter') view.meterSums[Number(row.bucket)] = parseUsd(row.costUsd);
      else if (row.grain === 'newest') view.newestEventMs = parseInstant(row.bucket ?? '');
      else view.sums.push(row);
    }
    view.isBehind = !showsAll(view.sums, eventsCounted);
    if (attempt === READ_ATTEMPTS || !view.isBehind) return view;
    await delay(READ_AGAIN_MS);
  }
}

function showsAll(sums: readonly SumRow[], eventsCounted: ReadonlyMap<string, number>): boolean {
  const shown = new Map(
    sums
      .filter(({ grain, dimension }) => grain === 'month' && dimension === 'total')
      .map(({ bucket, events }) => [bucket, Number(events)]),
  );
  return [...eventsCounted].every(([month, events]) => (shown.get(month) ?? 0) >= events);
}

/** The parameters of rebuild_projection.sql, as its header lists them. */
function parametersOf({
  workspaceId,
  now,
  ingestedFromMs,
  periods,
}: Parameters<typeof readLedgerView>[1]) {
  return {
    params: {
      workspaceId,
      hoursFrom: formatInstant(now - oldestOf('hour')),
      daysFrom: formatInstant(now - oldestOf('day')),
      monthsFrom: formatInstant(now - oldestOf('month')),
      ingestedFrom: formatInstant(ingestedFromMs),
      meterFrom: periods.map(({ startMs }) => formatInstant(startMs)),
      meterTo: periods.map(({ endMs }) => formatInstant(endMs)),
      meterDimension: periods.map(({ meter }) => meter.scope.dimension),
      meterValue: periods.map(({ meter }) => scopeParams(meter.scope).value),
      meterLabel: periods.map(({ meter }) => scopeParams(meter.scope).label),
    },
    types: {
      workspaceId: 'STRING',
      hoursFrom: 'TIMESTAMP',
      daysFrom: 'TIMESTAMP',
      monthsFrom: 'TIMESTAMP',
      ingestedFrom: 'TIMESTAMP',
      meterFrom: ['TIMESTAMP'],
      meterTo: ['TIMESTAMP'],
      meterDimension: ['STRING'],
      meterValue: ['STRING'],
      meterLabel: ['STRING'],
    },
  };
}

/** What a query compares a scope by: the dimension's value, and of a label its key; '' where there is none. */
export function scopeParams(scope: MeterScope): { value: string; label: string } {
  if (scope.dimension === 'workspace') return { value: '', label: '' };
  return { value: scope.value, label: scope.dimension === 'label' ? scope.key : '' };
}

/** How far back a grain reaches: its retention and the longest bucket that could still be alive. */
function oldestOf(grain: Grain): number {
  const longest = grain === 'month' ? 31 * 24 * HOUR_MS : grain === 'day' ? 24 * HOUR_MS : HOUR_MS;
  return RETENTION_MS[grain] + longest;
}
