import { NAME_PATTERN } from '../core/ids.ts';
import { type CostEvent, parseCostEvent, type Usage } from '../costs/event.ts';
import { AGENTWORKS } from '../genai/conventions.ts';
import { spanEventId } from '../genai/span-event-id.ts';
import { textUnder } from './aliases.ts';
import { classifySpan, hasUsage, type SpanRole } from './classify.ts';
import { normaliseProvider } from './provider.ts';
import type { OtlpSpan } from './span.ts';
import { endOf, isFailed, reportedEventId, toCostEvent } from './to-cost-event.ts';
import { readUsage } from './usage.ts';

/** What a span is in its trace. */
export type TraceNode =
  /** A model call that says what it used: costs unless another of these is within. */
  | { kind: 'priced'; span: OtlpSpan; cost: NodeCost }
  /**
   * A model call, or several, of which nobody says what was used: to be told as unpriced unless something within, or a priced
   * call around it, tells more.
   */
  | { kind: 'unknown'; span: OtlpSpan; cost: NodeCost }
  /** Only connects others. */
  | { kind: 'link'; span: OtlpSpan };

/** The cost event that belongs to a node. */
export type NodeCost = {
  workspaceId: string;
  eventId: string;
  /** Epoch ms. */
  timeMs: number;
  /** Absent: the sender's SDK has reported it already. */
  event?: CostEvent;
  /** False for an event whose id only the sender says, which may be anything's: it is never taken back. */
  isRetractable: boolean;
};

export type Refusal = { span: OtlpSpan; reason: string };

const NAME = new RegExp(NAME_PATTERN);
/** How far attribution is inherited. */
const MAX_AROUND = 64;

/**
 * What the spans of one request are in their traces, each once, and which of them are refused. `workspaceId` is the
 * credential's; null for the platform's, whose spans name their workspaces. Pure; `now` is epoch ms.
 */
export function toNodes(
  spans: readonly OtlpSpan[],
  options: { workspaceId: string | null; now: number },
): { nodes: TraceNode[]; refused: Refusal[] } {
  const byId = new Map(spans.map((span) => [idOf(span), span]));
  const nodes: TraceNode[] = [];
  const refused: Refusal[] = [];
  for (const span of byId.values()) {
    const workspace = workspaceOf(span, options.workspaceId);
    const around = () =>
      enclosing(span, byId).filter((one) =>
        isOfSame(workspaceOf(one, options.workspaceId), workspace),
      );
    const node =
      workspace.kind === 'refused' ? workspace : toNode(span, workspace.id, around, options.now);
    if (node.kind !== 'refused') nodes.push(node);
    else {
      refused.push({ span, reason: node.reason });
      // It says nothing that counts, but still what is within what.
      nodes.push({ kind: 'link', span });
    }
  }
  return { nodes, refused };
}

type SpanWorkspace =
  | { kind: 'known'; id: string | undefined }
  | { kind: 'refused'; reason: string };

/** Whether what a span says may be said of one within it: a tenant's words are not another's. */
function isOfSame(outer: SpanWorkspace, inner: SpanWorkspace): boolean {
  if (outer.kind === 'refused' || inner.kind === 'refused') return false;
  return outer.id === undefined || outer.id === inner.id;
}

/** Whose a span is: the credential's workspace, or for the platform the one that the span or its resource names. */
function workspaceOf(span: OtlpSpan, own: string | null): SpanWorkspace {
  const key = AGENTWORKS.workspaceId;
  const named = span.attributes.get(key) ?? span.resource.get(key);
  if (named === undefined || named === '') return { kind: 'known', id: own ?? undefined };
  if (typeof named !== 'string' || !NAME.test(named)) {
    return { kind: 'refused', reason: `${key} is not the id of a workspace` };
  }
  if (own === null || named === own) return { kind: 'known', id: named };
  return { kind: 'refused', reason: `${key} names a workspace that this key is not of` };
}

function toNode(
  span: OtlpSpan,
  workspaceId: string | undefined,
  around: () => OtlpSpan[],
  now: number,
): TraceNode | { kind: 'refused'; reason: string } {
  const role = classifySpan(span);
  if (role.kind === 'other') return { kind: 'link', span };
  const provider = normaliseProvider(textUnder(span.attributes, 'provider'));
  const model =
    textUnder(span.attributes, 'responseModel') ?? textUnder(span.attributes, 'requestModel');
  const consumed = consumptionOf(span, role, provider, model);
  if (consumed.kind === 'link') return { kind: 'link', span };
  if (consumed.kind === 'refused') return consumed;
  if (workspaceId === undefined) {
    const reason = `a platform key's model calls must say ${AGENTWORKS.workspaceId}, on the span or its resource`;
    return { kind: 'refused', reason };
  }
  const { kind, usage } = consumed;
  const timeMs = endOf(span);
  const ownId = spanEventId(span.traceId, span.spanId);
  const reported = reportedEventId(span);
  const event = toCostEvent(span, { workspaceId, role, provider, model, usage }, around());
  const parsed = parseCostEvent(event, { now });
  if (parsed.kind === 'invalid') {
    const reasons = parsed.errors.map(({ field, reason }) => `${field} ${reason}`);
    return { kind: 'refused', reason: reasons.join('; ') };
  }
  if (reported === undefined) {
    return {
      kind,
      span,
      cost: { workspaceId, eventId: ownId, timeMs, event, isRetractable: true },
    };
  }
  const isRetractable = reported === ownId;
  return { kind, span, cost: { workspaceId, eventId: reported, timeMs, isRetractable } };
}

/** What a call or several used, as far as the span tells. */
function consumptionOf(
  span: OtlpSpan,
  role: Exclude<SpanRole, { kind: 'other' }>,
  provider: string,
  model: string | undefined,
):
  | { kind: 'priced' | 'unknown'; usage: Usage }
  | { kind: 'link' }
  | { kind: 'refused'; reason: string } {
  const unknown: Usage = { requests: 1 };
  if (role.kind === 'aggregate') {
    return hasUsage(span.attributes) ? { kind: 'unknown', usage: unknown } : { kind: 'link' };
  }
  const { emitter } = role;
  const read = readUsage(span.attributes, { emitter, provider, model });
  if (read.kind === 'contradictory') return { kind: 'refused', reason: read.detail };
  if (read.kind === 'found') return { kind: 'priced', usage: read.usage };
  // Providers do not charge for what failed, unless they say what was used.
  return isFailed(span) ? { kind: 'link' } : { kind: 'unknown', usage: unknown };
}

/** The spans of the same request around a span, innermost first. */
function enclosing(span: OtlpSpan, byId: ReadonlyMap<string, OtlpSpan>): OtlpSpan[] {
  const around = new Set<OtlpSpan>();
  let { parentSpanId } = span;
  while (parentSpanId !== undefined && around.size < MAX_AROUND) {
    const parent = byId.get(`${span.traceId}/${parentSpanId}`);
    if (parent === undefined || parent === span || around.has(parent)) break;
    around.add(parent);
    ({ parentSpanId } = parent);
  }
  return [...around];
}

function idOf({ traceId, spanId }: OtlpSpan): string {
  return `${traceId}/${spanId}`;
}
