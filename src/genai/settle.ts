import { context, isSpanContextValid, type Span, trace } from '@opentelemetry/api';
import { errorMessage } from '../core/errors.ts';
import { formatUsd } from '../core/money.ts';
import { answerAttributes } from './attributes.ts';
import { type CallCost, type CallOutcome, callEvent, type createCallPricing } from './call-cost.ts';
import type { Answer, Attribution, LlmCall } from './calls.ts';
import { outputMessages } from './content.ts';
import { AGENTWORKS, GEN_AI } from './conventions.ts';
import { errorTypeOf, recordError } from './exceptions.ts';
import type { GenAiOptions } from './genai.ts';
import { measureModelCall } from './measures.ts';
import type { Nesting } from './nesting.ts';
import { addModelCall, type RunScope } from './scope.ts';
import type { Teller } from './teller.ts';
import { callMessage } from './withheld.ts';

/** A model call under way. */
export type ModelCall = {
  call: LlmCall;
  attribution: Attribution;
  operation: string;
  scope: RunScope | undefined;
  span: Span;
  nesting: Nesting;
  /** Whether prompts and answers may be kept. */
  withContent: boolean;
  /** On `performance.now()`'s clock. */
  startedAt: number;
};

/** How a model call ended. */
export type Settlement = {
  status: 'ok' | 'error';
  error?: unknown;
  answer: Answer;
  isStream?: boolean;
  timeToFirstChunkMs?: number | undefined;
};

/** Whether a call is charged for, as far as is known: one that failed only if its error says what was used. */
export function isCharged({ status, answer }: Settlement): boolean {
  return status === 'ok' || answer.usage !== undefined;
}

/**
 * Tells of a model call that has ended, once: prices it, reports its cost event, writes the span's attributes, records the
 * metrics, adds it to the runs around it, logs one line, and ends the span. A call that failed costs nothing unless its error
 * says what was used; one that succeeded without saying it is reported as one request, which the ledger counts as unpriced. Of a call that a traced call
 * within has told of already, only the span and the log line are left, which say so.
 */
export function settleModelCall(
  options: Pick<GenAiOptions, 'metrics' | 'log' | 'reportCost'> & {
    now: () => number;
    teller: Teller;
    priceOf: ReturnType<typeof createCallPricing>;
  },
): (begun: ModelCall, settlement: Settlement) => void {
  const { metrics, log, reportCost, now, teller, priceOf } = options;

  /** The id of the event that was taken, or undefined. */
  function report(
    begun: ModelCall,
    answer: Answer,
    cost: CallCost,
    outcome: CallOutcome,
    at: number,
  ) {
    if (reportCost === undefined) return undefined;
    const { call, attribution } = begun;
    const spanContext = begun.span.spanContext();
    const { traceId, spanId } = spanContext;
    const span = isSpanContextValid(spanContext) ? { traceId, spanId } : undefined;
    const { model } = cost;
    const { event, leftOut } = callEvent({ call, attribution, answer, model, outcome, at, span });
    if (leftOut.length > 0) {
      const message = 'ids that no cost event may carry were left out';
      teller.warnOnce(`ids ${leftOut.join()}`, message, { fields: leftOut });
    }
    const told = reportCost(event);
    if (told.kind === 'accepted') return told.id;
    const why = told.kind === 'refused' ? told.reason : told.errors;
    teller.warnOnce(`cost ${JSON.stringify(why)}`, 'cost event not taken', { reason: why });
    return undefined;
  }

  return (begun, settlement) => {
    const { call, attribution, span, withContent, scope } = begun;
    const { status, error, isStream, timeToFirstChunkMs } = settlement;
    const { coveredBy } = begun.nesting;
    const answer = coveredBy === undefined ? settlement.answer : withoutUsage(settlement.answer);
    const { workspaceId } = attribution;
    const latencyMs = Math.max(0, performance.now() - begun.startedAt);
    const at = now();
    const errorType = status === 'error' ? errorTypeOf(error) : undefined;
    const message =
      status === 'error'
        ? teller.safely('an error', () => callMessage(error, { given: call.prompt, scope }))
        : undefined;
    const isBilled = coveredBy === undefined && isCharged(settlement);

    try {
      const cost = priceOf({ call, answer, workspaceId, at });
      const outcome: CallOutcome = { status, latencyMs };
      if (errorType !== undefined) outcome.errorType = errorType;
      if (call.cacheHit !== undefined) outcome.cacheHit = call.cacheHit;
      if (isBilled && answer.usage === undefined) {
        const fields = { provider: call.provider, model: cost.model, reason: answer.gap };
        teller.warnOnce(`usage ${call.provider}`, 'no usage found in a model’s answer', fields);
      }
      const eventId = isBilled
        ? teller.safely('a cost event', () => report(begun, answer, cost, outcome, at))
        : undefined;
      const { price } = cost;
      const costNanoUsd = price.kind === 'priced' ? price.costNanoUsd : undefined;
      const costUsd = costNanoUsd === undefined ? undefined : formatUsd(costNanoUsd);

      span.setAttributes(answerAttributes(answer));
      if (isStream === true) span.setAttribute(GEN_AI.stream, true);
      if (timeToFirstChunkMs !== undefined) {
        span.setAttribute(GEN_AI.timeToFirstChunk, timeToFirstChunkMs / 1_000);
      }
      if (costUsd !== undefined) span.setAttribute(AGENTWORKS.costUsd, costUsd);
      if (coveredBy !== undefined) span.setAttribute(AGENTWORKS.coveredBy, coveredBy);
      if (eventId !== undefined) span.setAttribute(AGENTWORKS.costEventId, eventId);
      if (isBilled && price.kind === 'unpriced') {
        span.setAttribute(AGENTWORKS.unpricedReason, price.reason);
      }
      if (withContent && answer.text !== undefined && answer.text !== '') {
        span.setAttribute(GEN_AI.outputMessages, outputMessages(answer.text));
      }
      if (status === 'error') {
        recordError(span, error, withContent ? errorMessage(error) : message);
      }
      if (isBilled) addModelCall(scope, { usage: answer.usage, costNanoUsd });
      if (coveredBy === undefined) {
        measureModelCall(metrics, {
          call,
          operation: begun.operation,
          scope,
          answer,
          status,
          errorType,
          latencyMs,
          costNanoUsd,
          isUnpriced: isBilled && price.kind === 'unpriced',
          timeToFirstChunkMs,
        });
      }

      const fields = {
        ...attribution,
        provider: call.provider,
        model: cost.model,
        operation: begun.operation,
        latencyMs: Math.round(latencyMs),
        ...answer.usage,
        ...(answer.estimated === true && { estimated: true }),
        ...(costUsd !== undefined && { costUsd }),
        ...(coveredBy !== undefined && { coveredBy }),
      };
      context.with(trace.setSpan(context.active(), span), () => {
        if (status === 'ok') return log.info('model call', fields);
        log.error('model call failed', { ...fields, errorType, errorMessage: message });
      });
    } finally {
      span.end();
    }
  };
}

function withoutUsage({ usage: _, estimated: __, ...answer }: Answer): Answer {
  return answer;
}
