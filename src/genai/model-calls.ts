import { context, INVALID_SPAN_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import { readAnswer, usageOfError } from './answer.ts';
import { attributionAttributes } from './attributes.ts';
import { createCallPricing } from './call-cost.ts';
import type { LlmCall } from './calls.ts';
import { createGatherer } from './chunks.ts';
import { inputMessages } from './content.ts';
import { GEN_AI, spanName } from './conventions.ts';
import { estimatedAnswer } from './estimate.ts';
import type { GenAi, GenAiOptions } from './genai.ts';
import { endWithin, nestingAt, withinCall } from './nesting.ts';
import { createRunner, type Watcher } from './run.ts';
import { attributionOf, enclosingScope } from './scope.ts';
import { isCharged, type ModelCall, type Settlement, settleModelCall } from './settle.ts';
import { streamIn, watchStream } from './streams.ts';
import { createTeller } from './teller.ts';

const STREAM_IDLE_MS = 600_000;

/** `traceLlmCall` and what ends it; see `GenAi`. */
export function createModelCalls(options: GenAiOptions): Pick<GenAi, 'traceLlmCall' | 'close'> {
  const { tracer, log, captureContent, streamIdleMs = STREAM_IDLE_MS, now = Date.now } = options;
  const teller = createTeller(log);
  const runner = createRunner(teller);
  const settle = settleModelCall({
    ...options,
    now,
    teller,
    priceOf: createCallPricing(options.priceBook),
  });
  /** What settles each stream that is still open. */
  const open = new Set<() => void>();
  /** What ends each call that waits for calls within. */
  const waiting = new Set<() => void>();
  /** Settles streams that nobody holds any more. */
  const dropped = new FinalizationRegistry<() => void>((abandon) => abandon());

  function begin(call: LlmCall): ModelCall {
    const scope = enclosingScope();
    const attribution = attributionOf(call, scope, options.workspaceId);
    const { workspaceId } = attribution;
    const operation = call.operation ?? 'chat';
    const withContent = workspaceId !== undefined && captureContent?.(workspaceId) === true;
    const span = tracer.startSpan(spanName(operation, call.model), {
      kind: SpanKind.CLIENT,
      attributes: {
        [GEN_AI.operation]: operation,
        [GEN_AI.provider]: call.provider,
        [GEN_AI.requestModel]: call.model,
        ...attributionAttributes(attribution),
      },
    });
    if (withContent && call.prompt !== undefined) {
      span.setAttribute(GEN_AI.inputMessages, inputMessages(call.prompt));
    }
    const nesting = nestingAt(context.active(), operation);
    const startedAt = performance.now();
    return { call, attribution, operation, scope, span, nesting, withContent, startedAt };
  }

  /** What the rest of a call's life is told to; the first of them counts. */
  function life(begun: ModelCall | undefined): Watcher {
    let isSettled = begun === undefined;
    const settleOnce = (what: Settlement) => {
      if (begun === undefined || isSettled) return;
      isSettled = true;
      const { nesting } = begun;
      const end = () => {
        nesting.resume = undefined;
        waiting.delete(end);
        clearTimeout(timer);
        teller.safely('the settlement of a model call', () => settle(begun, what));
        const costs =
          nesting.coveredBy ?? (isCharged(what) ? begun.span.spanContext().spanId : undefined);
        endWithin(nesting, costs);
      };
      const isOpen = isCharged(what) && nesting.coveredBy === undefined && nesting.underWay > 0;
      // It may be left before the stream within is, or be dropped together with it.
      const timer = isOpen ? setTimeout(end, streamIdleMs).unref() : undefined;
      if (!isOpen) return end();
      waiting.add(end);
      nesting.resume = end;
    };
    return {
      failed(error: unknown): void {
        if (begun === undefined || isSettled) return;
        const usage = teller.safely('an error’s usage', () => usageOfError(error, begun.call));
        settleOnce({ status: 'error', error, answer: { usage } });
      },
      answered(value: unknown): void {
        if (begun === undefined || isSettled) return;
        const answer = teller.safely('an answer', () => readAnswer(value, begun.call)) ?? {};
        const isFollowed =
          answer.usage === undefined &&
          teller.safely('a stream', () => follow(begun, streamIn(value), settleOnce)) === true;
        if (!isFollowed) settleOnce({ status: 'ok', answer });
      },
      unused: () => settleOnce({ status: 'ok', answer: { gap: 'Nobody asked for the answer' } }),
    };
  }

  /** Follows a stream until it ends, fails, is left or forgotten. False when there is none. */
  function follow(
    begun: ModelCall,
    value: object | undefined,
    settleOnce: (what: Settlement) => void,
  ): boolean {
    if (value === undefined) return false;
    const gatherer = createGatherer({ keepText: begun.withContent });
    let firstAt: number | undefined;
    let lastAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const finish = (status: 'ok' | 'error', isWhole: boolean, error?: unknown) => {
      open.delete(abandon);
      clearTimeout(timer);
      const told = teller.safely('a stream’s answer', () => {
        const gathered = gatherer.gathered();
        const answer = estimatedAnswer(gathered, begun.call, { isWhole });
        return { answer, isStream: !gathered.isDocument };
      });
      const { answer = {}, isStream = true } = told ?? {};
      const timeToFirstChunkMs =
        firstAt === undefined || !isStream ? undefined : firstAt - begun.startedAt;
      settleOnce({ status, error, answer, isStream, timeToFirstChunkMs });
    };
    const abandon = () => finish('ok', false);
    const isStream = watchStream(value, {
      chunk(chunk) {
        lastAt = performance.now();
        firstAt ??= lastAt;
        teller.safely('a chunk', () => gatherer.add(chunk));
      },
      ended: () => finish('ok', true),
      failed: (error) => finish('error', false, error),
      left: () => finish('ok', false),
    });
    if (!isStream) return false;
    open.add(abandon);
    dropped.register(value, abandon);
    const wait = (ms: number) => {
      timer = setTimeout(() => {
        const idleMs = performance.now() - lastAt;
        if (idleMs >= streamIdleMs) abandon();
        else wait(streamIdleMs - idleMs);
      }, ms).unref();
    };
    wait(streamIdleMs);
    return true;
  }

  return {
    traceLlmCall<T>(call: LlmCall, fn: (span: Span) => T): T {
      const begun = teller.safely('the begin of a model call', () => begin(call));
      const span = begun?.span ?? trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
      const here = trace.setSpan(context.active(), span);
      const at = begun === undefined ? here : withinCall(here, begun.nesting);
      return runner.run(fn, span, at, life(begun));
    },
    close() {
      runner.close();
      for (const abandon of open) abandon();
      for (const end of waiting) end();
    },
  };
}
