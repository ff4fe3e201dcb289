import { describe, finishReasonsOf, isBody } from './answer.ts';
import type { Answer } from './calls.ts';

type Body = Record<string, unknown>;

/** What was gathered from a stream so far. */
export type Gathered = Omit<Answer, 'usage'> & {
  /** A body like that of an answer that was not streamed, to read usage from; absent while none was seen. */
  body: Body | undefined;
  /** Whether the provider had more to say about usage when the stream ended. */
  isPartial: boolean;
  /** Whether what came was no stream of chunks but one text of JSON. */
  isDocument: boolean;
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
const MAX_DOCUMENT_CHARACTERS = 4_194_304;

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
  /** All there was while it may yet be one text of JSON. */
  let document: string | undefined = '';
  let isDocument = false;
  const about: Omit<Answer, 'usage'> = {};
  const decoder = new TextDecoder();

  function add(chunk: unknown): void {
    const bytes = bytesIn(chunk);
    if (typeof chunk === 'string') addText(chunk);
    else if (bytes !== undefined) addLine(new TextDecoder().decode(bytes));
    else if (chunk instanceof Uint8Array) addLines(decoder.decode(chunk, { stream: true }));
    else if (isBody(chunk)) addObject(chunk);
  }

  function addText(chunk: string): void {
    if (rest !== '' || /^(?:data|event|id|retry):|^\{/.test(chunk)) addLines(chunk);
    else wrote(chunk);
  }

  function addLines(chunk: string): void {
    addToDocument(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) addLine(line);
  }

  /** Bytes may also be those of an answer that is not streamed, in one or many lines. */
  function addToDocument(chunk: string): void {
    if (document === undefined) return;
    if (document === '') document = chunk.trimStart();
    else document += chunk;
    const isOver = body !== undefined || document.length > MAX_DOCUMENT_CHARACTERS;
    if (isOver || (document !== '' && !'{['.includes(document.charAt(0)))) document = undefined;
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
      const parts = body === undefined ? partsOf(document) : [];
      document = undefined;
      if (parts.length > 0) isDocument = true;
      for (const part of parts) if (isBody(part)) addObject(part);
      if (rest !== '' && !isDocument) addLine(rest);
      rest = '';
      return {
        ...about,
        body,
        isPartial,
        isDocument,
        textBytes,
        ...(options.keepText && { text }),
      };
    },
  };
}

/** What Bedrock wraps its models' own chunks into: a whole text of JSON each. */
function bytesIn(chunk: unknown): Uint8Array | undefined {
  const bytes = isBody(chunk) && isBody(chunk.chunk) ? chunk.chunk.bytes : undefined;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** The object of a text of JSON, or all of its list of them. */
function partsOf(document: string | undefined): unknown[] {
  if (document === undefined || document === '') return [];
  try {
    const parsed: unknown = JSON.parse(document);
    return Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return [];
  }
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
