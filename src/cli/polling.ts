import { setTimeout as pause } from 'node:timers/promises';
import type { Io } from './io.ts';

/**
 * Asks again and again until the answer is `done` or `patienceMs` have passed, and resolves with the last answer.
 * What `ask` throws ends it; an interruption is left to the next request to report.
 */
export async function pollUntil<T>(
  io: Io,
  ask: () => Promise<T>,
  done: (answer: T) => boolean,
  options: { pollMs: number; patienceMs: number },
): Promise<T> {
  const startMs = io.now();
  for (;;) {
    const answer = await ask();
    if (done(answer) || io.now() - startMs >= options.patienceMs) return answer;
    await pause(options.pollMs, undefined, { signal: io.interrupted }).catch(() => {});
  }
}
