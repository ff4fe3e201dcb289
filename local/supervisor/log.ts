import { closeSync, openSync, renameSync, writeSync } from 'node:fs';

export type ChildLog = ReturnType<typeof createChildLog>;

const SURFACED_PER_WINDOW = 5;
const WINDOW_MS = 10_000;
const TAIL_LINES = 25;
/** As much as Cloud Logging takes in an entry. */
const MAX_PENDING_CHARS = 256 * 1024;
const ERROR_SEVERITIES = new Set(['ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY']);

/**
 * The log of one child: everything goes to `path` (emptied now; at `maxBytes` it becomes `<path>.1` and a new one
 * begins), structured lines of severity ERROR and above also go to `surface`, a few per ten seconds at most, and every
 * line to `onLine`.
 */
export function createChildLog(options: {
  path: string;
  maxBytes: number;
  surface: (message: string) => void;
  onLine?: (line: string) => void;
  now: () => number;
}) {
  const { path, maxBytes, surface, onLine = () => {}, now } = options;
  let file: number | undefined = openSync(path, 'w');
  let bytes = 0;
  let pending = '';
  const tail: string[] = [];
  let window = { startedAt: now(), shown: 0 };

  const surfaceLine = (line: string) => {
    const message = errorMessageOf(line);
    if (message === undefined) return;
    if (now() - window.startedAt > WINDOW_MS) window = { startedAt: now(), shown: 0 };
    window.shown += 1;
    if (window.shown <= SURFACED_PER_WINDOW) surface(message);
    if (window.shown === SURFACED_PER_WINDOW) surface(`more errors are in ${path}`);
  };

  return {
    /** Takes a piece of output as it comes; lines may be split anywhere. */
    write(chunk: Buffer): void {
      if (file === undefined) return;
      if (bytes + chunk.length > maxBytes) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = openSync(path, 'w');
        bytes = 0;
      }
      bytes += chunk.length;
      writeSync(file, chunk);
      const lines = (pending + chunk.toString('utf8')).split('\n');
      pending = lines.pop()!.slice(-MAX_PENDING_CHARS);
      for (const line of lines) {
        tail.push(line);
        surfaceLine(line);
        onLine(line);
      }
      tail.splice(0, tail.length - TAIL_LINES);
    },
    /** The last lines written, to show why a child died. */
    tail: (): string[] => [...tail, pending].filter((line) => line !== ''),
    /** A second call is harmless; what is written afterwards is dropped. */
    close(): void {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

/** The message of a structured log line of severity ERROR or above, else undefined. */
function errorMessageOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { severity, message } = JSON.parse(line) as Record<string, unknown>;
    if (typeof severity !== 'string' || !ERROR_SEVERITIES.has(severity)) return undefined;
    return typeof message === 'string' ? message : line;
  } catch {
    return undefined;
  }
}
