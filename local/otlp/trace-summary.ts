import { formatUsd, parseUsd } from '../../src/core/money.ts';
import { AGENTWORKS, GEN_AI } from '../../src/genai/conventions.ts';
import type { OtlpSpan } from '../../src/otlp/span.ts';
import { textOf } from './attribute-text.ts';

/** One line of the list of traces. */
export type TraceSummary = {
  traceId: string;
  /** Of the root span, or of the earliest one while the root has not come. */
  name: string;
  /** Whether the root span has come. */
  complete: boolean;
  services: string[];
  workspaces: string[];
  agents: string[];
  startMs: number;
  durationMs: number;
  spans: number;
  /** Spans beyond what is kept of a trace. */
  droppedSpans: number;
  errors: number;
  modelCalls: number;
  inputTokens: number;
  outputTokens: number;
  /** Exact sum of what the spans say of their costs; absent when none does. The ledger has the last word. */
  spansCostUsd?: string;
};

/** What a trace's spans say of it together. Pure; `spans` must not be empty. */
export function summarize(spans: readonly OtlpSpan[], droppedSpans: number): TraceSummary {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const byStart = [...spans].sort((a, b) => compare(a.startNs, b.startNs));
  const root = byStart.find(({ parentSpanId }) => parentSpanId === undefined);
  const head = root ?? byStart.find(({ parentSpanId }) => !ids.has(parentSpanId!)) ?? byStart[0]!;
  const startNs = byStart[0]!.startNs;
  const endNs = spans
    .map((span) => span.endNs)
    .sort(compare)
    .at(-1)!;
  const modelCalls = spans.filter(isModelCall);
  const costs = spans.map(costOf).filter((cost) => cost !== undefined);
  return {
    traceId: head.traceId,
    name: head.name,
    complete: root !== undefined,
    services: distinct(spans.map(({ resource }) => resource.get('service.name'))),
    workspaces: distinct(spans.map(({ attributes }) => attributes.get(AGENTWORKS.workspaceId))),
    agents: distinct(
      byStart.map(
        ({ attributes }) => attributes.get(GEN_AI.agentName) ?? attributes.get(GEN_AI.agentId),
      ),
    ),
    startMs: Number(startNs / 1_000n) / 1_000,
    durationMs: Number((endNs - startNs) / 1_000n) / 1_000,
    spans: spans.length,
    droppedSpans,
    errors: spans.filter(({ status }) => status.code === 'error').length,
    modelCalls: modelCalls.length,
    inputTokens: sum(modelCalls, GEN_AI.inputTokens),
    outputTokens: sum(modelCalls, GEN_AI.outputTokens),
    ...(costs.length > 0 && { spansCostUsd: formatUsd(costs.reduce((a, b) => a + b, 0n)) }),
  };
}

const MODEL_OPERATIONS = new Set(['chat', 'text_completion', 'generate_content', 'embeddings']);

/** Whether the span is the call of a model itself, not an agent's or a tool's around it. */
export function isModelCall({ attributes }: OtlpSpan): boolean {
  return MODEL_OPERATIONS.has(textOf(attributes.get(GEN_AI.operation)) ?? '');
}

/** Attributes of spans about models and agents, as OpenTelemetry and those before it wrote them. */
const GEN_AI_KEY = /^(gen_ai|llm|openinference|traceloop|ai\.model)\./;

/** Whether the span tells of a model, an agent or a tool of one. */
export function isGenAi({ attributes }: OtlpSpan): boolean {
  for (const key of attributes.keys()) if (GEN_AI_KEY.test(key)) return true;
  return false;
}

/** Money in spans is a decimal string; anything else is not money of ours. */
function costOf({ attributes }: OtlpSpan): bigint | undefined {
  const text = attributes.get(AGENTWORKS.costUsd);
  if (typeof text !== 'string') return undefined;
  try {
    return parseUsd(text);
  } catch {
    return undefined;
  }
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function distinct(values: readonly unknown[]): string[] {
  return [
    ...new Set(values.filter((value) => typeof value === 'string' && value !== '')),
  ] as string[];
}

function sum(spans: readonly OtlpSpan[], key: string): number {
  return spans.reduce((total, { attributes }) => total + Number(attributes.get(key) ?? 0), 0);
}
