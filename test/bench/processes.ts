import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Processes started for one benchmark; `stopAll` ends them, and so does the end of this process. */
export function createProcesses() {
  const running: { child: ChildProcess; exited: Promise<unknown> }[] = [];
  process.once('exit', () => {
    for (const { child } of running) child.kill('SIGKILL');
  });

  return {
    /** Starts a script of the project with Node and resolves once it says that it listens. */
    async start(script: string, args: readonly string[], env: Record<string, string> = {}) {
      const child = spawn(process.execPath, ['--no-warnings', script, ...args], {
        cwd: ROOT,
        env: { PATH: process.env.PATH, METADATA_SERVER_DETECTION: 'none', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      running.push({ child, exited });
      await new Promise<void>((resolve, reject) => {
        exited.then(([code]) => reject(new Error(`${script} ended with ${code}`)), reject);
        child.stdout.on('data', (chunk: Buffer) => {
          if (chunk.includes('"listening"')) resolve();
          else process.stderr.write(chunk);
        });
      });
      return child;
    },

    async stopAll(): Promise<void> {
      for (const { child } of running) child.kill('SIGTERM');
      await Promise.all(running.map(({ exited }) => exited));
    },
  };
}
