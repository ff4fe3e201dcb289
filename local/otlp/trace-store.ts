import type { OtlpSpan } from '../../src/otlp/span.ts';
import { textOf } from './attribute-text.ts';
import { summarize, type TraceSummary } from './trace-summary.ts';

const MAX_TRACES = 5_000;
const MAX_SPANS_OF_A_TRACE = 1_000;
const MAX_SPANS = 60_000;

export type TraceStore = ReturnType<typeof createTraceStore>;
export type TraceFilter = {
  limit: number;
  workspaceId?: string;
  /** Text that a span's name, an attribute's value, the service or the trace id has to contain, in any case. */
  search?: string;
  /** Only traces with a span that failed. */
  failed?: boolean;
};

type Trace = { spans: Map<string, OtlpSpan>; dropped: number; summary: TraceSummary | undefined };

/**
 * The newest traces in memory: those that got a span last, at most 5,000 with 1,000 spans each and 60,000 spans
 * altogether. A span that comes again replaces what came before.
 */
export function createTraceStore() {
  const traces = new Map<string, Trace>();
  let spanCount = 0;
  let received = 0;

  function forget(traceId: string): void {
    spanCount -= traces.get(traceId)!.spans.size;
    traces.delete(traceId);
  }

  const summaryOf = (trace: Trace): TraceSummary => {
    trace.summary ??= summarize([...trace.spans.values()], trace.dropped);
    return trace.summary;
  };

  return {
    add(span: OtlpSpan): void {
      received += 1;
      const { traceId, spanId } = span;
      const trace = traces.get(traceId) ?? { spans: new Map(), dropped: 0, summary: undefined };
      // To the end: the order is that of the last arrival.
      traces.delete(traceId);
      traces.set(traceId, trace);
      trace.summary = undefined;
      if (trace.spans.size >= MAX_SPANS_OF_A_TRACE && !trace.spans.has(spanId)) {
        trace.dropped += 1;
        return;
      }
      if (!trace.spans.has(spanId)) spanCount += 1;
      trace.spans.set(spanId, span);
      while (traces.size > MAX_TRACES || spanCount > MAX_SPANS) {
        forget(traces.keys().next().value!);
      }
    },

    /** Summaries, the trace that began last first. */
    traces({ limit, workspaceId, search, failed }: TraceFilter): TraceSummary[] {
      const found: TraceSummary[] = [];
      for (const trace of [...traces.values()].reverse()) {
        const summary = summaryOf(trace);
        if (workspaceId !== undefined && !summary.workspaces.includes(workspaceId)) continue;
        if (failed && summary.errors === 0) continue;
        if (search && !mentions(trace, search.toLowerCase())) continue;
        found.push(summary);
      }
      return found.sort((a, b) => b.startMs - a.startMs).slice(0, limit);
    },

    /** All spans of a trace by their start, or undefined. */
    trace(traceId: string): { summary: TraceSummary; spans: OtlpSpan[] } | undefined {
      const trace = traces.get(traceId);
      if (trace === undefined) return undefined;
      const spans = [...trace.spans.values()].sort((a, b) =>
        a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0,
      );
      return { summary: summaryOf(trace), spans };
    },

    /** Workspaces seen in what is kept, in alphabetical order. */
    workspaces(): string[] {
      const names = [...traces.values()].flatMap((trace) => summaryOf(trace).workspaces);
      return [...new Set(names)].sort();
    },

    /** What came so far and what is kept. */
    counts: () => ({ received, traces: traces.size, spans: spanCount }),
  };
}

function mentions({ spans }: Trace, text: string): boolean {
  for (const { traceId, name, attributes, resource } of spans.values()) {
    if (traceId.includes(text) || name.toLowerCase().includes(text)) return true;
    if (textOf(resource.get('service.name'))?.toLowerCase().includes(text)) return true;
    for (const value of attributes.values()) {
      if (textOf(value)!.toLowerCase().includes(text)) return true;
    }
  }
  return false;
}
