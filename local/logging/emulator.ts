import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import { createRpcFaults, type RpcFaults, withFaults } from '../grpc/faults.ts';
import { createListener, unary } from '../grpc/server.ts';
import { toServiceError } from '../grpc/status.ts';
import { createReadCalls } from './calls.ts';
import { loadLoggingDescriptors } from './descriptors.ts';
import type { LogEntry } from './entry.ts';
import { MAX_WRITE_BYTES } from './limits.ts';
import { createLogStore, type LogStore } from './store.ts';
import { entrySizes } from './wire-sizes.ts';
import { createWriteCall } from './write.ts';

export type LoggingEmulatorOptions = {
  projectId: string;
  /** 0 or absent: any free one. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Epoch ms; default the system clock. */
  now?: () => number;
  /** Where each new entry goes as well; never waited for. */
  sink?: { add(entry: LogEntry): void };
  /** Entries kept, the oldest to arrive go first. Default 50,000. */
  maxEntries?: number;
};

export type LoggingEmulator = {
  /** Listens; rejects when the port is taken. Once only. */
  start(): Promise<void>;
  /** Cuts every connection. What was written can still be read. Safe to call twice. */
  close(): Promise<void>;
  /** `host:port`, known once `start` has resolved. */
  readonly address: string;
  readonly store: LogStore;
  /** How it misbehaves on purpose; not at all until told to. */
  readonly faults: RpcFaults;
};

/**
 * Cloud Logging's `LoggingServiceV2` on this machine, for one project: the real wire protocol and the service's limits
 * and, where they are known, its words. Everything is in memory. What it does not have (tailing, protobuf payloads,
 * regular expressions in filters, …) it refuses by name.
 */
export function createLoggingEmulator(options: LoggingEmulatorOptions): LoggingEmulator {
  const { projectId, host = '127.0.0.1', now = Date.now, sink } = options;
  const store = createLogStore({ maxEntries: options.maxEntries ?? 50_000 });
  const faults = createRpcFaults();
  let address = '';
  let shutDown = async () => {};

  return {
    get address() {
      return address;
    },
    store,
    faults,
    async start() {
      const { service, encodeStatus } = loadLoggingDescriptors();
      const accept = (entry: LogEntry) => sink?.add(entry);
      const calls = {
        ...createReadCalls(store, projectId),
        WriteLogEntries: createWriteCall({ store, projectId, now, encodeStatus, accept }),
      };
      const server = new Server({
        // Room above the service's own limit, so that its own message answers and not the transport's.
        'grpc.max_receive_message_length': 2 * MAX_WRITE_BYTES,
        'grpc.max_send_message_length': -1,
      });
      server.addService(withSizes(service), unary(withFaults(calls, faults), toServiceError));
      const listener = createListener(server);
      shutDown = listener.close;
      address = `${host}:${await listener.listen(host, options.port ?? 0)}`;
    },
    async close() {
      const once = shutDown;
      shutDown = async () => {};
      await once();
    },
  };
}

/** Writes are limited by their serialized sizes, which only decoding sees. */
function withSizes(definition: ServiceDefinition): ServiceDefinition {
  const write = definition.WriteLogEntries!;
  return {
    ...definition,
    WriteLogEntries: {
      ...write,
      requestDeserialize: (bytes: Buffer) => ({
        ...write.requestDeserialize(bytes),
        requestBytes: bytes.length,
        entryBytes: entrySizes(bytes),
      }),
    },
  };
}
