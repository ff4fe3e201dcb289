import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
} from '@opentelemetry/semantic-conventions';

const WORD = /^[\w.$-]{1,128}$/;

/** A line of a stack, in the forms that V8 writes. */
const FRAME = /^\s+at (?:.*:\d+:\d+\)?|.+ \(<anonymous>\)|.+ \(index \d+\)|<anonymous>)$/;

/** The class of an error as metrics and cost events have it: its code where it has one that is a word, else its name. */
export function errorTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const { code, status, name } = error as Record<string, unknown>;
  const className = error.constructor?.name ?? 'Error';
  return (
    (typeof code === 'string' && /^\w{1,128}$/.test(code) && code) ||
    (typeof name === 'string' && name !== 'Error' && WORD.test(name) && name) ||
    (className !== 'Error' && WORD.test(className) && className) ||
    (typeof status === 'number' && String(status)) ||
    'Error'
  );
}

/**
 * Records an exception and sets the span's status. Without a `message` neither it nor anything of it in the stack is
 * recorded: type, code, HTTP status and stack frames tell what happened and where.
 */
export function recordError(span: Span, error: unknown, message: string | undefined): void {
  const type = error instanceof Error && WORD.test(error.name) ? error.name : errorTypeOf(error);
  const attributes: Attributes = { [ATTR_EXCEPTION_TYPE]: type };
  if (message !== undefined) attributes[ATTR_EXCEPTION_MESSAGE] = message;
  const frames = framesOf(error);
  if (frames !== '') {
    const head = message === undefined ? '' : `${type}${message === '' ? '' : `: ${message}`}\n`;
    attributes[ATTR_EXCEPTION_STACKTRACE] = head + frames;
  }
  span.addEvent('exception', attributes);
  span.setAttribute(ATTR_ERROR_TYPE, errorTypeOf(error));
  const status = (error as { status?: unknown } | null | undefined)?.status;
  if (typeof status === 'number') span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
  span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
}

/** Where an error arose. Lines that only look like frames may be part of its message, which therefore has to come first. */
function framesOf(error: unknown): string {
  const { stack, message } = (error ?? {}) as { stack?: unknown; message?: unknown };
  if (typeof stack !== 'string' || typeof message !== 'string') return '';
  const at = stack.indexOf(message);
  if (at === -1) return '';
  return stack
    .slice(at + message.length)
    .split('\n')
    .filter((line) => FRAME.test(line))
    .join('\n');
}
