import { AGENTWORKS, GEN_AI } from '../../src/genai/conventions.ts';
import type { Attributes, OtlpSpan } from '../../src/otlp/span.ts';
import { type Json, plain, textOf } from '../otlp/attribute-text.ts';

/** A span for the page: times in milliseconds, offsets from the start of the trace. */
export type SpanView = {
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: string;
  service: string;
  scope: string;
  offsetMs: number;
  durationMs: number;
  status: { code: string; message?: string };
  attributes: Record<string, Json>;
  resource: Record<string, Json>;
  events: { name: string; offsetMs: number; attributes: Record<string, Json> }[];
  links: { traceId: string; spanId: string }[];
  /** What makes it a span of an agent, a tool or a model call. */
  genAi?: GenAiView;
};

export type GenAiView = {
  operation: string;
  provider?: string;
  model?: string;
  agent?: string;
  tool?: string;
  inputTokens?: number;
  outputTokens?: number;
  /** Whether the tokens are estimated. */
  estimated?: boolean;
  costUsd?: string;
};

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** The spans of one trace for the page; `spans` are at least one, sorted by their start. Pure. */
export function viewOfSpans(spans: readonly OtlpSpan[]): SpanView[] {
  const { startNs } = spans[0]!;
  return spans.map((span) => {
    const { spanId, parentSpanId, name, resource, scope, status, events, links } = span;
    return {
      spanId,
      ...(parentSpanId !== undefined && { parentSpanId }),
      name,
      kind: KINDS[span.kind] ?? String(span.kind),
      service: textOf(resource.get('service.name')) ?? '',
      scope: [scope.name, scope.version].filter(Boolean).join(' '),
      offsetMs: milliseconds(span.startNs - startNs),
      durationMs: milliseconds(span.endNs - span.startNs),
      status,
      attributes: plain(span.attributes),
      resource: plain(resource),
      events: events.map((event) => ({
        name: event.name,
        offsetMs: milliseconds(event.timeNs - startNs),
        attributes: plain(event.attributes),
      })),
      links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
      ...genAiOf(span.attributes),
    };
  });
}

function genAiOf(attributes: Attributes): { genAi?: GenAiView } {
  const operation = attributes.get(GEN_AI.operation);
  if (typeof operation !== 'string') return {};
  const text = (...keys: string[]) =>
    textOf(keys.map((key) => attributes.get(key)).find((found) => found !== undefined));
  const count = (key: string) => {
    const value = attributes.get(key);
    return value === undefined ? undefined : Number(value);
  };
  const genAi = {
    operation,
    provider: text(GEN_AI.provider, 'gen_ai.system'),
    model: text(GEN_AI.responseModel, GEN_AI.requestModel),
    agent: text(GEN_AI.agentName, GEN_AI.agentId),
    tool: text(GEN_AI.toolName),
    inputTokens: count(GEN_AI.inputTokens),
    outputTokens: count(GEN_AI.outputTokens),
    estimated: attributes.get(AGENTWORKS.usageEstimated) === true || undefined,
    costUsd: text(AGENTWORKS.costUsd),
  };
  const known = Object.entries(genAi).filter(([, value]) => value !== undefined);
  return { genAi: Object.fromEntries(known) as GenAiView };
}

const milliseconds = (ns: bigint): number => Number(ns / 1_000n) / 1_000;
