import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, makeClientConstructor, type ServiceError, status } from '@grpc/grpc-js';
import { readLine } from './agent-line.ts';
import { loadLoggingDescriptors } from './descriptors.ts';
import { writeEntry } from './entry.ts';
import { timeOfMs } from './time.ts';

const FLUSH_AFTER_MS = 250;
const BATCH_LINES = 500;
const BATCH_CHARS = 2_000_000;
const MAX_LINES = 10_000;
const MAX_CHARS = 16_000_000;
const CALL_TIMEOUT_MS = 5_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** Answers after which the same lines are sent again; the ids they carry keep them from counting twice. */
const TRANSIENT = new Set<number>([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.CANCELLED,
]);

export type LogAgent = ReturnType<typeof createLogAgent>;

/**
 * What Cloud Run's logging agent is to its services: takes each line a process prints and writes it to Cloud Logging at
 * `address` (host:port) as an entry of its revision. Never blocks and never throws: while the endpoint is away lines
 * wait, up to 10,000 or 16 MB of them, and those that come then are dropped and counted.
 */
export function createLogAgent(options: {
  address: string;
  projectId: string;
  /** The Cloud Run service that a process stands for. */
  serviceOf: (processName: string) => { service: string; revision?: string };
  /** Default `local`. */
  location?: string;
  now?: () => number;
}) {
  const { address, projectId, serviceOf, location = 'local', now = Date.now } = options;
  const { service: definition, decodeStatus } = loadLoggingDescriptors();
  const Client = makeClientConstructor(definition, 'LoggingServiceV2');
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': FIRST_DELAY_MS,
    'grpc.max_reconnect_backoff_ms': MAX_DELAY_MS,
  });
  const counts = { sent: 0, dropped: 0, refused: 0 };
  const began = now().toString(36);
  let numbered = 0;
  let waiting: { entry: object; chars: number }[] = [];
  let waitingChars = 0;
  let delayMs = FIRST_DELAY_MS;
  let timer: NodeJS.Timeout | undefined;
  let pumping: Promise<void> | undefined;
  let closed = false;

  function line(processName: string, text: string): void {
    if (text === '' || closed) return;
    if (waiting.length >= MAX_LINES || waitingChars + text.length > MAX_CHARS) {
      counts.dropped += 1;
      return;
    }
    waiting.push({ entry: entryOf(processName, text), chars: text.length });
    waitingChars += text.length;
    const full = waiting.length >= BATCH_LINES || waitingChars >= BATCH_CHARS;
    if (pumping === undefined && delayMs === FIRST_DELAY_MS && full) void pump();
    else schedule(FLUSH_AFTER_MS);
  }

  function entryOf(processName: string, text: string): object {
    const { service, revision = `${service}-local` } = serviceOf(processName);
    numbered += 1;
    const read = readLine(text, projectId);
    return writeEntry({
      logName: `projects/${projectId}/logs/run.googleapis.com%2Fstdout`,
      resource: {
        type: 'cloud_run_revision',
        labels: {
          project_id: projectId,
          service_name: service,
          revision_name: revision,
          configuration_name: service,
          location,
        },
      },
      timestamp: timeOfMs(now()),
      insertId: `${began}${numbered.toString(36).padStart(8, '0')}`,
      ...read,
    });
  }

  function schedule(ms: number): void {
    if (timer !== undefined || pumping !== undefined || closed) return;
    timer = setTimeout(() => void pump(), ms);
    timer.unref();
  }

  /** Sends what waits until nothing does; when that fails, again after a delay that grows. */
  function pump(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    pumping ??= drain().then((drained) => {
      pumping = undefined;
      if (drained) {
        delayMs = FIRST_DELAY_MS;
      } else {
        schedule(delayMs);
        delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
      }
    });
    return pumping;
  }

  async function drain(): Promise<boolean> {
    while (waiting.length > 0) {
      if (!(await sendBatch())) return false;
    }
    return true;
  }

  /** Whether the oldest lines were answered for; only then they are waiting no more. */
  async function sendBatch(): Promise<boolean> {
    let chars = 0;
    const end = waiting.findIndex((each) => {
      chars += each.chars;
      return chars > BATCH_CHARS;
    });
    const size = Math.min(BATCH_LINES, end <= 0 ? waiting.length : end);
    const batch = waiting.slice(0, size);
    const error = await call(batch.map(({ entry }) => entry));
    if (error !== undefined && TRANSIENT.has(error.code)) return false;
    waiting = waiting.slice(size);
    waitingChars -= batch.reduce((sum, each) => sum + each.chars, 0);
    const refused = error === undefined ? 0 : refusedOf(error, size);
    counts.refused += refused;
    counts.sent += size - refused;
    return true;
  }

  function call(entries: object[]): Promise<ServiceError | undefined> {
    const deadline = Date.now() + CALL_TIMEOUT_MS;
    return new Promise((resolve) => {
      client.WriteLogEntries!(
        { entries, partialSuccess: true },
        { deadline },
        (error: ServiceError | null) => resolve(error ?? undefined),
      );
    });
  }

  return {
    line,
    /** Lines written, refused by the endpoint, dropped because too many waited, and waiting. */
    stats: () => ({ ...counts, waiting: waiting.length }),
    /** Sends what waits, for two seconds at most, and takes no more. A second call is harmless. */
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      // What is under way may have failed before these lines came.
      const sent = pump().then(() => pump());
      await Promise.race([sent, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
      client.close();
      counts.dropped += waiting.length;
      waiting = [];
    },
  };

  /** How many of a batch were refused: by entry where others were written, else all. */
  function refusedOf({ metadata }: ServiceError, size: number): number {
    const [bytes] = metadata.get('grpc-status-details-bin');
    if (!Buffer.isBuffer(bytes)) return size;
    const [detail] = decodeStatus(bytes, 'google.logging.v2.WriteLogEntriesPartialErrors');
    return Object.keys((detail?.logEntryErrors as object | undefined) ?? {}).length;
  }
}
