import type { Usage } from '../costs/event.ts';
import { extractUsage } from '../costs/pricing/extract-usage.ts';
import type { Answer } from './calls.ts';

/** How an answer is to be read; `api` names the flavour, else its shape decides. */
export type AnswerFormat = { provider: string; api?: string | undefined };

type Body = Record<string, unknown>;

/** Where the clients put the provider's body: itself, or beside the HTTP response (`withResponse()`, axios). */
const WRAPPERS = ['data', 'response', 'body', 'error'];

/** What `object` or `type` of a body says about the resource that was called. */
const RESOURCES: Record<string, string> = {
  'chat.completion': 'chat.completions',
  'chat.completion.chunk': 'chat.completions',
  text_completion: 'completions',
  response: 'responses',
  message: 'messages',
};

/** Reads a provider's whole answer, as its client returned it. Pure, never throws. */
export function readAnswer(value: unknown, format: AnswerFormat): Answer {
  let gap = 'The answer is no object';
  for (const body of bodiesOf(value)) {
    const extracted = extractUsage({ ...withoutNothing(format), body });
    if (extracted.kind === 'found') {
      return { ...describe(body), ...modelOf(extracted), usage: extracted.usage };
    }
    gap = `${extracted.reason}: ${extracted.message}`;
  }
  const [body] = bodiesOf(value);
  return { ...(body && describe(body)), gap };
}

/** The usage that the body of a provider's error carries, where there is one. Never throws. */
export function usageOfError(error: unknown, format: AnswerFormat): Usage | undefined {
  if (!isBody(error)) return undefined;
  const { usage } = readAnswer(error, format);
  return usage;
}

/** What an answer's body says of itself, apart from its usage. */
export function describe(body: Body): Omit<Answer, 'usage'> {
  const kind = text(body.object) ?? text(body.type);
  return {
    id: text(body.id) ?? text(body.responseId),
    model: text(body.model) ?? text(body.modelVersion),
    finishReasons: finishReasonsOf(body),
    resourceId: (kind && RESOURCES[kind]) ?? ('candidates' in body ? 'generateContent' : undefined),
  };
}

/** Why the model stopped, in the provider's words; of several choices each. */
export function finishReasonsOf(body: Body): string[] | undefined {
  const choices = [body.choices, body.candidates].find(Array.isArray) as unknown[] | undefined;
  const reasons = (choices ?? [body]).flatMap((choice) => {
    if (!isBody(choice)) return [];
    const reason =
      text(choice.finish_reason) ?? text(choice.finishReason) ?? text(choice.stop_reason);
    return reason ?? text(choice.stopReason) ?? [];
  });
  if (reasons.length > 0) return reasons;
  return body.object === 'response' && text(body.status) ? [text(body.status)!] : undefined;
}

export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bodiesOf(value: unknown): Body[] {
  if (!isBody(value)) return [];
  return [value, ...WRAPPERS.map((key) => value[key]).filter(isBody)];
}

function modelOf({ model }: { model?: string }): Pick<Answer, 'model'> {
  return model === undefined ? {} : { model };
}

function withoutNothing({ provider, api }: AnswerFormat): { provider: string; api?: string } {
  return api === undefined ? { provider } : { provider, api };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
