import { readTelemetryConfig } from '../core/telemetry-config.ts';
import { createGenAi } from '../genai/genai.ts';
import { enclosingScope } from '../genai/scope.ts';
import { createLogger, type ServiceLogger } from '../telemetry/logging.ts';
import { createMetrics } from '../telemetry/metrics/metrics.ts';
import { createAgentProfiles } from '../telemetry/profiling/agent-profiles.ts';
import { startCloudProfiler } from '../telemetry/profiling/cloud-profiler.ts';
import { createProfiler } from '../telemetry/profiling/profiler.ts';
import { installProfileSignal } from '../telemetry/profiling/signal.ts';
import { createResource } from '../telemetry/resource.ts';
import { createTracing, otlpHeadersFor } from '../telemetry/tracing/tracing.ts';
import { verifyInstrumentation } from '../telemetry/tracing/verify.ts';
import { activeTelemetry, setActiveTelemetry } from './active.ts';
import { openBusinessMetrics } from './business.ts';
import { openCosts } from './costs.ts';
import { createErrorLog } from './error-log.ts';
import { flushWithinRequests } from './flush-within-requests.ts';
import { instrumentProcess } from './process-instruments.ts';
import { createSending } from './sending.ts';
import { flushAtSigterm } from './sigterm.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

/**
 * Starts the telemetry of this process: metrics, traces, logs, and cost events of traced calls, as the environment says
 * (`readTelemetryConfig`). Call it before anything else that should be seen. A second call returns what the first one
 * started, whatever its options. Throws `invalid_configuration` with every fault, and nothing later.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const running = activeTelemetry();
  if (running !== undefined) {
    if (running.service !== options.service) {
      running.log.warn('telemetry runs already', {
        service: running.service,
        asked: options.service,
      });
    }
    return running;
  }
  const telemetry = createTelemetry(options);
  setActiveTelemetry(telemetry);
  return telemetry;
}

function createTelemetry(options: TelemetryOptions): Telemetry {
  const { service, version, workspaceId, captureContent } = options;
  const config = options.config ?? readTelemetryConfig();
  const log = createLogger({
    service,
    ...(version !== undefined && { version }),
    ...(config.projectId !== undefined && { projectId: config.projectId }),
    context: logContext,
  });
  const onError = createErrorLog({
    tell: (error) => log.warn('telemetry', { error }),
    now: Date.now,
  });

  let closing: Promise<void> | undefined;

  // 1. What makes and exports them.
  const resource = createResource({ service, version, config });
  const otlpHeaders = otlpHeadersFor(config);
  const metrics = createMetrics({ config, resource, onError, otlpHeaders });
  const tracing = createTracing({ config, resource, onError, otlpHeaders });
  tracing.register();
  const { reporter: costs, owned: ownsCosts } = openCosts(options.costs, workspaceId, log);

  // 2. What is seen without anybody calling us.
  // Where nothing is sent anywhere, watching every request would only cost.
  const isSent = config.metricsExporter !== 'none' || config.tracesExporter !== 'none';
  const instruments = isSent ? instrumentProcess(metrics.recorder) : undefined;
  if (config.tracesExporter !== 'none') warnOfWhatIsNotLive(log, () => closing !== undefined);

  const profiler = createProfiler({ service, dir: config.profileDir, now: Date.now, log });
  const forgetProfileSignal = installProfileSignal(profiler, { log });
  void startCloudProfiler({
    enabled: config.cloudProfiler,
    service,
    ...(version !== undefined && { version }),
    ...(config.projectId !== undefined && { projectId: config.projectId }),
    log,
  });

  // 3. What is called.
  const agentProfiles = createAgentProfiles({ metrics: metrics.recorder, log });
  const tracer = tracing.tracerProvider.getTracer('agentworks-observability', version);
  const business = openBusinessMetrics({ config, metrics: metrics.recorder, log, workspaceId });
  const genAi = createGenAi({
    tracer,
    metrics: metrics.recorder,
    log,
    reportCost: costs && ((event) => costs.report(event)),
    workspaceId,
    captureContent,
    agentProfiles,
  });

  // 4. When it is sent.
  const { flush, flushDue, isDue } = createSending({
    costs,
    business,
    traces: tracing,
    metrics,
    metricIntervalMs: config.metricIntervalMs,
    now: Date.now,
  });
  const hold = config.cpuThrottled ? flushWithinRequests({ isDue, flush: flushDue }) : undefined;
  const forgetSigterm =
    options.onSigterm === 'none' ? undefined : flushAtSigterm(() => flush({ urgent: true }));

  async function closeOnce(): Promise<void> {
    forgetSigterm?.();
    forgetProfileSignal();
    hold?.close();
    genAi.close();
    instruments?.close();
    await Promise.all([
      ownsCosts ? costs?.close() : costs?.flush(),
      business?.close(),
      metrics.close(),
      tracing.close(),
    ]);
    if (activeTelemetry() === telemetry) setActiveTelemetry(undefined);
  }

  const telemetry: Telemetry = {
    service,
    log,
    metrics: metrics.recorder,
    tracer,
    genAi,
    profiler,
    agentProfiles,
    ...(costs && { costs }),
    ...(business && { business }),
    flush: () => flush(),
    close() {
      closing ??= closeOnce();
      return closing;
    },
    stats: () => ({
      metrics: metrics.stats(),
      traces: tracing.stats(),
      logs: log.stats(),
      ...(costs && { costs: costs.stats() }),
    }),
  };
  return telemetry;
}

/** What every line says of the run that it is written in. */
function logContext() {
  const attribution = enclosingScope()?.attribution;
  if (attribution === undefined) return undefined;
  const { workspaceId, requestId } = attribution;
  return { workspaceId, requestId };
}

/** Import hooks fail in silence; so the process looks at itself once. */
function warnOfWhatIsNotLive(log: Pick<ServiceLogger, 'warn'>, isClosing: () => boolean): void {
  verifyInstrumentation()
    .then((live) => {
      const missing = Object.entries(live).filter(([, isLive]) => !isLive);
      if (missing.length === 0 || isClosing()) return;
      log.warn('not instrumented', { missing: missing.map(([what]) => what) });
    })
    .catch((error: unknown) => log.warn('instrumentation not verified', { error }));
}
