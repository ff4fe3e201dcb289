import {
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  ATTR_GEN_AI_TOOL_CALL_ID,
  ATTR_GEN_AI_TOOL_CALL_RESULT,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_TOOL_TYPE,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_GEN_AI_WORKFLOW_NAME,
  GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT,
  GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW,
} from '@opentelemetry/semantic-conventions/incubating';

/** OpenTelemetry's names for what models and agents do, those we write. */
export const GEN_AI = {
  operation: ATTR_GEN_AI_OPERATION_NAME,
  provider: ATTR_GEN_AI_PROVIDER_NAME,
  requestModel: ATTR_GEN_AI_REQUEST_MODEL,
  stream: ATTR_GEN_AI_REQUEST_STREAM,
  responseModel: ATTR_GEN_AI_RESPONSE_MODEL,
  responseId: ATTR_GEN_AI_RESPONSE_ID,
  finishReasons: ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  /** Seconds. */
  timeToFirstChunk: ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  inputTokens: ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  outputTokens: ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  cacheReadTokens: ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  cacheWriteTokens: ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  reasoningTokens: ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  inputMessages: ATTR_GEN_AI_INPUT_MESSAGES,
  outputMessages: ATTR_GEN_AI_OUTPUT_MESSAGES,
  agentId: ATTR_GEN_AI_AGENT_ID,
  agentName: ATTR_GEN_AI_AGENT_NAME,
  conversationId: ATTR_GEN_AI_CONVERSATION_ID,
  workflowName: ATTR_GEN_AI_WORKFLOW_NAME,
  toolName: ATTR_GEN_AI_TOOL_NAME,
  toolType: ATTR_GEN_AI_TOOL_TYPE,
  toolCallId: ATTR_GEN_AI_TOOL_CALL_ID,
  toolArguments: ATTR_GEN_AI_TOOL_CALL_ARGUMENTS,
  toolResult: ATTR_GEN_AI_TOOL_CALL_RESULT,
} as const;

/** What OpenTelemetry has no name for. Money is a decimal text, never a number: backends round numbers. */
export const AGENTWORKS = {
  workspaceId: 'agentworks.workspace.id',
  projectId: 'agentworks.project.id',
  cardId: 'agentworks.card.id',
  userId: 'agentworks.user.id',
  teamId: 'agentworks.team.id',
  requestId: 'agentworks.request.id',
  /** What this one model call cost, in USD. */
  costUsd: 'agentworks.cost.usd',
  /** Why it has no price. */
  unpricedReason: 'agentworks.cost.unpriced_reason',
  /** Id of the cost event that was reported for this span: whoever reads the span need not make another. */
  costEventId: 'agentworks.cost.event_id',
  /** Id of the span within that tells of the same model call and of its cost: this one tells of none. */
  coveredBy: 'agentworks.cost.covered_by',
  /** Whether token counts are estimates: the stream ended before the provider said them. */
  usageEstimated: 'agentworks.usage.estimated',
  /** On runs: sums over the model calls within; no cost of the span itself. */
  totalCostUsd: 'agentworks.cost.total_usd',
  unpricedCalls: 'agentworks.cost.unpriced_calls',
  modelCalls: 'agentworks.run.model_calls',
  toolCalls: 'agentworks.run.tool_calls',
} as const;

export const INVOKE_AGENT = GEN_AI_OPERATION_NAME_VALUE_INVOKE_AGENT;
export const INVOKE_WORKFLOW = GEN_AI_OPERATION_NAME_VALUE_INVOKE_WORKFLOW;
export const EXECUTE_TOOL = GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL;

/** A span's name by the conventions: the operation and what it is done with, `chat gpt-4o`, `execute_tool search`. */
export function spanName(operation: string, target: string | undefined): string {
  return target === undefined ? operation : `${operation} ${target}`;
}
