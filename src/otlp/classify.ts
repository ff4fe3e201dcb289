import { findAliased, textUnder } from './aliases.ts';
import type { Attributes, OtlpSpan } from './span.ts';

/** Whose way of writing spans it is: conventions, or a library with its own. */
export type Emitter =
  | 'opentelemetry'
  | 'openllmetry'
  | 'openinference'
  | 'vercel-ai'
  | 'pydantic-ai';

/** What a span is, as far as costs go, and by what it was told. */
export type SpanRole =
  /** One call of a model: costs, unless there is another one within. */
  | { kind: 'call'; emitter: Emitter; operation: string; reason: string }
  /** Something that calls of models happen within: an agent, a chain, a tool, several steps. Never costs. */
  | { kind: 'aggregate'; emitter: Emitter; operation: string; reason: string }
  | { kind: 'other'; reason: 'says-nothing-of-models' | 'pending-span' | 'not-a-model-call' };

/**
 * Tells by a span's attributes whether it is a model call. The emitter's own word for it goes before OpenTelemetry's,
 * because emitters that write both mean the former. Pure.
 */
export function classifySpan(span: Pick<OtlpSpan, 'attributes' | 'scope' | 'name'>): SpanRole {
  const { attributes } = span;
  // Logfire tells of a span when it starts, by another one below it with the same attributes.
  if (attributes.get('logfire.span_type') === 'pending_span') {
    return { kind: 'other', reason: 'pending-span' };
  }
  return (
    byOpenInferenceKind(attributes) ??
    byAiSdkOperation(attributes) ??
    byTraceloopKind(attributes) ??
    byOperation(span) ??
    byWhatItSays(span)
  );
}

const OPENINFERENCE_CALLS = new Map([
  ['LLM', 'chat'],
  ['EMBEDDING', 'embeddings'],
]);

function byOpenInferenceKind(attributes: Attributes): SpanRole | undefined {
  const kind = attributes.get('openinference.span.kind');
  if (typeof kind !== 'string') return undefined;
  const emitter = 'openinference';
  const reason = `openinference.span.kind=${kind}`;
  const operation = OPENINFERENCE_CALLS.get(kind.toUpperCase());
  return operation === undefined
    ? { kind: 'aggregate', emitter, operation: kind.toLowerCase(), reason }
    : { kind: 'call', emitter, operation, reason };
}

/** `ai.generateText` has one `ai.generateText.doGenerate` within for each step and each attempt. */
function byAiSdkOperation(attributes: Attributes): SpanRole | undefined {
  const written = attributes.get('ai.operationId') ?? attributes.get('operation.name');
  if (typeof written !== 'string' || !written.startsWith('ai.')) return undefined;
  // `operation.name` has the function's id after a blank.
  const operationId = written.split(' ', 1)[0]!;
  const emitter = 'vercel-ai';
  const reason = `ai.operationId=${operationId}`;
  if (/\.do(Generate|Stream)$/.test(operationId)) {
    return { kind: 'call', emitter, operation: 'chat', reason };
  }
  if (operationId.endsWith('.doEmbed')) {
    return { kind: 'call', emitter, operation: 'embeddings', reason };
  }
  return { kind: 'aggregate', emitter, operation: operationId, reason };
}

const LLM_REQUEST_TYPES = new Map([
  ['chat', 'chat'],
  ['completion', 'text_completion'],
  ['embedding', 'embeddings'],
  ['rerank', 'rerank'],
]);

function byTraceloopKind(attributes: Attributes): SpanRole | undefined {
  const emitter = 'openllmetry';
  const kind = attributes.get('traceloop.span.kind');
  if (typeof kind === 'string' && kind !== 'unknown') {
    const reason = `traceloop.span.kind=${kind}`;
    return { kind: 'aggregate', emitter, operation: kind, reason };
  }
  const type = attributes.get('llm.request.type');
  if (typeof type !== 'string') return undefined;
  const operation = LLM_REQUEST_TYPES.get(type);
  if (operation === undefined) return undefined;
  return { kind: 'call', emitter, operation, reason: `llm.request.type=${type}` };
}

const CALLS: ReadonlySet<string> = new Set([
  'chat',
  'text_completion',
  'generate_content',
  'embeddings',
]);
const AGGREGATES: ReadonlySet<string> = new Set([
  'invoke_agent',
  'invoke_workflow',
  'execute_tool',
]);
const NEITHER: ReadonlySet<string> = new Set(['create_agent', 'retrieval']);

function byOperation(span: Pick<OtlpSpan, 'attributes' | 'scope'>): SpanRole | undefined {
  const operation = textUnder(span.attributes, 'operation');
  if (operation === undefined) return undefined;
  const emitter = emitterOf(span);
  const reason = `gen_ai.operation.name=${operation}`;
  if (CALLS.has(operation)) return { kind: 'call', emitter, operation, reason };
  if (AGGREGATES.has(operation)) return { kind: 'aggregate', emitter, operation, reason };
  return NEITHER.has(operation) ? { kind: 'other', reason: 'not-a-model-call' } : undefined;
}

/** Spans that do not say what they do, or say it in a word of their own: a call is of a provider and a model. */
function byWhatItSays(span: Pick<OtlpSpan, 'attributes' | 'scope' | 'name'>): SpanRole {
  const { attributes } = span;
  const emitter = emitterOf(span);
  const operation = textUnder(attributes, 'operation');
  const hasModel =
    findAliased(attributes, 'requestModel') !== undefined ||
    findAliased(attributes, 'responseModel') !== undefined;
  const isWithin = attributes.has('gen_ai.tool.name') || attributes.has('agent_name');
  if (hasModel && !isWithin && findAliased(attributes, 'provider') !== undefined) {
    const reason = 'names a provider and a model';
    return { kind: 'call', emitter, operation: operation ?? 'chat', reason };
  }
  if (hasUsage(attributes)) {
    const reason = 'has usage, but is no call of a model';
    return { kind: 'aggregate', emitter, operation: operation ?? span.name.slice(0, 64), reason };
  }
  return { kind: 'other', reason: 'says-nothing-of-models' };
}

/** Whether a span says that tokens were used, by itself or by what happened within. */
export function hasUsage(attributes: Attributes): boolean {
  const counts = [
    findAliased(attributes, 'inputTokens')?.value,
    findAliased(attributes, 'outputTokens')?.value,
    attributes.get('gen_ai.aggregated_usage.input_tokens'),
    attributes.get('gen_ai.aggregated_usage.output_tokens'),
  ];
  return counts.some((count) => Number(count) > 0);
}

function emitterOf({ attributes, scope }: Pick<OtlpSpan, 'attributes' | 'scope'>): Emitter {
  if (scope.name === 'pydantic-ai') return 'pydantic-ai';
  for (const key of attributes.keys()) {
    if (key.startsWith('gen_ai.usage.details.')) return 'pydantic-ai';
    if (key.startsWith('traceloop.')) return 'openllmetry';
  }
  return /^(@traceloop\/|opentelemetry\.instrumentation\.)/.test(scope.name)
    ? 'openllmetry'
    : 'opentelemetry';
}
