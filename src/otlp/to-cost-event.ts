import { EVENT_ID_PATTERN, NAME_PATTERN } from '../core/ids.ts';
import { formatInstant } from '../core/time.ts';
import type { CostEvent, Usage } from '../costs/event.ts';
import { AGENTWORKS } from '../genai/conventions.ts';
import { spanEventId } from '../genai/span-event-id.ts';
import { textUnder } from './aliases.ts';
import type { SpanRole } from './classify.ts';
import type { AttributeValue, OtlpSpan } from './span.ts';

/** The label that names the span right above: what tells nested calls from parallel ones when only the ledger is left. */
export const PARENT_LABEL = 'otel.parent_span_id';

const MAX_TEXT = 256;
const NAME = new RegExp(NAME_PATTERN);
const EVENT_ID = new RegExp(EVENT_ID_PATTERN);
const ATTRIBUTED = ['projectId', 'cardId', 'userId', 'teamId'] as const;

/**
 * The cost event of a span, of which the caller knows what it is. What is attributed to nobody by the span itself is
 * attributed as the spans `around` it are, innermost first, and then as its resource is. Ids that no cost event may carry are
 * left out. Pure.
 */
export function toCostEvent(
  span: OtlpSpan,
  call: {
    workspaceId: string;
    role: Exclude<SpanRole, { kind: 'other' }>;
    provider: string;
    model: string | undefined;
    usage: Usage;
  },
  around: readonly OtlpSpan[],
): CostEvent {
  const { role, provider, usage, workspaceId } = call;
  const model = cut(call.model);
  const event: CostEvent = {
    id: spanEventId(span.traceId, span.spanId),
    workspaceId,
    timestamp: formatInstant(endOf(span)),
    resourceType: 'llm_api',
    resourceId: cut(role.operation) ?? 'chat',
    provider,
    currency: 'USD',
    usage,
    traceId: span.traceId,
    spanId: span.spanId,
  };
  if (model !== undefined) event.model = model;
  const operation = cut(role.operation);
  if (operation !== undefined) event.operation = operation;
  if (role.kind === 'call') event.outcome = outcomeOf(span);
  const agentId = firstName([span, ...around].map((one) => textUnder(one.attributes, 'agentId')));
  if (agentId !== undefined) event.agentId = agentId;
  for (const field of ATTRIBUTED) {
    const key = AGENTWORKS[field];
    const said = [span, ...around].map((one) => one.attributes.get(key));
    const name = firstName([...said, span.resource.get(key)]);
    if (name !== undefined) event[field] = name;
  }
  const requestId = cut(span.attributes.get(AGENTWORKS.requestId));
  if (requestId !== undefined) event.requestId = requestId;
  event.labels = labelsOf(span, role);
  return event;
}

/** The event that the sender's own SDK reported of this call, where the span says so. */
export function reportedEventId(span: OtlpSpan): string | undefined {
  const id = span.attributes.get(AGENTWORKS.costEventId);
  return typeof id === 'string' && EVENT_ID.test(id) ? id : undefined;
}

/** When a span's cost arose, epoch ms: its end, or its start where it has none. */
export function endOf(span: OtlpSpan): number {
  return span.endMs > 0 ? span.endMs : span.startMs;
}

/** Whether a span says that what it did failed. */
export function isFailed(span: OtlpSpan): boolean {
  return span.status.code === 'error' || span.attributes.has('error.type');
}

function outcomeOf(span: OtlpSpan): CostEvent['outcome'] {
  const latencyMs = Math.max(0, Number(span.endNs - span.startNs) / 1e6);
  if (!isFailed(span)) return { status: 'ok', latencyMs };
  const exception = span.events.find(({ name }) => name === 'exception');
  const errorType =
    cut(span.attributes.get('error.type')) ?? cut(exception?.attributes.get('exception.type'));
  return { status: 'error', latencyMs, ...(errorType !== undefined && { errorType }) };
}

function labelsOf(span: OtlpSpan, role: Exclude<SpanRole, { kind: 'other' }>) {
  const labels: Record<string, string> = { 'otel.emitter': role.emitter };
  const add = (key: string, value: AttributeValue | undefined) => {
    const text = cut(value);
    if (text !== undefined) labels[key] = text;
  };
  add('otel.scope', span.scope.name);
  add('service.name', span.resource.get('service.name'));
  add(PARENT_LABEL, span.parentSpanId);
  return labels;
}

function firstName(values: readonly (AttributeValue | undefined)[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && NAME.test(value));
}

/** A text that a cost event may carry, or undefined. */
function cut(value: AttributeValue | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim().slice(0, MAX_TEXT).toWellFormed();
  return text === '' ? undefined : text;
}
