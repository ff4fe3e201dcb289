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
  MAX_SPANS_PER_TRACE,
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
};

export type OtlpIntake = ReturnType<typeof createOtlpIntake>;

type Decided = Extract<TraceDecision, { kind: 'decided' }>;

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

    // 2. Which of them cost, and which charges made before are to be taken back; atomic per trace.
    const scope = scopeOf(workspaceId);
    const { decisions, assumedTraces } = await decide(scope, traces);
    const events: CostEvent[] = [];
    const receipt = { charged: 0, unpriced: 0, reported: 0, retracted: 0 };
    for (const [traceId, decision] of decisions) {
      for (const { kind, span, ...node } of traces.get(traceId)!) {
        if (decision.refused.has(span.spanId)) {
          const reason = `its trace has more than ${MAX_SPANS_PER_TRACE} spans`;
          refused.push({ span, reason });
        }
        if (!('cost' in node) || !decision.costing.has(span.spanId)) continue;
        if (node.cost.event === undefined) {
          receipt.reported++;
          continue;
        }
        receipt.charged++;
        if (kind === 'unknown') receipt.unpriced++;
        events.push(node.cost.event);
      }
      receipt.retracted += decision.retracting.length;
    }

    // 3. Charges are with Pub/Sub before retractions, which wait for the former in the ledger.
    await publishEntries(publisher, 'events', events);
    const retractions = [...decisions].flatMap(([traceId, { retracting }]) =>
      retracting.map(({ spanId, charge }) => toRetraction(traceId, spanId, charge)),
    );
    await publishEntries(publisher, 'corrections', retractions);

    // 4. A death before this only has retractions asked for again.
    for (const [traceId, { retracting }] of decisions) {
      await state.confirm(
        scope,
        traceId,
        retracting.map(({ spanId }) => spanId),
      );
    }
    return { spans: spans.length, ...receipt, refused, assumedTraces };
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
        if (decision.kind === 'decided') decisions.set(traceId, decision);
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
