import type { Tracer } from '@opentelemetry/api';
import type { TelemetryConfig } from '../core/telemetry-config.ts';
import type {
  CostReporter,
  CostReporterStats,
  CostReporterTarget,
} from '../costs/reporter-options.ts';
import type { GenAi } from '../genai/genai.ts';
import type { BusinessMetrics } from '../telemetry/business/business-metrics.ts';
import type { OutputStats } from '../telemetry/logging/output.ts';
import type { ServiceLogger } from '../telemetry/logging.ts';
import type { MetricsStats } from '../telemetry/metrics/metrics.ts';
import type { MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';
import type { AgentProfiles } from '../telemetry/profiling/agent-profiles.ts';
import type { Profiler } from '../telemetry/profiling/profiler.ts';
import type { SpanStats } from '../telemetry/tracing/span-queue.ts';

export type TelemetryOptions = {
  /** What the service is called in metrics, traces and logs. */
  service: string;
  version?: string;
  /** Where the cost events of traced model calls go, or a reporter of the caller's own; absent: none are made. */
  costs?: CostReporterTarget | CostReporter;
  /** The workspace of everything that names none, where a service serves one tenant. */
  workspaceId?: string;
  /** Whether prompts and answers of a workspace may be kept in spans; default: never. */
  captureContent?: (workspaceId: string) => boolean;
  /** Default: what the environment says, see `readTelemetryConfig`. */
  config?: TelemetryConfig;
  /**
   * What `SIGTERM` does. `flush` (default): sends what is there; where nobody else listens for the signal the process ends
   * afterwards as it would have. `none`: the caller closes.
   */
  onSigterm?: 'flush' | 'none';
};

/** A running telemetry. */
export type Telemetry = {
  service: string;
  log: ServiceLogger;
  metrics: MetricsRecorder;
  /** For spans of the caller's own. */
  tracer: Tracer;
  /** What the traced calls report costs with; absent without the option `costs`. */
  costs?: CostReporter;
  genAi: GenAi;
  /** Use, revenue and cost of the business, kept in BigQuery; absent where no project is known. */
  business?: BusinessMetrics;
  /** CPU and heap profiles of this process; `SIGUSR2` asks it for both. */
  profiler: Profiler;
  /** What `profileAgentRun` compares runs with. */
  agentProfiles: AgentProfiles;
  /** Sends what is there: cost events, spans, and metrics as far as they are due. Never rejects, at most about 8 s. */
  flush(): Promise<void>;
  /** Flushes, sends the last metrics, and ends it. Never rejects. A second call returns the first one's promise. */
  close(): Promise<void>;
  /** What became of everything since the start; what was dropped is counted here. */
  stats(): {
    metrics: MetricsStats;
    traces: SpanStats;
    logs: OutputStats;
    costs?: CostReporterStats;
  };
};
