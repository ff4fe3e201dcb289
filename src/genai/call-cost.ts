import { createEventId, NAME_PATTERN } from '../core/ids.ts';
import type { NanoUsd } from '../core/money.ts';
import { formatInstant } from '../core/time.ts';
import type { Usage } from '../costs/event.ts';
import { createPriceBook, type PriceBook } from '../costs/pricing/price-book.ts';
import type { CostEventInput } from '../costs/reporter-options.ts';
import type { Answer, Attribution, LlmCall } from './calls.ts';
import { spanEventId } from './span-event-id.ts';

/** How a model call ended, as its cost event has it. */
export type CallOutcome = NonNullable<CostEventInput['outcome']>;

export type CallCost = {
  /** The model that is billed: the one that answered, unless only the one asked for has a price. */
  model: string;
  price: { kind: 'priced'; costNanoUsd: NanoUsd } | { kind: 'unpriced'; reason: string };
};

const NAME = new RegExp(NAME_PATTERN);
const NAMES = ['projectId', 'cardId', 'agentId', 'userId', 'teamId'] as const;
const MAX_REQUEST_ID = 256;
const MAX_LABELS = 20;

/** Prices calls by the book, which is loaded with the first call where none is given. */
export function createCallPricing(given: PriceBook | undefined) {
  let book = given;
  return (options: {
    call: LlmCall;
    answer: Answer;
    workspaceId: string | undefined;
    at: number;
  }): CallCost => {
    const { call, answer, workspaceId, at } = options;
    const { usage } = answer;
    const answered = answer.model ?? call.model;
    if (usage === undefined) {
      return { model: answered, price: { kind: 'unpriced', reason: 'no-token-usage' } };
    }
    book ??= createPriceBook();
    const { provider } = call;
    const price = book.price({ provider, model: answered, at, usage, workspaceId });
    if (price.kind === 'priced' || answered === call.model) return { model: answered, price };
    const asked = book.price({ provider, model: call.model, at, usage, workspaceId });
    if (asked.kind === 'priced') return { model: call.model, price: asked };
    return { model: answered, price };
  };
}

/**
 * The cost event of a model call: its id is its span's, so that the same call told of by OTLP counts once; without a span a
 * new one. Ids that no cost event may carry are left out rather than the whole event lost, and named in `leftOut`. Pure but
 * for new ids.
 */
export function callEvent(options: {
  call: LlmCall;
  attribution: Attribution;
  answer: Answer;
  model: string;
  outcome: CallOutcome;
  at: number;
  /** Ids of the span, where it has some. */
  span: { traceId: string; spanId: string } | undefined;
}): { event: CostEventInput; leftOut: string[] } {
  const { call, attribution, answer, model, outcome, at, span } = options;
  const leftOut: string[] = [];
  const operation = call.operation ?? 'chat';
  const usage: Usage = { ...answer.usage, requests: 1 };
  const event: CostEventInput = {
    id: span === undefined ? createEventId() : spanEventId(span.traceId, span.spanId),
    timestamp: formatInstant(at),
    resourceType: 'llm_api',
    resourceId: answer.resourceId ?? resourceOf(call.api, operation),
    provider: call.provider,
    model,
    operation,
    usage,
    outcome,
  };
  if (attribution.workspaceId !== undefined) event.workspaceId = attribution.workspaceId;
  for (const name of NAMES) {
    const value = attribution[name];
    if (value === undefined) continue;
    if (NAME.test(value)) event[name] = value;
    else leftOut.push(name);
  }
  const { requestId } = attribution;
  if (requestId !== undefined && requestId !== '') {
    if (requestId.length <= MAX_REQUEST_ID) event.requestId = requestId;
    else leftOut.push('requestId');
  }
  if (span !== undefined) Object.assign(event, span);
  if (call.labels !== undefined) event.labels = call.labels;
  if (answer.estimated === true) {
    if (Object.keys(call.labels ?? {}).length < MAX_LABELS) {
      event.labels = { ...call.labels, usage: 'estimated' };
    } else leftOut.push('labels.usage');
  }
  return { event, leftOut };
}

/** Where the answer does not tell: what is called by the flavour, or by the operation. */
function resourceOf(api: string | undefined, operation: string): string {
  if (api === 'responses' || api === 'embeddings') return api;
  if (api === 'anthropic') return 'messages';
  return operation === 'chat' ? 'chat.completions' : operation;
}
