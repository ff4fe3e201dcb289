import { KPI } from '../telemetry/metrics/catalogue.ts';
import type { MetricsRecorder } from '../telemetry/metrics/recorder-contract.ts';
import type { DatabaseRecord } from '../telemetry/tracing/database-record.ts';
import type { HttpClientRecord, HttpServerRecord } from '../telemetry/tracing/http-records.ts';
import { instrumentLibraries } from '../telemetry/tracing/instrumentations.ts';
import { recordProcess } from './process-metrics.ts';

/** Methods that are counted by name; others would be series that a caller invents. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Hosts that are counted by name. Others may be a tenant's own, and too many. */
const WELL_KNOWN_HOST =
  /(?:^|\.)(googleapis\.com|slack\.com|openai\.com|anthropic\.com|azure\.com|amazonaws\.com|mistral\.ai|cohere\.com|groq\.com|deepseek\.com|x\.ai|localhost|127\.0\.0\.1)$/;

/** What is measured without anybody calling: HTTP in and out, and the process itself. `close` ends it. */
export function instrumentProcess(metrics: MetricsRecorder): { close(): void } {
  const libraries = instrumentLibraries({
    onHttpServerRequest: (record) => recordServerRequest(metrics, record),
    onHttpClientRequest: (record) => recordClientRequest(metrics, record),
    onDatabaseCall: (record) => recordDatabaseCall(metrics, record),
  });
  const own = recordProcess(metrics);
  return {
    close() {
      libraries.close();
      own.close();
    },
  };
}

function recordServerRequest(metrics: MetricsRecorder, record: HttpServerRecord): void {
  const { route = 'none', status, durationMs, requestBytes, responseBytes } = record;
  const labels = { method: methodOf(record.method), route, status_class: statusClassOf(status) };
  metrics.incrementCounter(KPI.httpServerRequests, 1, labels);
  metrics.recordHistogram(KPI.httpServerDuration, durationMs, labels);
  if (requestBytes !== undefined) {
    metrics.recordHistogram(KPI.httpServerRequestSize, requestBytes, labels);
  }
  if (responseBytes !== undefined) {
    metrics.recordHistogram(KPI.httpServerResponseSize, responseBytes, labels);
  }
}

function recordClientRequest(metrics: MetricsRecorder, record: HttpClientRecord): void {
  const { host, status, durationMs, requestBytes, responseBytes } = record;
  const labels = {
    method: methodOf(record.method),
    server_address: WELL_KNOWN_HOST.exec(host)?.[1] ?? 'other',
    status_class: statusClassOf(status),
  };
  metrics.incrementCounter(KPI.httpClientRequests, 1, labels);
  metrics.recordHistogram(KPI.httpClientDuration, durationMs, labels);
  if (requestBytes !== undefined) {
    metrics.recordHistogram(KPI.httpClientRequestSize, requestBytes, labels);
  }
  if (responseBytes !== undefined) {
    metrics.recordHistogram(KPI.httpClientResponseSize, responseBytes, labels);
  }
}

function recordDatabaseCall(metrics: MetricsRecorder, record: DatabaseRecord): void {
  const { system, operation, durationMs, errorType } = record;
  const labels = { system, operation, status: errorType === undefined ? 'ok' : 'error' };
  metrics.incrementCounter(KPI.dbQueries, 1, labels);
  metrics.recordHistogram(KPI.dbQueryDuration, durationMs, labels);
  if (errorType !== undefined) {
    metrics.incrementCounter(KPI.dbErrors, 1, { system, operation, error_type: errorType });
  }
}

const methodOf = (method: string): string => (METHODS.has(method) ? method : 'other');

const statusClassOf = (status: number | undefined): string =>
  status === undefined ? 'none' : `${Math.floor(status / 100)}xx`;
