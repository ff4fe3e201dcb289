import { readFileSync } from 'node:fs';
import type { Warehouse } from '../cloud/bigquery.ts';
import { getOrInsert } from '../core/maps.ts';
import { DAY_MS, formatInstant, parseInstant } from '../core/time.ts';
import { retractedIdOf } from '../costs/entry-ids.ts';
import { MAX_AHEAD_MS } from '../costs/event.ts';
import type { TraceNode } from './candidates.ts';
import { PARENT_LABEL } from './to-cost-event.ts';
import type { Below, LedgerCharge } from './trace-state.ts';

const CHARGES_SQL = readFileSync(
  new URL('../../bigquery/queries/charges_of_traces.sql', import.meta.url),
  'utf8',
);
/** Ends are kept in whole milliseconds, so that starts told by latency may seem a little early. */
const GRAIN_MS = 1;

/** A charge with when it ran, epoch ms. */
export type TimedCharge = LedgerCharge & { startMs: number };

/**
 * What the ledger knows of traces, by trace: for spans that began before traces are remembered. `workspaceIds` are those that
 * the traces' calls belong to. Looked at is the time of the calls and a day around it. Throws (retryable) when the ledger does not answer.
 */
export async function readCharges(
  warehouse: Pick<Warehouse, 'query'>,
  lost: ReadonlyMap<string, readonly TraceNode[]>,
  now: number,
): Promise<Map<string, TimedCharge[]>> {
  const workspaceIds = new Set<string>();
  let earliest = now;
  let latest = 0;
  for (const node of [...lost.values()].flat()) {
    if (node.kind === 'link') continue;
    workspaceIds.add(node.cost.workspaceId);
    // A span's end is held to what an event's time may be; its start is whatever it says.
    const { timeMs } = node.cost;
    earliest = Math.min(earliest, Math.max(node.span.startMs, timeMs - DAY_MS));
    latest = Math.max(latest, timeMs);
  }
  const rows = await warehouse.query<Row>({
    sql: CHARGES_SQL,
    params: {
      workspaceIds: [...workspaceIds],
      traceIds: [...lost.keys()],
      from: formatInstant(earliest - DAY_MS),
      to: formatInstant(Math.min(latest + DAY_MS, now + MAX_AHEAD_MS)),
    },
    types: {
      workspaceIds: ['STRING'],
      traceIds: ['STRING'],
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
    },
  });
  const retracted = new Set(rows.map(({ workspaceId, eventId }) => `${workspaceId}/${eventId}`));
  const charges = new Map<string, TimedCharge[]>();
  for (const row of rows) {
    if (row.entry !== 'event' || row.spanId === null) continue;
    const isRetracted = retracted.has(`${row.workspaceId}/${retractedIdOf(row.eventId)}`);
    const timeMs = parseInstant(row.eventTime) ?? 0;
    getOrInsert(charges, row.traceId, () => []).push({
      spanId: row.spanId,
      workspaceId: row.workspaceId,
      eventId: row.eventId,
      kind: row.hasUsage ? 'priced' : 'unknown',
      state: isRetracted ? 'retracted' : 'charged',
      parentSpanId: parentOf(row.labels),
      below: 0,
      timeMs,
      startMs: timeMs - Number(row.latencyMs ?? 0),
    });
  }
  return charges;
}

/**
 * How the calls of a request lie to charges of their trace whose spans are forgotten. Where the spans at hand connect them,
 * or both are right below the same span, that is known; else a call that ran within another's time is taken to be within
 * it: what may have been charged already is not charged again. `assumed` says whether anything was told by time. Pure.
 */
export function relate(
  nodes: readonly TraceNode[],
  charges: readonly TimedCharge[],
): { charges: LedgerCharge[]; below: Map<string, Below>; assumed: boolean } {
  const parents = new Map(nodes.map(({ span }) => [span.spanId, span.parentSpanId]));
  for (const { spanId, parentSpanId } of charges) {
    if (parentSpanId !== undefined && !parents.has(spanId)) parents.set(spanId, parentSpanId);
  }
  const below = new Map<string, Below>();
  const related: LedgerCharge[] = charges.map((charge) => ({ ...charge }));
  const known = new Set(charges.map(({ spanId }) => spanId));
  let assumed = false;
  for (const node of nodes) {
    if (node.kind === 'link' || known.has(node.span.spanId)) continue;
    const { spanId, parentSpanId, startMs, endMs } = node.span;
    const isPathKnown = reachesRoot(spanId, parents);
    for (const [index, charge] of charges.entries()) {
      // Siblings are known to be apart; what is connected is told by the links themselves.
      if (charge.state === 'retracted') continue;
      if (parentSpanId !== undefined && parentSpanId === charge.parentSpanId) continue;
      const chargeWithin = startMs - GRAIN_MS <= charge.startMs && charge.timeMs <= endMs;
      const spanWithin = charge.startMs - GRAIN_MS <= startMs && endMs <= charge.timeMs;
      if (chargeWithin && !reachesRoot(charge.spanId, parents)) {
        below.set(spanId, withBit(below.get(spanId) ?? 0, charge.kind));
        assumed = true;
      } else if (spanWithin && !isPathKnown) {
        related[index]!.below = withBit(related[index]!.below, node.kind);
        assumed = true;
      }
    }
  }
  return { charges: related, below, assumed };
}

/** Whether every span above this one is known, up to the trace's root. */
function reachesRoot(spanId: string, parents: ReadonlyMap<string, string | undefined>): boolean {
  const met = new Set<string>();
  let id: string | undefined = spanId;
  while (id !== undefined && !met.has(id)) {
    if (!parents.has(id)) return false;
    met.add(id);
    id = parents.get(id);
  }
  return true;
}

function withBit(below: Below, kind: 'priced' | 'unknown'): Below {
  return (below | (kind === 'priced' ? 1 : 2)) as Below;
}

function parentOf(labels: string | null): string | undefined {
  if (labels === null) return undefined;
  const parent: unknown = (JSON.parse(labels) as Record<string, unknown>)[PARENT_LABEL];
  return typeof parent === 'string' ? parent : undefined;
}

type Row = {
  traceId: string;
  spanId: string | null;
  workspaceId: string;
  eventId: string;
  entry: string;
  eventTime: string;
  latencyMs: number | null;
  hasUsage: boolean;
  labels: string | null;
};
