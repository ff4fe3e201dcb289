import type { Usage } from '../costs/event.ts';
import { type AnswerFormat, readAnswer } from './answer.ts';
import type { Answer } from './calls.ts';
import type { Gathered } from './chunks.ts';
import { textBytesOf } from './content.ts';

/** About what English text comes to with today's tokenizers; other languages have fewer bytes of meaning per token. */
const BYTES_PER_TOKEN = 4;

/**
 * The answer a stream amounts to. The usage is the provider's where it was said to the end. Of a stream that ended before,
 * what is missing is estimated from the length of the text that came and of the prompt, and the answer is marked
 * `estimated`: what was said so far is never gone below.
 */
export function estimatedAnswer(
  gathered: Gathered,
  format: AnswerFormat & { prompt?: unknown },
  { isWhole }: { isWhole: boolean },
): Answer {
  const { body, isPartial, isDocument: _, textBytes, ...about } = gathered;
  const read: Answer = body === undefined ? {} : readAnswer(body, format);
  const answer: Answer = { ...about, ...withoutNothing(read) };
  if (read.usage !== undefined && !isPartial) return answer;
  if (isWhole && body !== undefined && read.usage === undefined) return answer;
  const outputTokens = Math.ceil(textBytes / BYTES_PER_TOKEN);
  const usage: Usage = { ...read.usage };
  if (usage.inputTokens === undefined && format.prompt !== undefined) {
    usage.inputTokens = Math.ceil(textBytesOf(format.prompt) / BYTES_PER_TOKEN);
  }
  if (outputTokens > (usage.outputTokens ?? 0)) usage.outputTokens = outputTokens;
  // Nothing was said, nothing came, and nobody knows what was asked: that is no estimate of zero.
  const isKnown = Object.keys(usage).length > 0;
  return { ...answer, ...(isKnown && { usage }), estimated: true };
}

function withoutNothing(answer: Answer): Answer {
  return Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== undefined));
}
