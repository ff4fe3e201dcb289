import type { Warehouse } from '../cloud/bigquery.ts';
import type { Publisher } from '../cloud/pubsub.ts';
import type { Redis } from '../cloud/redis.ts';
import { getOrInsert } from '../core/maps.ts';
import { formatInstant } from '../core/time.ts';
import type { CostEvent } from '../costs/event.ts';
import { publishEntries } from '../costs/messages.ts';
import type { RetractionMessage } from '../costs/retraction.ts';
import { type Refusal, type TraceNode, toNodes } from './candidates.ts';
import { readCharges, relate } from './lost-traces.ts';
import type { OtlpSpan } from './span.ts';
import { scopeOf } from './trace-keys.ts';
import {
  type Charge,
  createTraceState,
  type LookedUp,
  type Retracting,
  type TraceDecision,
} from './trace-state.ts';

/** What became of the spans of one request. */
export type OtlpReceipt = {
  spans: number;
  /** Model calls that cost, those sent before included, and how many of them tell no usage. */
  charged: number;
  unpriced: number;
  /** Calls whose events the sender's SDK has reported itself. */
  reported: number;
  /** Charges taken back: spans that turned out to contain others. */
  retracted: number;
  refused: Refusal[];
  /** Traces whose earlier spans are forgotten, so that it was told by time what lies within what. */
  assumedTraces: string[];
  /** Traces of which more came than is kept: their calls cost, though others may be within. */
  crowdedTraces: string[];
};

export type OtlpIntake = ReturnType<typeof createOtlpIntake>;

type Decided = Extract<TraceDecision, { kind: 'decided' }> & { lookedUp?: LookedUp };

const RETRACTION_REASON = 'the span contains another model call, which costs instead';

/**
 * From spans to cost events: only model calls cost that contain no other, whatever batches and order they come in. `accept`
 * resolves once everything that follows from a request is published, and rejects (retryable) when it must be sent again;
 * sending it again is always safe.
 */
export function createOtlpIntake(options: {
  redis: Redis;
  warehouse: Pick<Warehouse, 'query'>;
  publisher: Pick<Publisher, 'publish'>;
  now: () => number;
}) {
  const { redis, warehouse, publisher, now } = options;
  const state = createTraceState({ redis, now });

  /** `workspaceId` is the credential's, null for the platform's. */
  async function accept(
    spans: readonly OtlpSpan[],
    workspaceId: string | null,
  ): Promise<OtlpReceipt> {
    // 1. What each span is, in its trace; what cannot be counted is refused by name, its neighbours go on.
    const { nodes, refused } = toNodes(spans, { workspaceId, now: now() });
    const traces = new Map<string, TraceNode[]>();
    for (const node of nodes) getOrInsert(traces, node.span.traceId, () => []).push(node);

    // 2. Which of them cost; atomic per trace.
    const scope = scopeOf(workspaceId);
    const { decisions, assumedTraces } = await decide(scope, traces);
    const events: CostEvent[] = [];
    const receipt = { charged: 0, unpriced: 0, reported: 0, retracted: 0 };
    const crowdedTraces: string[] = [];
    for (const [traceId, decision] of decisions) {
      if (decision.unkept.size > 0) crowdedTraces.push(traceId);
      for (const node of traces.get(traceId)!) {
        if (node.kind === 'link' || !decision.costing.has(node.span.spanId)) continue;
        if (node.cost.event === undefined) {
          receipt.reported++;
          continue;
        }
        receipt.charged++;
        if (node.kind === 'unknown') receipt.unpriced++;
        events.push(node.cost.event);
      }
    }

    // 3. Charges are with Pub/Sub before anything is taken back for them: what is never acknowledged takes nothing back.
    await publishEntries(publisher, 'events', events);
    const retracting = new Map<string, Retracting[]>();
    await Promise.all(
      [...decisions].map(async ([traceId, decision]) => {
        retracting.set(traceId, await confirm(scope, traceId, decision));
      }),
    );

    // 4. Retractions wait for what they take back in the ledger.
    const retractions = [...retracting].flatMap(([traceId, those]) =>
      those.map(({ spanId, charge }) => toRetraction(traceId, spanId, charge)),
    );
    await publishEntries(publisher, 'corrections', retractions);
    receipt.retracted = retractions.length;

    // 5. A death before this only has retractions asked for again.
    for (const [traceId, those] of retracting) {
      const spanIds = those.map(({ spanId }) => spanId);
      if (spanIds.length > 0) await state.confirmRetracted(scope, traceId, spanIds);
    }
    return { spans: spans.length, ...receipt, refused, assumedTraces, crowdedTraces };
  }

  /** Tells what of a trace is published, and gives what is to be taken back. */
  async function confirm(scope: string, traceId: string, decision: Decided) {
    const { costing, unkept, lookedUp, retracting } = decision;
    const published = [...costing].filter((spanId) => !unkept.has(spanId));
    if (published.length === 0 && lookedUp === undefined) return retracting;
    return state.confirmPublished(scope, traceId, published, lookedUp);
  }

  /** Traces that began before they are remembered are looked up in the ledger, all of a request at once. */
  async function decide(scope: string, traces: ReadonlyMap<string, TraceNode[]>) {
    const decisions = new Map<string, Decided>();
    const lost = new Map<string, TraceNode[]>();
    const assumedTraces: string[] = [];
    await Promise.all(
      [...traces].map(async ([traceId, nodes]) => {
        const decision = await state.decide(scope, traceId, nodes);
        if (decision.kind === 'decided') decisions.set(traceId, decision);
        else lost.set(traceId, nodes);
      }),
    );
    if (lost.size === 0) return { decisions, assumedTraces };
    const charges = await readCharges(warehouse, lost, now());
    await Promise.all(
      [...lost].map(async ([traceId, nodes]) => {
        const { assumed, ...related } = relate(nodes, charges.get(traceId) ?? []);
        if (assumed) assumedTraces.push(traceId);
        const decision = await state.decide(scope, traceId, nodes, related);
        if (decision.kind === 'decided') decisions.set(traceId, { ...decision, lookedUp: related });
      }),
    );
    return { decisions, assumedTraces };
  }

  function toRetraction(traceId: string, spanId: string, charge: Charge): RetractionMessage {
    const { workspaceId, eventId, timeMs } = charge;
    return {
      retraction: {
        workspaceId,
        eventId,
        traceId,
        spanId,
        timestamp: formatInstant(timeMs),
        requestedAt: formatInstant(now()),
        reason: RETRACTION_REASON,
      },
    };
  }

  return { accept };
}
