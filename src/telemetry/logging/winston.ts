import winston from 'winston';
import type { Output } from './output.ts';
import { SEVERITIES, type Severity } from './severity.ts';

const LEVEL = Symbol.for('level');
const MESSAGE = Symbol.for('message');

/** How many lines go through winston's streams before the caller yields; each leaves a callback behind until then. */
const MAX_LINES_PER_TICK = 500;

const levels = Object.fromEntries(SEVERITIES.map((severity, i) => [severity, i]));

type Line = { [MESSAGE]: string };

// It is there, but its types call it `transport`.
const { Transport } = winston as unknown as {
  Transport: new (options: { log(line: Line, done: () => void): void }) => winston.transport;
};

/**
 * A winston logger of finished lines in front of an output. In a loop that never yields, lines take the short way to the
 * output, in the same order: winston's streams would hold on to memory for each of them until the loop ends.
 */
export function createWinstonWriter(output: Output): (severity: Severity, line: string) => void {
  const logger = winston.createLogger({
    levels,
    level: 'DEBUG',
    // The line is finished before it comes here; what is queued holds no secrets.
    format: { transform: (info) => info },
    transports: [
      new Transport({
        log(line, done) {
          output.write(line[MESSAGE]);
          done();
        },
      }),
    ],
  });
  let sinceTick = 0;
  const onTick = () => {
    sinceTick = 0;
  };

  return (severity, line) => {
    if (sinceTick >= MAX_LINES_PER_TICK) return output.write(line);
    if (sinceTick === 0) process.nextTick(onTick);
    sinceTick += 1;
    logger.write({ level: severity, message: '', [LEVEL]: severity, [MESSAGE]: line });
  };
}
