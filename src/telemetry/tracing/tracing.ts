import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import {
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { createGoogleAuthHeaders } from '../../cloud/google-auth-headers.ts';
import { GOOGLE_OTLP_ENDPOINT, type TelemetryConfig } from '../../core/telemetry-config.ts';
import { createPropagator } from './propagation.ts';
import { createSpanQueue, type SpanQueue, type SpanStats } from './span-queue.ts';

/** Headers of OTLP requests, asked for before each. */
export type OtlpHeaders = () => Promise<Record<string, string>>;

export type Tracing = {
  tracerProvider: NodeTracerProvider;
  /** Makes it the process's tracing: provider, context across `await`, and propagation. Call it once, before `close`. */
  register(): void;
  /** Exports the spans that have ended. Never rejects; gives up after five seconds. */
  flush(): Promise<void>;
  /** Flushes, refuses further spans and takes `register` back. Never rejects. A second call is harmless. */
  close(): Promise<void>;
  stats(): SpanStats;
};

const NOTHING: SpanStats = { ended: 0, exported: 0, dropped: 0, failed: 0, failedExports: 0 };
/** What Google keeps of an attribute's value. */
const MAX_ATTRIBUTE_LENGTH = 65_536;
/** With its retries; shorter than a flush, so that a flush sees how its first export ended. */
const EXPORT_TIMEOUT_MS = 4_000;
const FLUSH_TIMEOUT_MS = 5_000;

/**
 * Traces as the configuration says: `otlp` sends them as protobuf to `<otlpEndpoint>/v1/traces`, Google's own endpoint with
 * the process's credentials; with `none` spans are made all the same, so that logs carry trace ids and callees the context,
 * and go nowhere. Callers' sampling decisions are followed.
 */
export function createTracing(options: {
  config: Pick<
    TelemetryConfig,
    'tracesExporter' | 'otlpEndpoint' | 'otlpHeaders' | 'traceSampleRatio'
  >;
  resource: Resource;
  /** Told of every failed export. */
  onError: (error: unknown) => void;
  /** In place of those that the endpoint asks for. */
  otlpHeaders?: OtlpHeaders;
}): Tracing {
  const { config, resource, onError } = options;
  const queue =
    config.tracesExporter === 'none'
      ? undefined
      : createOtlpQueue(config, options.otlpHeaders ?? otlpHeadersFor(config), onError);
  const tracerProvider = new NodeTracerProvider({
    resource,
    sampler: new ParentBasedSampler({
      root: new TraceIdRatioBasedSampler(config.traceSampleRatio),
    }),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    spanProcessors: queue === undefined ? [] : [queue],
  });
  let isRegistered = false;

  return {
    tracerProvider,
    register() {
      isRegistered = true;
      tracerProvider.register({ propagator: createPropagator() });
    },
    async flush() {
      await queue?.forceFlush();
    },
    async close() {
      await queue?.shutdown();
      if (!isRegistered) return;
      isRegistered = false;
      trace.disable();
      propagation.disable();
      context.disable();
    },
    stats: () => queue?.stats() ?? NOTHING,
  };
}

/** What the configured endpoint wants to be sent: the configured headers, and Google's endpoint Google's credentials. */
export function otlpHeadersFor(
  config: Pick<TelemetryConfig, 'otlpEndpoint' | 'otlpHeaders'>,
): OtlpHeaders {
  const { otlpEndpoint, otlpHeaders } = config;
  if (new URL(otlpEndpoint).origin !== GOOGLE_OTLP_ENDPOINT) return async () => otlpHeaders;
  const googleHeaders = createGoogleAuthHeaders();
  return async () => ({ ...otlpHeaders, ...(await googleHeaders()) });
}

function createOtlpQueue(
  { otlpEndpoint }: Pick<TelemetryConfig, 'otlpEndpoint'>,
  headers: OtlpHeaders,
  onError: (error: unknown) => void,
): SpanQueue {
  const exporter = new OTLPTraceExporter({
    url: `${otlpEndpoint.replace(/\/$/, '')}/v1/traces`,
    headers,
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  return createSpanQueue({ exporter, onError, flushTimeoutMs: FLUSH_TIMEOUT_MS });
}
