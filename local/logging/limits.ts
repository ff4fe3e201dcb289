import type { LogEntry } from './entry.ts';
import { msOfTime } from './time.ts';

export const MAX_ENTRY_BYTES = 256 * 1024;
export const MAX_WRITE_BYTES = 10 * 1024 * 1024;
const MAX_LABELS = 64;
const MAX_LABEL_KEY_BYTES = 512;
const MAX_LABEL_VALUE_BYTES = 64 * 1024;
const DAY_MS = 24 * 3_600_000;
const RETENTION_MS = 30 * DAY_MS;
const ELLIPSIS = '...';

/** What is wrong with an entry of that many bytes on the wire, in words; undefined when nothing is. */
export function entryFault(
  entry: Pick<LogEntry, 'logName' | 'resource' | 'labels' | 'timestamp'>,
  options: { bytes: number; projectId: string; now: number },
): string | undefined {
  const { logName, resource, labels, timestamp } = entry;
  if (options.bytes > MAX_ENTRY_BYTES) {
    return `Log entry with size ${size(options.bytes)} exceeds maximum size of ${size(MAX_ENTRY_BYTES)}`;
  }
  const [, project, logId] = /^projects\/([^/]+)\/logs\/([^/]+)$/.exec(logName) ?? [];
  if (project === undefined)
    return `The log name '${logName}' is not of the form projects/P/logs/ID`;
  if (project !== options.projectId) return `The log name '${logName}' is of another project`;
  if (!isLogId(logId!)) {
    return `The log id '${logId}' must be URL-encoded and have fewer than 512 letters, digits, '/', '_', '-' and '.'`;
  }
  if (resource.type === '') return 'Log entry has no monitored resource';
  const count = Object.keys(labels).length;
  if (count > MAX_LABELS)
    return `Log entry has ${count} labels, more than the ${MAX_LABELS} allowed`;
  if (msOfTime(timestamp) > options.now + DAY_MS) return 'Timestamp is over a day in the future';
  return undefined;
}

/** Whether an entry of that time is kept at all; older ones are taken and dropped without a word. */
export function isWithinRetention(timestamp: string, now: number): boolean {
  return msOfTime(timestamp) >= now - RETENTION_MS;
}

/** The labels with keys and values cut to what is kept of them, an ellipsis at the end. */
export function truncateLabels(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [
      truncate(key, MAX_LABEL_KEY_BYTES),
      truncate(value, MAX_LABEL_VALUE_BYTES),
    ]),
  );
}

/** At most `bytes` bytes of the text in UTF-8, an ellipsis at the end where it was cut, never within a character. */
export function truncate(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes - ELLIPSIS.length;
  // A byte that continues a character: the character did not fit.
  while ((encoded[end]! & 0xc0) === 0x80) end -= 1;
  return encoded.toString('utf8', 0, end) + ELLIPSIS;
}

function isLogId(encoded: string): boolean {
  try {
    return /^[A-Za-z0-9/_.-]{1,511}$/.test(decodeURIComponent(encoded));
  } catch {
    return false;
  }
}

function size(bytes: number): string {
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)}K` : `${(kib / 1024).toFixed(2)}M`;
}
