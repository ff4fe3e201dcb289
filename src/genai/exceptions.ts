import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
} from '@opentelemetry/semantic-conventions';
import { errorMessage } from '../core/errors.ts';

/** Errors whose message may repeat what was sent to a model, or what it answered. */
const withheld = new WeakSet<object>();

/** Errors of the language and the runtime, which say what is wrong and repeat nothing. */
const PLAIN = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'AbortError']);
const SHORTEST_QUOTE = 12;
const MAX_TYPE = 128;

/** The class of an error as metrics and cost events have it: its code where it has one that is a word, else its name. */
export function errorTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { code, status, name } = error as Record<string, unknown>;
  const className = error.constructor?.name ?? 'Error';
  const type =
    (typeof code === 'string' && /^\w+$/.test(code) && code) ||
    (typeof name === 'string' && name !== 'Error' && name) ||
    (className !== 'Error' && className) ||
    (typeof status === 'number' && String(status)) ||
    'Error';
  return type.slice(0, MAX_TYPE);
}

/**
 * Says that an error came out of a model call with this prompt. Providers' errors, and those of parsers, like to repeat
 * prompts and answers; those of the runtime are left as they are unless they quote the prompt.
 */
export function markAsModels(error: unknown, prompt: unknown): void {
  if (typeof error !== 'object' || error === null) return;
  const { name, message, status, response, error: body } = error as Record<string, unknown>;
  const isPlain = PLAIN.has(String(name)) && (status ?? response ?? body) === undefined;
  if (!isPlain || quotes(String(message), prompt, 4)) withheld.add(error);
}

/**
 * Records an exception and sets the span's status. The message of an error that `markAsModels` was told of is left out, from
 * the stack too, unless content may be captured: type, code, HTTP status and stack frames tell what happened and where.
 */
export function recordError(span: Span, error: unknown, options: { withContent: boolean }): void {
  const message = messageFor(error, options);
  const attributes: Attributes = {};
  attributes[ATTR_EXCEPTION_TYPE] = error instanceof Error ? error.name : errorTypeOf(error);
  if (message !== undefined) attributes[ATTR_EXCEPTION_MESSAGE] = message;
  if (error instanceof Error && error.stack !== undefined) {
    attributes[ATTR_EXCEPTION_STACKTRACE] =
      message === undefined ? framesOf(error.stack) : error.stack;
  }
  span.addEvent('exception', attributes);
  span.setAttribute(ATTR_ERROR_TYPE, errorTypeOf(error));
  const status = (error as { status?: unknown } | null | undefined)?.status;
  if (typeof status === 'number') span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
}

/** An error's message, where it may be told. */
export function messageFor(error: unknown, options: { withContent: boolean }): string | undefined {
  const isHidden = typeof error === 'object' && error !== null && withheld.has(error);
  return isHidden && !options.withContent ? undefined : errorMessage(error);
}

/** Whether a text repeats one of the texts in a prompt that are long enough to be told from chance. */
function quotes(message: string, prompt: unknown, depth: number): boolean {
  if (typeof prompt === 'string') {
    return prompt.length >= SHORTEST_QUOTE && message.includes(prompt);
  }
  if (typeof prompt !== 'object' || prompt === null || depth === 0) return false;
  return Object.values(prompt).some((inner) => quotes(message, inner, depth - 1));
}

function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    .join('\n');
}
