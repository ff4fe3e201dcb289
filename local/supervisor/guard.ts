import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Guard = ReturnType<typeof createGuard>;

/**
 * A tiny process of its own that stops our children when we die without doing so ourselves, even by SIGKILL:
 * what `redis-server` and the services cannot notice, it notices by the closing of its pipe. It also removes
 * `endpointFiles` then. `leave` dismisses it; a second `leave` is harmless.
 */
export function createGuard(options: { endpointFiles: string[] }) {
  const script = fileURLToPath(new URL('./guard.sh', import.meta.url));
  const guard = spawn('/bin/sh', [script, ...options.endpointFiles], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH, SUPERVISOR: String(process.pid) },
  });
  guard.unref();
  // Nothing depends on the guard while we live; a dead one must not take us along.
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});

  const tell = (line: string) => {
    if (guard.stdin.writable) guard.stdin.write(`${line}\n`);
  };
  return {
    /** The guard's own process id. */
    pid: guard.pid,
    watch: (pid: number) => tell(`add ${pid}`),
    forget: (pid: number) => tell(`remove ${pid}`),
    leave: () => {
      if (guard.stdin.writable) guard.stdin.end('done\n');
    },
  };
}
