import type { Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Output = Writable & { isTTY?: boolean; columns?: number };

/** The world as a command sees it: handed in by `main.ts`, by hand in tests. */
export type Io = {
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Where the package lies; the second place where a running local cloud is looked for. */
  packageRoot: string;
  /** Epoch ms. */
  now: () => number;
  /** Fires at the first Ctrl-C or SIGTERM. */
  interrupted: AbortSignal;
};

/** Writes one line of diagnostics or progress; stdout stays free for the answer. */
export function note(io: Io, text: string): void {
  io.stderr.write(`${text}\n`);
}

/**
 * Writes a command's answer to stdout: with `json` exactly one JSON document, otherwise the text of `human`.
 */
export function answer(io: Io, json: boolean | undefined, document: unknown, human: () => string) {
  io.stdout.write(json === true ? `${JSON.stringify(document, null, 2)}\n` : `${human()}\n`);
}

/** The width of the terminal that reads the answer; undefined where none does, and nothing needs to be cut. */
export function terminalWidth(io: Io): number | undefined {
  return io.stdout.columns;
}

/** How wide human output may be: the terminal's width, 100 characters where there is none. */
export function outputWidth(io: Io): number {
  return io.stdout.columns ?? 100;
}
