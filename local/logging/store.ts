import type { LogEntry } from './entry.ts';
import { SEVERITIES, type Severity } from './severity.ts';
import type { Json } from './struct.ts';
import { timeOfMs } from './time.ts';

const DEFAULT_LIMIT = 200;
const WORKSPACE_KEYS = new Set(['workspaceId', 'workspace_id']);
const WORKSPACE_DEPTH = 3;

export type LogQuery = {
  /** This severity or a higher one. */
  severity?: Severity;
  /** Trace id, or its full name. */
  trace?: string;
  /** Of a label or a field of the payload named workspaceId or workspace_id. */
  workspaceId?: string;
  /** Somewhere in a payload, label or name, in any case. */
  text?: string;
  /** Epoch ms; entries of then or later. */
  since?: number;
  /** Default 200. */
  limit?: number;
};

export type LogStore = ReturnType<typeof createLogStore>;

/** The newest `maxEntries` entries in the order they came, in memory. */
export function createLogStore(options: { maxEntries: number }) {
  const { maxEntries } = options;
  let entries: LogEntry[] = [];
  const seen = new Set<string>();
  const listeners = new Set<(entries: readonly LogEntry[]) => void>();
  const counts = { written: 0, duplicates: 0, discarded: 0, refused: 0 };

  return {
    counts: counts as Readonly<typeof counts>,
    /** Counts what was not stored: too old, or refused. */
    tally(kind: 'discarded' | 'refused', number: number): void {
      counts[kind] += number;
    },
    /** Stores the entries that are not there yet, by time and insertId, and returns those. */
    add(given: readonly LogEntry[]): LogEntry[] {
      const added = given.filter((entry) => {
        const key = keyOf(entry);
        if (seen.has(key)) return false;
        seen.add(key);
        return true;
      });
      counts.duplicates += given.length - added.length;
      counts.written += added.length;
      // A write may hold more entries than a call may have arguments.
      for (const entry of added) entries.push(entry);
      const gone = entries.splice(0, Math.max(0, entries.length - maxEntries));
      for (const entry of gone) seen.delete(keyOf(entry));
      if (added.length > 0) for (const listener of listeners) listener(added);
      return added;
    },
    /** Removes a log's entries. False when there is none. */
    deleteLog(logName: string): boolean {
      const gone = entries.filter((entry) => entry.logName === logName);
      entries = entries.filter((entry) => entry.logName !== logName);
      for (const entry of gone) seen.delete(keyOf(entry));
      return gone.length > 0;
    },
    /** All, in the order they came. */
    all: (): readonly LogEntry[] => entries,
    /** The newest that fit, newest first. */
    list(query: LogQuery = {}): LogEntry[] {
      return entries
        .filter(matcher(query))
        .sort((a, b) => byTime(b, a))
        .slice(0, query.limit ?? DEFAULT_LIMIT);
    },
    /** Called with the new entries of each write. Returns what ends the subscription. */
    onChange(listener: (entries: readonly LogEntry[]) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Orders by time, then by insertId. */
export function byTime(a: LogEntry, b: LogEntry): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  if (a.insertId === b.insertId) return 0;
  return a.insertId < b.insertId ? -1 : 1;
}

/** Whether a text, in lower case, is anywhere in what an entry says. */
export function mentions(value: unknown, lowerCase: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(lowerCase);
  if (typeof value !== 'object' || value === null) return String(value).includes(lowerCase);
  return Object.values(value).some((each) => mentions(each, lowerCase));
}

function matcher(query: LogQuery): (entry: LogEntry) => boolean {
  const { severity = 'DEFAULT', trace, workspaceId, text = '', since } = query;
  const rank = SEVERITIES[severity];
  const earliest = since === undefined ? '' : timeOfMs(since);
  const wanted = text.toLowerCase();
  return (entry) =>
    SEVERITIES[entry.severity] >= rank &&
    entry.timestamp >= earliest &&
    (trace === undefined || entry.trace === trace || entry.trace?.endsWith(`/${trace}`) === true) &&
    (workspaceId === undefined || isOfWorkspace(entry, workspaceId)) &&
    (wanted === '' || mentions(entry, wanted));
}

function isOfWorkspace({ labels, jsonPayload }: LogEntry, workspaceId: string): boolean {
  return names(labels, workspaceId, 1) || names(jsonPayload ?? {}, workspaceId, WORKSPACE_DEPTH);
}

function names(object: Json, workspaceId: string, depth: number): boolean {
  if (typeof object !== 'object' || object === null || depth === 0) return false;
  return Object.entries(object).some(
    ([key, value]) =>
      (WORKSPACE_KEYS.has(key) && value === workspaceId) || names(value, workspaceId, depth - 1),
  );
}

function keyOf({ timestamp, insertId }: LogEntry): string {
  return `${timestamp} ${insertId}`;
}
