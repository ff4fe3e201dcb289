import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Resolves with the first answer of `ask` that is neither undefined nor false; throws after `timeoutMs`. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  options: { timeoutMs?: number; what?: string } = {},
): Promise<Exclude<T, undefined | false>> {
  const { timeoutMs = 10_000, what = 'the expected state' } = options;
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (Date.now() > deadline) throw new Error(`${what} was not reached in ${timeoutMs} ms`);
    await delay(20);
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
