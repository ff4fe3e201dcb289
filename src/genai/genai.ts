import type { Span, Tracer } from '@opentelemetry/api';
import type { PriceBook } from '../costs/pricing/price-book.ts';
import type { CostEventInput, ReportOutcome } from '../costs/reporter-options.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';
import type { AgentRun, LlmCall, TeamRun, ToolCall } from './calls.ts';
import { createModelCalls } from './model-calls.ts';
import { createRuns } from './runs.ts';

/** Told of every agent run: as it begins, and by what `begin` returns as it ends. */
export type AgentProfiles = {
  begin(run: {
    agentId: string;
    workspaceId: string | undefined;
  }): (status: 'ok' | 'error') => void;
};

export type GenAiOptions = {
  tracer: Tracer;
  metrics: MetricsRecorder;
  log: Logger;
  /** Where the cost events of model calls go; absent: none are made. */
  reportCost?: ((event: CostEventInput) => ReportOutcome) | undefined;
  /** What prices the calls in spans and metrics; default: the price book, loaded with the first call. */
  priceBook?: PriceBook | undefined;
  /** The workspace of calls and runs that name none. */
  workspaceId?: string | undefined;
  /** Whether prompts and answers of a workspace may be kept in spans; default: never. */
  captureContent?: ((workspaceId: string) => boolean) | undefined;
  agentProfiles?: AgentProfiles | undefined;
  /** After how long without a chunk a stream counts as abandoned; default 10 minutes. */
  streamIdleMs?: number | undefined;
  /** Epoch ms; for tests. */
  now?: (() => number) | undefined;
};

/**
 * Each runs `fn` within a span and gives back its result as it is: the same object, the same promise; what it throws or
 * rejects with is passed on unchanged. A promise is never asked for its result: one that only works when it is asked works
 * when the caller asks, and once. What goes wrong in telling of it is logged and never felt by the caller. `fn` is given the
 * span.
 */
export type GenAi = {
  /**
   * One call of a model: span, metrics, one log line, and one cost event with the usage in the provider's answer. A stream is
   * told of when it ends, fails, or is given up; where it ended before the provider had said the usage, the tokens are
   * estimated from what came and marked so. Watching a promise counts as handling its rejection: one that the caller drops is
   * logged here, and Node does not warn of it. A client's promise that nobody asks for its answer is told of as one request
   * that nobody can price, once nobody holds it any more.
   */
  traceLlmCall<T>(call: LlmCall, fn: (span: Span) => T): T;
  /**
   * One run of an agent. Model and tool calls within are attributed to it and summed up in its span, streams as far as they
   * have ended by then. A run whose result is a stream ends when it is returned.
   */
  traceAgentRun<T>(run: AgentRun, fn: (span: Span) => T): T;
  traceToolCall<T>(tool: ToolCall, fn: (span: Span) => T): T;
  /** One run of agents that work together. */
  traceTeamRun<T>(run: TeamRun, fn: (span: Span) => T): T;
  /** Settles the streams that are still open, as estimated, and the answers that nobody asked for. Calls traced later are told of all the same. */
  close(): void;
};

/** Tracing of agents, tools and models; see `GenAi`. */
export function createGenAi(options: GenAiOptions): GenAi {
  const modelCalls = createModelCalls(options);
  const runs = createRuns(options);
  return {
    ...runs,
    ...modelCalls,
    close() {
      modelCalls.close();
      runs.close();
    },
  };
}
