import { status } from '@grpc/grpc-js';
import type { Descriptors } from '../grpc/descriptors.ts';
import { GrpcStatus, invalidArgument } from '../grpc/status.ts';
import { type LogEntry, readEntry, type WireEntry } from './entry.ts';
import { entryFault, isWithinRetention, MAX_WRITE_BYTES, truncateLabels } from './limits.ts';
import type { LogStore } from './store.ts';
import { timeOfMs } from './time.ts';

export type WriteRequest = {
  logName: string;
  resource: WireEntry['resource'];
  labels: Record<string, string>;
  entries: WireEntry[];
  partialSuccess: boolean;
  dryRun: boolean;
  /** Bytes on the wire, of the whole and of each entry. */
  requestBytes: number;
  entryBytes: number[];
};

/** WriteLogEntries. `accept` is told of each entry that is new. */
export function createWriteCall(options: {
  store: LogStore;
  projectId: string;
  now: () => number;
  encodeStatus: Descriptors['encodeStatus'];
  accept: (entry: LogEntry) => void;
}) {
  const { store, projectId, now, encodeStatus, accept } = options;
  let assigned = 0;
  const began = now().toString(36);

  /** An id that sorts after those assigned before. */
  function nextInsertId(): string {
    assigned += 1;
    return `${began}${assigned.toString(36).padStart(8, '0')}`;
  }

  function complete(wire: WireEntry, request: WriteRequest, receivedAt: string): LogEntry {
    const entry = readEntry(wire);
    const resource = wire.resource ?? request.resource ?? { type: '', labels: {} };
    return {
      ...entry,
      // A leading slash of old is taken and removed.
      logName: (entry.logName || request.logName).replace(/^\//, ''),
      resource: { type: resource.type, labels: { project_id: projectId, ...resource.labels } },
      labels: { ...request.labels, ...entry.labels },
      timestamp: entry.timestamp ?? receivedAt,
      receiveTimestamp: receivedAt,
      insertId: entry.insertId || nextInsertId(),
    };
  }

  return (request: WriteRequest): object => {
    if (request.requestBytes > MAX_WRITE_BYTES) {
      store.tally('refused', request.entries.length);
      throw invalidArgument(`Request payload size exceeds the limit: ${MAX_WRITE_BYTES} bytes.`);
    }
    if (request.entries.some(({ payload }) => payload === 'protoPayload')) {
      const text = 'protoPayload is not supported by the local Cloud Logging.';
      throw new GrpcStatus(status.UNIMPLEMENTED, text);
    }
    const receivedMs = now();
    const received = timeOfMs(receivedMs);
    const good: LogEntry[] = [];
    const faults = new Map<number, string>();
    for (const [index, wire] of request.entries.entries()) {
      const entry = complete(wire, request, received);
      const bytes = request.entryBytes[index]!;
      const fault = entryFault(entry, { bytes, projectId, now: receivedMs });
      if (fault === undefined) good.push({ ...entry, labels: truncateLabels(entry.labels) });
      else faults.set(index, fault);
    }
    const takes = faults.size === 0 || request.partialSuccess;
    store.tally('refused', takes ? faults.size : request.entries.length);
    if (takes && !request.dryRun) {
      const kept = good.filter(({ timestamp }) => isWithinRetention(timestamp, receivedMs));
      store.tally('discarded', good.length - kept.length);
      for (const entry of store.add(kept)) accept(entry);
    }
    if (faults.size > 0) throw refusal(faults, takes && good.length > 0);
    return {};
  };

  /** The status of one of the failed entries; where others were written, with that of each. */
  function refusal(faults: ReadonlyMap<number, string>, othersWritten: boolean): GrpcStatus {
    const [message] = faults.values();
    if (!othersWritten) return invalidArgument(message!);
    const code = status.INVALID_ARGUMENT;
    const logEntryErrors = Object.fromEntries(
      [...faults].map(([index, text]) => [index, { code, message: text }]),
    );
    const details = encodeStatus({
      code,
      message: message!,
      typeName: 'google.logging.v2.WriteLogEntriesPartialErrors',
      detail: { logEntryErrors },
    });
    return new GrpcStatus(code, message!, details);
  }
}
