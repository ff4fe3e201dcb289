import { spawn } from 'node:child_process';

const KEPT_OUTPUT_CHARS = 20_000;

/** A failure the user can do something about: shown without a stack. */
export class SetupError extends Error {}

const running = new Set();

/** Passes a signal on to every command still running. */
export function signalCommands(signal) {
  for (const child of running) child.kill(signal);
}

/**
 * Runs a command and resolves with its exit `code` and the end of what it printed (stdout and stderr together).
 * With `inherit` it uses our terminal and `output` is empty. A command killed by a signal has 128 + its number.
 */
export function runCommand(command, args, { cwd, env, inherit = false, ipc = false } = {}) {
  return new Promise((resolve, reject) => {
    const own = inherit ? ['inherit', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      stdio: ipc ? [...own, 'ipc'] : own,
    });
    running.add(child);
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (error) => {
      running.delete(child);
      reject(new SetupError(`Cannot run ${command}: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 0), output });
    });
  });
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
