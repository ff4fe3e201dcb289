import type { NanoUsd } from '../core/money.ts';
import type { Usage } from '../costs/event.ts';
import { KPI } from '../telemetry/metrics/catalogue.ts';
import type { MetricLabels, MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';
import type { Answer, LlmCall } from './calls.ts';
import { agentAround, type RunScope, type RunTotals } from './scope.ts';

type Status = 'ok' | 'error';

const TOKEN_TYPES = [
  ['input', 'inputTokens'],
  ['output', 'outputTokens'],
  ['cache_read', 'cacheReadTokens'],
  ['cache_write', 'cacheWriteTokens'],
  ['reasoning', 'reasoningTokens'],
] as const satisfies [string, keyof Usage][];

/** What an error's class may look like to be a label: a word, not a text. */
const WORD = /^[\w.-]{1,64}$/;

/** Records a model call that has ended; its model is the one that was asked for. */
export function measureModelCall(
  metrics: MetricsRecorder,
  measured: {
    call: LlmCall;
    operation: string;
    answer: Answer;
    status: Status;
    errorType: string | undefined;
    latencyMs: number;
    costNanoUsd: NanoUsd | undefined;
    /** Whether it cost something that nobody can tell. */
    isUnpriced: boolean;
    timeToFirstChunkMs: number | undefined;
    scope: RunScope | undefined;
  },
): void {
  const { call, operation, answer, status, errorType, latencyMs, costNanoUsd } = measured;
  const { timeToFirstChunkMs, scope } = measured;
  const model = { provider: call.provider, model: call.model };
  const asked = { ...model, operation };
  metrics.incrementCounter(KPI.llmRequests, 1, { ...asked, status });
  metrics.recordHistogram(KPI.llmDuration, latencyMs, { ...asked, status });
  if (errorType !== undefined) {
    const error_type = WORD.test(errorType) ? errorType : 'other';
    metrics.incrementCounter(KPI.llmErrors, 1, { ...asked, error_type });
  }
  if (timeToFirstChunkMs !== undefined) {
    metrics.recordHistogram(KPI.llmTimeToFirstToken, timeToFirstChunkMs, asked);
  }
  const agent = agentAround(scope);
  for (const [token_type, field] of TOKEN_TYPES) {
    const tokens = answer.usage?.[field];
    if (tokens === undefined || tokens === 0) continue;
    metrics.incrementCounter(KPI.llmTokens, tokens, { ...model, token_type });
    if (agent === undefined) continue;
    metrics.incrementCounter(KPI.agentTokens, tokens, { ...typeOf(agent.agentType), token_type });
  }
  if (measured.isUnpriced) metrics.incrementCounter(KPI.llmUnpricedRequests, 1, model);
  if (costNanoUsd === undefined) return;
  metrics.incrementCounter(KPI.llmCost, Number(costNanoUsd), model);
  metrics.recordHistogram(KPI.llmRequestCost, Number(costNanoUsd), model);
}

/** Records a run of an agent that has ended. */
export function measureAgentRun(
  metrics: MetricsRecorder,
  run: {
    agentType: string | undefined;
    status: Status;
    durationMs: number;
    totals: RunTotals;
    /** Whether another agent's run had it run. */
    isDelegated: boolean;
  },
): void {
  const { status, durationMs, totals } = run;
  const type = typeOf(run.agentType);
  metrics.incrementCounter(KPI.agentRuns, 1, { ...type, status });
  metrics.recordHistogram(KPI.agentRunDuration, durationMs, { ...type, status });
  metrics.recordHistogram(KPI.agentRunCost, Number(totals.costNanoUsd), type);
  if (!run.isDelegated) return;
  metrics.incrementCounter(KPI.collaborations, 1, { collaboration_type: 'delegation', status });
}

/** Records a run of agents together that has ended. */
export function measureTeamRun(
  metrics: MetricsRecorder,
  run: { status: Status; durationMs: number; agents: number | undefined },
): void {
  const { status, durationMs, agents } = run;
  metrics.incrementCounter(KPI.teamRuns, 1, { status });
  metrics.recordHistogram(KPI.teamRunDuration, durationMs, { status });
  if (agents !== undefined) metrics.recordHistogram(KPI.teamSize, agents);
}

/** Records a call of a tool that has ended. */
export function measureToolCall(
  metrics: MetricsRecorder,
  call: { tool: string; status: Status; durationMs: number },
): void {
  const { tool, status, durationMs } = call;
  metrics.incrementCounter(KPI.toolCalls, 1, { tool, status });
  metrics.recordHistogram(KPI.toolDuration, durationMs, { tool, status });
}

function typeOf(agentType: string | undefined): MetricLabels<'agent_type'> {
  return agentType === undefined ? {} : { agent_type: agentType };
}
