import type { Writable } from 'node:stream';

/** What became of the lines of all loggers on one stream. */
export type OutputStats = {
  /** Lines handed to the stream. */
  written: number;
  /** Lines given up because the stream was behind by more than its buffer may hold, or is broken. */
  dropped: number;
  /** Bytes that the stream has not passed on yet. */
  bufferedBytes: number;
};

export type Output = {
  /** Hands a line over, or drops and counts it. Never blocks, never throws. */
  write(line: string): void;
  /** Resolves once the stream has passed on what it has, or after `timeoutMs`. Never rejects. */
  flush(timeoutMs?: number): Promise<void>;
  stats(): OutputStats;
};

const MAX_BUFFERED_BYTES = 16_777_216;
const FLUSH_TIMEOUT_MS = 2_000;

const outputs = new WeakMap<Writable, Output>();

/**
 * The one output of a stream; every logger on it shares it. When nobody reads fast enough, lines beyond 16 MiB are dropped
 * and counted; when the reader is gone (`EPIPE`), all are, and the process goes on. The stream's errors are taken care of
 * from the first call on.
 */
export function outputOf(stream: Writable): Output {
  const known = outputs.get(stream);
  if (known !== undefined) return known;
  const output = createOutput(stream);
  outputs.set(stream, output);
  return output;
}

function createOutput(stream: Writable): Output {
  let written = 0;
  let dropped = 0;
  let isBroken = false;
  stream.on('error', () => {
    isBroken = true;
  });
  const hasRoom = () =>
    !isBroken && !stream.destroyed && stream.writableLength < MAX_BUFFERED_BYTES;

  return {
    write(line) {
      if (!hasRoom()) {
        dropped += 1;
        return;
      }
      written += 1;
      stream.write(`${line}\n`);
    },
    flush(timeoutMs = FLUSH_TIMEOUT_MS) {
      if (isBroken || stream.writableLength === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const giveUp = setTimeout(resolve, timeoutMs);
        stream.write('', () => {
          clearTimeout(giveUp);
          resolve();
        });
      });
    },
    stats: () => ({ written, dropped, bufferedBytes: stream.writableLength }),
  };
}
