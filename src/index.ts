export { AppError, type FieldError } from './core/errors.ts';
export { createEventId } from './core/ids.ts';
export { formatUsd, type NanoUsd, parseUsd } from './core/money.ts';
export type { CostEvent, Usage } from './costs/event.ts';
export { type ExtractedUsage, extractUsage } from './costs/pricing/extract-usage.ts';
export { createCostReporter } from './costs/reporter.ts';
export type {
  CostEventInput,
  CostReporter,
  CostReporterOptions,
  CostReporterStats,
  CostReporterTarget,
  DeliveryFailure,
  FlushResult,
  ReportOutcome,
} from './costs/reporter-options.ts';
export type { AgentRun, LlmCall, TeamRun, ToolCall } from './genai/calls.ts';
export {
  profileAgentRun,
  traceAgentRun,
  traceLlmCall,
  traceTeamRun,
  traceToolCall,
} from './sdk/calls.ts';
export { startTelemetry } from './sdk/start.ts';
export type { Telemetry, TelemetryOptions } from './sdk/telemetry.ts';
export type { ServiceLogger } from './telemetry/logging.ts';
export { KPI } from './telemetry/metrics/catalogue.ts';
export { defineMetric, type MetricDefinition } from './telemetry/metrics/definition.ts';
export type { MetricLabels, MetricsRecorder } from './telemetry/metrics/recorder-contract.ts';
