import { AppError, errorMessage } from '../core/errors.ts';
import { createEchoes, type Echoes } from './echoes.ts';
import type { RunScope } from './scope.ts';

/** Errors out of model and tool calls whose message may repeat what was sent or answered. */
const withheld = new WeakSet<object>();

/**
 * Messages of the runtime and the clients that are always the same, but for times and addresses. A kind alone, such as
 * `AbortError`, would say nothing of a message: whoever aborts chooses it.
 */
const TELLABLE: readonly RegExp[] = [
  /^(?:fetch failed|terminated|socket hang up|other side closed|Connection error|The stream failed)\.?$/,
  /^(?:(?:This|The) )?(?:operation|request|signal|user)? ?(?:was |is |has been )?(?:aborted|timed out|cancell?ed)(?: due to timeout| without reason)?\.?$/i,
  /^(?:Connect|Headers|Body) Timeout Error(?: \(attempted addresses?: [\w.:, [\]-]{1,256}\))?$/,
  /^timeout of \d{1,9} ?ms exceeded$/,
  // Node's own, e.g. `connect ECONNREFUSED 10.0.0.1:443`.
  /^[a-z]{4,12} (?:ECONN[A-Z]+|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH)(?: [\w.:[\]-]{1,256})?$/,
];
/** Errors of parsers quote what they could not parse: in agents that is what models wrote. */
const QUOTING_NAMES = new Set(['SyntaxError']);
const MAX_CHAIN = 8;
const MAX_DEPTH = 5;
const MAX_TEXTS = 64;
/** Shorter ones among many are chance: roles, kinds, names of models. */
const SHORTEST_QUOTE = 12;
const MAX_QUOTED = 8;

type ErrorLike = { name?: unknown; message?: unknown; cause?: unknown; errors?: unknown };

/**
 * The message of an error out of a model or tool call, where it may be told: only of the kinds that repeat nothing. Any other may
 * hold a prompt or an answer, whatever its class: providers repeat what they were sent. It is remembered for the runs around,
 * which often pass it on in errors of their own. `given` is what the call was given.
 */
export function callMessage(
  error: unknown,
  { given, scope }: { given: unknown; scope: RunScope | undefined },
): string | undefined {
  const message = tellableMessage(error);
  if (message !== undefined && !echoesOf(textsIn(given)).areIn(message)) return message;
  for (const one of chainOf(error)) withheld.add(one);
  if (scope === undefined) return undefined;
  const texts = textsOf(error);
  for (let run: RunScope | undefined = scope; run !== undefined; run = run.parent) {
    run.echoes ??= createEchoes();
    for (const text of texts) run.echoes.hear(text);
  }
  return undefined;
}

/** The message of an error out of a run, unless it is, or was caused by, or repeats one that was withheld within. */
export function runMessage(error: unknown, scope: RunScope | undefined): string | undefined {
  const message = errorMessage(error);
  const chain = chainOf(error);
  if (chain.some((one) => withheld.has(one))) return undefined;
  if (chain.some((one) => QUOTING_NAMES.has(String((one as ErrorLike).name)))) return undefined;
  return scope?.echoes?.areIn(message) === true ? undefined : message;
}

function tellableMessage(error: unknown): string | undefined {
  if (error instanceof AppError) {
    const { publicMessage, cause } = error;
    return echoesOf(textsOf(cause)).areIn(publicMessage) ? undefined : publicMessage;
  }
  const { message } = (error ?? {}) as ErrorLike;
  if (typeof message !== 'string') return undefined;
  return TELLABLE.some((pattern) => pattern.test(message)) ? message : undefined;
}

/** An error and what it was made of. */
function chainOf(error: unknown): object[] {
  const chain: object[] = [];
  const add = (one: unknown) => {
    if (typeof one !== 'object' || one === null) return;
    if (chain.length >= MAX_CHAIN || chain.includes(one)) return;
    chain.push(one);
    const { cause, errors } = one as ErrorLike;
    add(cause);
    if (Array.isArray(errors)) errors.slice(0, MAX_CHAIN).forEach(add);
  };
  add(error);
  return chain;
}

/** What an error says: the longest of the texts that it carries of the provider's answer, and its message and its causes'. */
function textsOf(error: unknown): string[] {
  if (error === undefined || error === null) return [];
  if (typeof error !== 'object') return [errorMessage(error)];
  const { error: answer, body, data, response } = error as Record<string, unknown>;
  const quoted = textsIn([answer, body, data, (response as { data?: unknown } | undefined)?.data])
    .toSorted((a, b) => b.length - a.length)
    .slice(0, MAX_QUOTED);
  const messages = chainOf(error).map((one) => (one as ErrorLike).message);
  return [...quoted, ...messages.filter((one) => typeof one === 'string').toReversed()];
}

/** The texts in a value, names of fields left out. */
function textsIn(value: unknown, depth = MAX_DEPTH): string[] {
  if (typeof value === 'string') return value.length < SHORTEST_QUOTE ? [] : [value];
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.values(value)
    .slice(0, MAX_TEXTS)
    .flatMap((inner) => textsIn(inner, depth - 1));
}

function echoesOf(texts: readonly string[]): Echoes {
  const echoes = createEchoes();
  for (const text of texts) echoes.hear(text);
  return echoes;
}
