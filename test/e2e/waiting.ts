import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 400;
/** How many times the given time is really waited: a machine that is busy elsewhere is no failure. */
const PATIENCE = 3;

/**
 * Resolves with the first answer of `ask` that is neither undefined nor false; throws after three times `timeoutMs`. It asks less
 * often the longer it waits: what is waited for needs the processor more.
 */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  options: { timeoutMs?: number; what?: string } = {},
): Promise<Exclude<T, undefined | false>> {
  const { timeoutMs = 10_000, what = 'the expected state' } = options;
  const deadline = Date.now() + timeoutMs * PATIENCE;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.25, LONGEST_PAUSE_MS)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (Date.now() > deadline)
      throw new Error(`${what} was not reached in ${timeoutMs * PATIENCE} ms`);
    await delay(pauseMs);
  }
}

/** A loopback port nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
