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
