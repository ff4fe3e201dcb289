import type { Attributes } from '@opentelemetry/api';
import type { Answer, Attribution } from './calls.ts';
import { AGENTWORKS, GEN_AI } from './conventions.ts';

/** Whom a span is attributed to. */
export function attributionAttributes(attribution: Attribution): Attributes {
  const attributes: Attributes = {};
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) attributes[name] = value;
  };
  add(AGENTWORKS.workspaceId, attribution.workspaceId);
  add(GEN_AI.agentId, attribution.agentId);
  add(AGENTWORKS.projectId, attribution.projectId);
  add(AGENTWORKS.cardId, attribution.cardId);
  add(AGENTWORKS.userId, attribution.userId);
  add(AGENTWORKS.teamId, attribution.teamId);
  add(AGENTWORKS.requestId, attribution.requestId);
  add(GEN_AI.conversationId, attribution.conversationId);
  return attributes;
}

/** What is known of a model's answer; content is not among it. */
export function answerAttributes(answer: Answer): Attributes {
  const { usage } = answer;
  const attributes: Attributes = {};
  const add = (name: string, value: string | number | string[] | undefined) => {
    if (value !== undefined) attributes[name] = value;
  };
  add(GEN_AI.responseId, answer.id);
  add(GEN_AI.responseModel, answer.model);
  add(GEN_AI.finishReasons, answer.finishReasons);
  add(GEN_AI.inputTokens, usage?.inputTokens);
  add(GEN_AI.outputTokens, usage?.outputTokens);
  add(GEN_AI.cacheReadTokens, usage?.cacheReadTokens);
  add(GEN_AI.cacheWriteTokens, usage?.cacheWriteTokens);
  add(GEN_AI.reasoningTokens, usage?.reasoningTokens);
  if (answer.estimated === true) attributes[AGENTWORKS.usageEstimated] = true;
  return attributes;
}
