import { Writable } from 'node:stream';
import { createLogger, type LoggerOptions } from '../../../../src/telemetry/logging.ts';

export const NOW = Date.parse('2026-11-20T12:34:56.789Z');

/** A logger and the lines it wrote, raw and parsed; whatever was written must be lines of JSON objects. */
export function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      lines.push(chunk);
      done();
    },
  });
  const log = createLogger({
    service: 'tests',
    version: '1.2.3',
    output,
    now: () => NOW,
    ...options,
  });
  return {
    log,
    lines,
    // biome-ignore lint/suspicious/noExplicitAny: what was printed, looked at freely
    entries: (): any[] => lines.map((line) => JSON.parse(line)),
  };
}
