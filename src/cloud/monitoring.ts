import { createRequire } from 'node:module';
import type { MetricServiceClient, protos } from '@google-cloud/monitoring';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { PassThroughClient } from 'google-auth-library';
import { errorMessage } from '../core/errors.ts';

export type TimeSeries = protos.google.monitoring.v3.ITimeSeries;
export type MetricDescriptor = protos.google.api.IMetricDescriptor;

/** Time series that were refused alike. `code` is the name of a gRPC status. */
export type RefusedSeries = { code: string; message: string; count: number };

/** `failed`: nothing is known to be written; where `mayBeWritten`, it may be all the same. */
export type RequestFailure = {
  kind: 'failed';
  code: string;
  message: string;
  /** Whether the same may succeed later without a change. */
  retryable: boolean;
  mayBeWritten: boolean;
};

/** `partly`: the others are written; `retryable` as below, of at least one that was refused. */
export type WriteResult =
  | { kind: 'written' }
  | { kind: 'partly'; written: number; refused: RefusedSeries[]; retryable: boolean }
  | RequestFailure;

export type MonitoringClient = {
  /** Creates a metric's descriptor or brings the one there is up to date; one that is there already is as good. */
  createDescriptor(
    descriptor: MetricDescriptor,
    options: { timeoutMs: number },
  ): Promise<{ kind: 'created' } | RequestFailure>;
  /** Writes up to 200 series of one point each in one request, which is not repeated. */
  writeTimeSeries(
    series: readonly TimeSeries[],
    options: { timeoutMs: number },
  ): Promise<WriteResult>;
  /** Ends the connection; calls under way fail. A second call is harmless. */
  close(): Promise<void>;
};

type Gax = Extract<
  NonNullable<ConstructorParameters<typeof MetricServiceClient>[1]>,
  { grpc: unknown }
>;
type Summary = protos.google.monitoring.v3.ICreateTimeSeriesSummary;

/** The names of gRPC's status codes by number. */
const CODES =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  );
/** Of these nobody knows whether the request was carried out. */
const AMBIGUOUS = new Set([
  'CANCELLED',
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'INTERNAL',
  'UNAVAILABLE',
]);
/** How much longer than the call's own timeout is waited, where credentials are looked for without one. */
const PATIENCE_MS = 500;

/**
 * Cloud Monitoring's metrics of one project. With `endpoint` (`host:port`) calls go there without TLS and credentials. Google's
 * client is loaded with the first call, not before. Nothing rejects, calls are not traced, and each ends soon after its
 * timeout, whatever it waits for.
 */
export function createMonitoringClient(options: {
  projectId: string;
  endpoint?: string | undefined;
}): MonitoringClient {
  const name = `projects/${options.projectId}`;
  let client: Promise<MetricServiceClient> | undefined;

  async function call<T>(
    timeoutMs: number,
    run: (client: MetricServiceClient) => Promise<T>,
  ): Promise<{ kind: 'answered' } | { kind: 'error'; error: unknown }> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(Object.assign(new Error(`No answer within ${timeoutMs} ms`), { code: 4 }));
    }, timeoutMs + PATIENCE_MS);
    try {
      client ??= open(options);
      const answer = context.with(suppressTracing(context.active()), async () =>
        run(await client!),
      );
      await Promise.race([answer, late.promise]);
      return { kind: 'answered' };
    } catch (error) {
      return { kind: 'error', error };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async createDescriptor(metricDescriptor, { timeoutMs }) {
      const called = await call(timeoutMs, (service) =>
        service.createMetricDescriptor({ name, metricDescriptor }, { timeout: timeoutMs }),
      );
      if (called.kind === 'answered') return { kind: 'created' };
      const failure = failureOf(called.error);
      return failure.code === 'ALREADY_EXISTS' ? { kind: 'created' } : failure;
    },
    async writeTimeSeries(series, { timeoutMs }) {
      const called = await call(timeoutMs, (service) =>
        service.createTimeSeries({ name, timeSeries: [...series] }, { timeout: timeoutMs }),
      );
      if (called.kind === 'answered') return { kind: 'written' };
      return partialOf(called.error) ?? failureOf(called.error);
    },
    async close() {
      const opened = client;
      client = Promise.reject(new Error('The connection to Cloud Monitoring is closed'));
      client.catch(() => undefined);
      await opened?.then((service) => service.close()).catch(() => undefined);
    },
  };
}

async function open(options: {
  projectId: string;
  endpoint?: string | undefined;
}): Promise<MetricServiceClient> {
  const { MetricServiceClient } = await import('@google-cloud/monitoring');
  const { projectId, endpoint } = options;
  if (endpoint === undefined) return new MetricServiceClient({ projectId });
  // The client takes credentials of its own gRPC only.
  const requireOwn = createRequire(import.meta.url);
  const gax: Gax = createRequire(requireOwn.resolve('@google-cloud/monitoring'))('google-gax');
  const at = endpoint.lastIndexOf(':');
  return new MetricServiceClient(
    {
      projectId,
      servicePath: endpoint.slice(0, at),
      port: Number(endpoint.slice(at + 1)),
      sslCreds: gax.grpc.credentials.createInsecure(),
      // Without one the client looks for Google's metadata server.
      authClient: new PassThroughClient(),
    },
    gax,
  );
}

/** What the summary in an error's details says: how many series were written, and why the others were not. */
function partialOf(error: unknown): WriteResult | undefined {
  const { statusDetails, message = '' } = error as { statusDetails?: unknown; message?: string };
  const details: Summary[] = Array.isArray(statusDetails) ? statusDetails : [];
  const summary = details.find(({ totalPointCount }) => (totalPointCount ?? 0) > 0);
  if (summary === undefined) return undefined;
  const refused = (summary.errors ?? []).map(({ status, pointCount }) => ({
    code: codeName(status?.code),
    message: status?.message || message,
    count: pointCount ?? 0,
  }));
  const retryable = refused.some(({ code }) => isRetryable(code));
  return { kind: 'partly', written: summary.successPointCount ?? 0, refused, retryable };
}

function failureOf(error: unknown): RequestFailure {
  const code = codeName((error as { code?: unknown }).code);
  const mayBeWritten = AMBIGUOUS.has(code);
  return {
    kind: 'failed',
    code,
    message: errorMessage(error),
    retryable: isRetryable(code),
    mayBeWritten,
  };
}

function isRetryable(code: string): boolean {
  return AMBIGUOUS.has(code) || code === 'RESOURCE_EXHAUSTED';
}

/** `NONE` for what is no gRPC status, as when there are no credentials. */
function codeName(code: unknown): string {
  return (typeof code === 'number' ? CODES[code] : undefined) ?? 'NONE';
}
