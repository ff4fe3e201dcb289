import { describe, finishReasonsOf, isBody } from './answer.ts';
import type { Answer } from './calls.ts';

type Body = Record<string, unknown>;

/** What was gathered from a stream so far. */
export type Gathered = Omit<Answer, 'usage'> & {
  /** A body like that of an answer that was not streamed, to read usage from; absent while none was seen. */
  body: Body | undefined;
  /** Whether the provider had more to say about usage when the stream ended. */
  isPartial: boolean;
  /** Bytes of text, reasoning and tool arguments that came. */
  textBytes: number;
};

/** Where the providers put what the model writes. */
const TEXT_KEYS = new Set([
  'content',
  'text',
  'delta',
  'reasoning',
  'reasoning_content',
  'thinking',
  'refusal',
  'partial_json',
  'arguments',
]);
const CONTAINER_KEYS = ['choices', 'delta', 'message', 'candidates', 'content', 'parts'];
const TOOL_KEYS = ['tool_calls', 'function', 'contentBlockDelta'];
const MAX_DEPTH = 8;
const MAX_KEPT_CHARACTERS = 65_536;

/**
 * Gathers usage, names and text from the chunks of a stream: OpenAI's chat and Responses events, Anthropic's messages,
 * Gemini's and Bedrock's, and the bytes or lines of server-sent events that carry any of them. `keepText` says whether the
 * text itself is kept and not only its length. Never throws for any chunk.
 */
export function createGatherer(options: { keepText: boolean }) {
  let body: Body | undefined;
  let isPartial = false;
  let textBytes = 0;
  let text = '';
  let rest = '';
  const about: Omit<Answer, 'usage'> = {};
  const decoder = new TextDecoder();

  function add(chunk: unknown): void {
    if (typeof chunk === 'string') addText(chunk);
    else if (chunk instanceof Uint8Array) addLines(decoder.decode(chunk, { stream: true }));
    else if (isBody(chunk)) addObject(chunk);
  }

  function addText(chunk: string): void {
    if (rest !== '' || /^(?:data|event|id|retry):|^\{/.test(chunk)) addLines(chunk);
    else wrote(chunk);
  }

  function addLines(chunk: string): void {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) addLine(line);
  }

  function addLine(line: string): void {
    const json = line.startsWith('data:') ? line.slice(5) : line;
    if (!json.trimStart().startsWith('{')) return;
    try {
      const parsed: unknown = JSON.parse(json);
      if (isBody(parsed)) addObject(parsed);
    } catch {
      // Not an event of any provider we know.
    }
  }

  function addObject(chunk: Body): void {
    // The whole response at the end of a Responses stream, the message at the start of Anthropic's.
    const whole = [chunk.response, chunk.message].find(isBody);
    const told = whole ?? chunk;
    for (const [key, value] of Object.entries(describe(told))) {
      if (value !== undefined) Object.assign(about, { [key]: value });
    }
    const reasons = finishReasonsOf(isBody(chunk.delta) ? chunk.delta : chunk);
    if (reasons !== undefined) about.finishReasons = reasons;
    addUsage(chunk, whole);
    const type = typeof chunk.type === 'string' ? chunk.type : undefined;
    // Other typed events repeat at an end what came piece by piece.
    if (type === undefined || type.endsWith('delta')) collect(chunk, MAX_DEPTH);
  }

  function addUsage(chunk: Body, whole: Body | undefined): void {
    if (chunk.type === 'message_start' && whole !== undefined) {
      body = { ...whole };
      isPartial = true;
    } else if (chunk.type === 'message_delta' && isBody(chunk.usage)) {
      const before = isBody(body?.usage) ? body.usage : {};
      body = { type: 'message', ...body, usage: { ...before, ...withoutNulls(chunk.usage) } };
      isPartial = false;
    } else if (isBody(whole?.usage)) {
      body = whole;
      isPartial = false;
    } else {
      const found = usageIn(chunk);
      if (found === undefined) return;
      body = found;
      isPartial = false;
    }
  }

  function collect(value: unknown, depth: number): void {
    if (depth === 0) return;
    if (Array.isArray(value)) for (const inner of value) collect(inner, depth - 1);
    if (!isBody(value)) return;
    for (const key of TEXT_KEYS) {
      const inner = value[key];
      if (typeof inner === 'string') wrote(inner);
    }
    for (const key of [...CONTAINER_KEYS, ...TOOL_KEYS]) {
      if (typeof value[key] === 'object') collect(value[key], depth - 1);
    }
  }

  function wrote(piece: string): void {
    textBytes += Buffer.byteLength(piece);
    if (options.keepText && text.length < MAX_KEPT_CHARACTERS) text += piece;
  }

  return {
    add,
    gathered(): Gathered {
      if (rest !== '') addLine(rest);
      rest = '';
      return { ...about, body, isPartial, textBytes, ...(options.keepText && { text }) };
    },
  };
}

/** A body with the usage of a chunk where the reader of whole answers looks for it. */
function usageIn(chunk: Body): Body | undefined {
  if (isBody(chunk.usage) || isBody(chunk.usageMetadata)) return chunk;
  const elsewhere = [chunk.metadata, chunk.x_groq, chunk.delta].find(
    (inner) => isBody(inner) && isBody(inner.usage),
  );
  return isBody(elsewhere) ? { ...chunk, usage: elsewhere.usage } : undefined;
}

function withoutNulls(record: Body): Body {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value != null));
}
