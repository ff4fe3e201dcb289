import { durationOf, type HttpRequest, type LogEntry } from './entry.ts';
import { SEVERITIES } from './severity.ts';
import { type LogTime, nanosOfTime } from './time.ts';

/** A row of the table `logs`, ready to be inserted: JSON columns as texts, times in microseconds, integers as digits. */
export type LogRow = Record<string, unknown>;

/** The row of an entry, in the shape of the view `_AllLogs` of a dataset linked to a log bucket. */
export function rowOf(entry: LogEntry): LogRow {
  const { resource, httpRequest, operation, sourceLocation, split } = entry;
  return {
    log_name: entry.logName,
    log_id: decodeURIComponent(entry.logName.slice(entry.logName.lastIndexOf('/') + 1)),
    insert_id: entry.insertId,
    timestamp: microseconds(entry.timestamp),
    timestamp_unix_nanos: String(nanosOfTime(entry.timestamp)),
    receive_timestamp: microseconds(entry.receiveTimestamp),
    receive_timestamp_unix_nanos: String(nanosOfTime(entry.receiveTimestamp)),
    severity: entry.severity,
    severity_number: SEVERITIES[entry.severity],
    resource: { type: resource.type, labels: JSON.stringify(resource.labels) },
    text_payload: entry.textPayload,
    json_payload: entry.jsonPayload && JSON.stringify(entry.jsonPayload),
    labels: JSON.stringify(entry.labels),
    trace: entry.trace,
    span_id: entry.spanId,
    trace_sampled: entry.traceSampled ?? false,
    http_request: httpRequest && requestRow(httpRequest),
    operation,
    source_location: sourceLocation,
    split: split && { uid: split.uid, index: split.index, total_splits: split.totalSplits },
  };
}

function requestRow({ latency, ...request }: HttpRequest): LogRow {
  const fields = Object.entries(request).map(([name, value]) => [snakeCase(name), value]);
  return {
    ...Object.fromEntries(fields),
    latency: latency === undefined ? undefined : durationOf(latency),
  };
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a TIMESTAMP holds of it. */
function microseconds(time: LogTime): string {
  return `${time.slice(0, 26)}Z`;
}
