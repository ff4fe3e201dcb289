import type { OtlpSpan } from '../../src/otlp/span.ts';
import { textOf } from './attribute-text.ts';
import { createTraceShelf, type KeptTrace } from './trace-shelf.ts';
import { isGenAi, summarize, type TraceSummary } from './trace-summary.ts';

const MAX_SPANS_OF_A_TRACE = 1_000;
/** What runs no model, a service's own work say, comes more often and may not push out what does. */
const AGENTS = { traces: 3_500, spans: 45_000 };
const OTHERS = { traces: 1_500, spans: 15_000 };

export type TraceStore = ReturnType<typeof createTraceStore>;
export type TraceFilter = {
  limit: number;
  workspaceId?: string;
  service?: string;
  /** Text that a span's name, an attribute's value, the service or the trace id has to contain, in any case. */
  search?: string;
  /** `agents`: only traces of agents and model calls; `failed`: only those with a span that failed. Default `all`. */
  show?: 'all' | 'agents' | 'failed';
};

/**
 * The newest traces in memory, those that got a span last: 3,500 of agents and model calls and 1,500 others, with 1,000
 * spans each and 45,000 and 15,000 spans altogether. A span that comes again replaces what came before.
 */
export function createTraceStore() {
  const agents = createTraceShelf(AGENTS);
  const others = createTraceShelf(OTHERS);
  let received = 0;

  const summaryOf = (trace: KeptTrace): TraceSummary => {
    trace.summary ??= summarize([...trace.spans.values()], trace.dropped);
    return trace.summary;
  };
  const all = () => [...agents.all(), ...others.all()];
  const namesIn = (key: 'workspaces' | 'services'): string[] =>
    [...new Set(all().flatMap((trace) => summaryOf(trace)[key]))].sort();

  return {
    add(span: OtlpSpan): void {
      received += 1;
      const { traceId, spanId } = span;
      const ofAgent = agents.take(traceId);
      const trace = ofAgent ??
        others.take(traceId) ?? { spans: new Map(), dropped: 0, summary: undefined };
      trace.summary = undefined;
      if (trace.spans.size < MAX_SPANS_OF_A_TRACE || trace.spans.has(spanId)) {
        trace.spans.set(spanId, span);
      } else {
        trace.dropped += 1;
      }
      const shelf = ofAgent !== undefined || isGenAi(span) ? agents : others;
      shelf.put(traceId, trace);
    },

    /** Summaries, the trace that began last first. */
    traces({ limit, workspaceId, service, search, show }: TraceFilter): TraceSummary[] {
      const found: TraceSummary[] = [];
      for (const trace of show === 'agents' ? agents.all() : all()) {
        const summary = summaryOf(trace);
        if (workspaceId !== undefined && !summary.workspaces.includes(workspaceId)) continue;
        if (service !== undefined && !summary.services.includes(service)) continue;
        if (show === 'failed' && summary.errors === 0) continue;
        if (search && !mentions(trace, search.toLowerCase())) continue;
        found.push(summary);
      }
      return found.sort((a, b) => b.startMs - a.startMs).slice(0, limit);
    },

    /** All spans of a trace by their start, or undefined. */
    trace(traceId: string): { summary: TraceSummary; spans: OtlpSpan[] } | undefined {
      const trace = agents.get(traceId) ?? others.get(traceId);
      if (trace === undefined) return undefined;
      const spans = [...trace.spans.values()].sort((a, b) =>
        a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0,
      );
      return { summary: summaryOf(trace), spans };
    },

    /** Workspaces seen in what is kept, in alphabetical order. */
    workspaces: () => namesIn('workspaces'),
    /** Services, likewise. */
    services: () => namesIn('services'),

    /** What came so far, what is kept, and how much of each kind at most. */
    counts() {
      const kept = { agents: agents.counts(), others: others.counts() };
      return {
        received,
        traces: kept.agents.traces + kept.others.traces,
        spans: kept.agents.spans + kept.others.spans,
        agents: { ...kept.agents, maxTraces: AGENTS.traces },
        others: { ...kept.others, maxTraces: OTHERS.traces },
      };
    },
  };
}

function mentions({ spans }: KeptTrace, text: string): boolean {
  for (const { traceId, name, attributes, resource } of spans.values()) {
    if (traceId.includes(text) || name.toLowerCase().includes(text)) return true;
    if (textOf(resource.get('service.name'))?.toLowerCase().includes(text)) return true;
    for (const value of attributes.values()) {
      if (textOf(value)!.toLowerCase().includes(text)) return true;
    }
  }
  return false;
}
