import { INVALID_SPAN_CONTEXT, type Span, trace } from '@opentelemetry/api';
import type { AgentRun, LlmCall, TeamRun, ToolCall } from '../genai/calls.ts';
import type { AgentRun as ProfiledRun } from '../telemetry/profiling/agent-profiles.ts';
import { activeTelemetry } from './active.ts';

/*
 * The traced calls on the process's own telemetry. Before `startTelemetry` and after `close` they run the function and tell
 * of nothing.
 */

const noSpan = (): Span => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/**
 * Runs one call of a model and tells of it: a span, metrics, a log line and one cost event, with the usage that the
 * provider's answer reports. What `fn` returns, throws or rejects with is passed on as it is; a stream is told of when it
 * ends. Adds microseconds; never throws by itself.
 */
export function traceLlmCall<T>(call: LlmCall, fn: (span: Span) => T): T {
  const telemetry = activeTelemetry();
  return telemetry === undefined ? fn(noSpan()) : telemetry.genAi.traceLlmCall(call, fn);
}

/** Runs one run of an agent within a span; model and tool calls within are attributed to it and summed up in it. */
export function traceAgentRun<T>(run: AgentRun, fn: (span: Span) => T): T {
  const telemetry = activeTelemetry();
  return telemetry === undefined ? fn(noSpan()) : telemetry.genAi.traceAgentRun(run, fn);
}

/** Runs one call of a tool within a span. */
export function traceToolCall<T>(tool: ToolCall, fn: (span: Span) => T): T {
  const telemetry = activeTelemetry();
  return telemetry === undefined ? fn(noSpan()) : telemetry.genAi.traceToolCall(tool, fn);
}

/** Runs one run of agents that work together within a span. */
export function traceTeamRun<T>(run: TeamRun, fn: (span: Span) => T): T {
  const telemetry = activeTelemetry();
  return telemetry === undefined ? fn(noSpan()) : telemetry.genAi.traceTeamRun(run, fn);
}

/**
 * Runs one run of an agent and compares its time and memory with those of the agent's last runs; what is unusual is logged
 * and counted. `traceAgentRun` does the same by itself; this is for runs that are not traced. Gives back what `fn` gives,
 * as a promise.
 */
export async function profileAgentRun<T>(run: ProfiledRun, fn: () => Promise<T> | T): Promise<T> {
  const telemetry = activeTelemetry();
  return telemetry === undefined ? fn() : telemetry.agentProfiles.profileAgentRun(run, fn);
}
