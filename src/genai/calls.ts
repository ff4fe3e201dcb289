import type { Usage } from '../costs/event.ts';

/** Whom work is attributed to. What is left out is taken from the enclosing run. */
export type Attribution = {
  workspaceId?: string | undefined;
  agentId?: string | undefined;
  projectId?: string | undefined;
  cardId?: string | undefined;
  userId?: string | undefined;
  teamId?: string | undefined;
  /** The service's own id of the request this is part of. */
  requestId?: string | undefined;
  conversationId?: string | undefined;
};

/** One call of a model. */
export type LlmCall = Attribution & {
  /** As in cost events and prices, e.g. `openai`. */
  provider: string;
  /** The model that is asked for. */
  model: string;
  /** Default `chat`. */
  operation?: string | undefined;
  /** The flavour of the provider's answer (`chat`, `responses`, `anthropic`, …); default: told by its shape. */
  api?: string | undefined;
  /** Written into the cost event. */
  labels?: Record<string, string> | undefined;
  /** Whether an answer cache of the service's own serves the call. */
  cacheHit?: boolean | undefined;
  /**
   * What is sent to the model. Kept in the span only where the workspace's content may be captured; else only its length is
   * looked at, where the tokens of an aborted stream have to be estimated.
   */
  prompt?: unknown;
};

/** One run of an agent. */
export type AgentRun = Attribution & {
  agentId: string;
  agentName?: string | undefined;
  /** What kind of agent it is, of a few: metrics tell agents apart by it, because ids are no labels. */
  agentType?: string | undefined;
};

/** One call of a tool. */
export type ToolCall = Attribution & {
  name: string;
  callId?: string | undefined;
  /** `function`, `extension`, `datastore`. */
  type?: string | undefined;
  /** Kept in the span only where the workspace's content may be captured, as is the result. */
  arguments?: unknown;
};

/** One run of agents that work together. */
export type TeamRun = Attribution & {
  teamId: string;
  teamName?: string | undefined;
  /** How many agents take part. */
  agents?: number | undefined;
};

/** What is known of a provider's answer. */
export type Answer = {
  id?: string | undefined;
  model?: string | undefined;
  finishReasons?: string[] | undefined;
  usage?: Usage | undefined;
  /** Whether `usage` was not said by the provider but told from the length of texts. */
  estimated?: boolean | undefined;
  /** Why there is no usage. */
  gap?: string | undefined;
  /** `chat.completions`, `responses`, `messages`, …, where the shape of the answer tells. */
  resourceId?: string | undefined;
  text?: string | undefined;
};
