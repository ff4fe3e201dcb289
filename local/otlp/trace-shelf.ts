import type { OtlpSpan } from '../../src/otlp/span.ts';
import type { TraceSummary } from './trace-summary.ts';

/** A trace as far as it has come; `summary` is made when somebody asks for it. */
export type KeptTrace = {
  spans: Map<string, OtlpSpan>;
  /** Spans beyond what is kept of a trace. */
  dropped: number;
  summary: TraceSummary | undefined;
};

export type TraceShelf = ReturnType<typeof createTraceShelf>;

/** Room for so many traces and spans: what got a span longest ago makes place for what comes. */
export function createTraceShelf(limits: { traces: number; spans: number }) {
  const traces = new Map<string, KeptTrace>();
  let spanCount = 0;

  function take(traceId: string): KeptTrace | undefined {
    const trace = traces.get(traceId);
    if (trace === undefined) return undefined;
    traces.delete(traceId);
    spanCount -= trace.spans.size;
    return trace;
  }

  return {
    get: (traceId: string): KeptTrace | undefined => traces.get(traceId),
    /** Removes it, for somebody to change and put back. */
    take,
    put(traceId: string, trace: KeptTrace): void {
      take(traceId);
      traces.set(traceId, trace);
      spanCount += trace.spans.size;
      while (traces.size > limits.traces || spanCount > limits.spans) {
        take(traces.keys().next().value!);
      }
    },
    /** In the order of their last spans. */
    all: (): KeptTrace[] => [...traces.values()],
    counts: () => ({ traces: traces.size, spans: spanCount }),
  };
}
