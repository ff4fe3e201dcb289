import { Logging, v2 } from '@google-cloud/logging';
import { credentials } from '@grpc/grpc-js';
import {
  createLoggingEmulator,
  type LoggingEmulator,
  type LoggingEmulatorOptions,
} from '../../../local/logging/emulator.ts';

export const PROJECT = 'contract-tests';
export const LOG = `projects/${PROJECT}/logs/test`;
/** 20 November 2026, 12:00:00 UTC. */
export const NOON = Date.UTC(2026, 10, 20, 12);
export const RESOURCE = { type: 'global', labels: {} };

/** An entry as the client takes it and gives it. */
export type Entry = {
  [field: string]: unknown;
  textPayload?: string | null;
  insertId?: string | null;
};

export type Harness = {
  emulator: LoggingEmulator;
  /** Google's own client, and its generated one for single RPCs. */
  logging: Logging;
  client: InstanceType<typeof v2.LoggingServiceV2Client>;
  /** The emulator's clock. */
  clock: { ms: number };
  /** Writes entries of the log `test`; rejects as the client does. */
  write(entries: Entry[], more?: object): Promise<void>;
  /** The texts of the entries that a filter finds, oldest first. */
  find(filter: string): Promise<unknown[]>;
  close(): Promise<void>;
};

/** The emulator on a free port, its clock standing at noon, with Google's own clients pointed at it. */
export async function startHarness(
  options: Partial<LoggingEmulatorOptions> = {},
): Promise<Harness> {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const clock = { ms: NOON };
  const emulator = createLoggingEmulator({
    projectId: PROJECT,
    now: () => clock.ms,
    ...options,
  });
  await emulator.start();
  const where = clientOptions(emulator.address);
  const logging = new Logging(where);
  const client = new v2.LoggingServiceV2Client(where);
  return {
    emulator,
    logging,
    client,
    clock,
    async write(entries, more = {}) {
      await client.writeLogEntries({ logName: LOG, resource: RESOURCE, entries, ...more });
    },
    async find(filter) {
      const request = { resourceNames: [`projects/${PROJECT}`], filter };
      const [entries] = await client.listLogEntries(request);
      return (entries as Entry[]).map(({ textPayload, insertId }) => textPayload ?? insertId);
    },
    async close() {
      await Promise.all([
        client.close(),
        logging.loggingService.close(),
        logging.configService.close(),
      ]);
      await emulator.close();
    },
  };
}

/** What points one of Google's clients at an address of this machine. */
export function clientOptions(address: string) {
  const [servicePath, port] = address.split(':');
  return {
    projectId: PROJECT,
    servicePath: servicePath!,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
  };
}

/** A protobuf Timestamp. */
export function at(ms: number, nanos = 0) {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 + nanos };
}
