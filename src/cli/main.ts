import { join } from 'node:path';
import { runAx } from './program.ts';

/** One Ctrl-C may arrive twice: from the terminal, and passed on by npx. */
const SAME_INTERRUPT_MS = 1_000;

const interrupt = new AbortController();
let interruptedMs: number | undefined;
process.on('SIGINT', () => {
  interruptedMs ??= Date.now();
  if (Date.now() - interruptedMs > SAME_INTERRUPT_MS) process.exit(130);
  interrupt.abort();
});
process.on('SIGTERM', () => interrupt.abort());
// A reader that has seen enough (`ax … | head`) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runAx(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  packageRoot: join(import.meta.dirname, '..', '..'),
  now: Date.now,
  interrupted: interrupt.signal,
});
