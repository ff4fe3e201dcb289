import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Guard } from './guard.ts';
import type { ChildLog } from './log.ts';
import type { Probe } from './probes.ts';

export type ChildSpec = {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  /** Asked again and again after each start until it says yes. */
  isReady: Probe;
  /** How long the process may take from SIGTERM to its end before it is killed. */
  drainMs: number;
  /** Its errors are no news for whoever watches the terminal: they stand in its log only. */
  failsOnPurpose?: boolean;
  /** What must be done again after a restart, because the process forgot it. */
  afterRestart?: () => Promise<void>;
};

export type Child = ReturnType<typeof createChild>;
export type StopOutcome =
  | { kind: 'drained'; ms: number }
  | { kind: 'killed'; reason: string }
  | { kind: 'not-running' };

type LaunchOutcome = { kind: 'ready' } | { kind: 'failed'; reason: string };

/** Long enough for a dozen processes that start together on a busy laptop. */
const READY_TIMEOUT_MS = 75_000;
const PROBE_EVERY_MS = 50;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5_000;
const STEADY_AFTER_MS = 30_000;

/**
 * One process that is kept running: started, waited for, started again with a growing delay whenever it ends by
 * itself, and stopped. It leads a process group of its own, so that Ctrl-C reaches the supervisor only.
 */
export function createChild(options: {
  spec: ChildSpec;
  log: ChildLog;
  guard: Guard;
  /** Tells the user, in one line. */
  say: (line: string) => void;
  /** Called whenever the process id changes to a new one. */
  onSpawn: () => void;
  now: () => number;
}) {
  const { spec, log, guard, say, onSpawn, now } = options;
  const stopping = new AbortController();
  let current: { process: ChildProcess; ended: Promise<string>; startedAt: number } | undefined;

  async function launch(): Promise<LaunchOutcome> {
    const started = spawn(spec.command, spec.args, {
      env: spec.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(started);
    // A process that cannot be signalled any more has ended, which is heard of anyway.
    started.on('error', () => {});
    current = { process: started, ended, startedAt: now() };
    const { pid } = started;
    if (pid !== undefined) {
      guard.watch(pid);
      void ended.then(() => guard.forget(pid));
      onSpawn();
    }
    started.stdout.on('data', log.write);
    started.stderr.on('data', log.write);
    const outcome = await waitUntilReady(started, ended);
    if (outcome.kind === 'failed') killGroup(started);
    return outcome;
  }

  async function waitUntilReady(
    started: ChildProcess,
    ended: Promise<string>,
  ): Promise<LaunchOutcome> {
    const deadline = now() + READY_TIMEOUT_MS;
    while (now() < deadline) {
      if (hasEnded(started)) return { kind: 'failed', reason: await ended };
      if (await spec.isReady()) return { kind: 'ready' };
      await delay(PROBE_EVERY_MS);
    }
    return { kind: 'failed', reason: `was not ready within ${READY_TIMEOUT_MS / 1000} s` };
  }

  async function keepRunning(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const { ended, startedAt } = current!;
      const reason = await ended;
      if (stopping.signal.aborted) return;
      if (now() - startedAt > STEADY_AFTER_MS) failures = 0;
      const waitMs = Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_DELAY_MS);
      failures += 1;
      say(`${spec.name} ${reason}; starting it again in ${waitMs / 1000} s`);
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const restartedAt = now();
      const outcome = await launch();
      if (outcome.kind === 'ready' && !stopping.signal.aborted) {
        await afterRestart();
        say(`${spec.name} is back after ${seconds(now() - restartedAt)}`);
      }
    }
  }

  async function afterRestart(): Promise<void> {
    try {
      await spec.afterRestart?.();
    } catch (error) {
      say(`${spec.name} could not be set up again: ${(error as Error).message}`);
    }
  }

  return {
    name: spec.name,
    /** The process id, undefined between an end and the next start. */
    pid: (): number | undefined =>
      current && !hasEnded(current.process) ? current.process.pid : undefined,

    /**
     * Starts it and waits until it is ready; from then on it is kept running. Throws, with the end of its log,
     * when it cannot be brought up. To be called once.
     */
    async start(): Promise<void> {
      const outcome = await launch();
      if (stopping.signal.aborted) return;
      if (outcome.kind === 'failed') {
        const lines = log.tail().map((line) => `    ${line}`);
        throw new Error([`${spec.name} ${outcome.reason}`, ...lines].join('\n'));
      }
      void keepRunning();
    },

    /** Ends it for good: SIGTERM, and SIGKILL when it takes longer than its `drainMs`. A second call is harmless. */
    async stop(): Promise<StopOutcome> {
      const startedAt = now();
      stopping.abort();
      if (current === undefined || hasEnded(current.process)) return { kind: 'not-running' };
      current.process.kill('SIGTERM');
      const drained = await Promise.race([
        current.ended.then(() => true),
        delay(spec.drainMs, false, { ref: false }),
      ]);
      // Also after a clean end: whatever it left behind in its group.
      killGroup(current.process);
      await current.ended;
      return drained
        ? { kind: 'drained', ms: now() - startedAt }
        : { kind: 'killed', reason: `did not stop within ${seconds(spec.drainMs)}` };
    },

    /** Ends it at once, whatever it is doing. */
    kill(): void {
      stopping.abort();
      if (current) killGroup(current.process);
    },
  };
}

/** Resolves with how the process ended, in words. Never rejects. */
async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  } catch (error) {
    return `could not be started: ${(error as Error).message}`;
  }
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group has gone already.
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
