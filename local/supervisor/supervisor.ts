import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, type ChildSpec, createChild } from './child.ts';
import type { Guard } from './guard.ts';
import { createChildLog } from './log.ts';

export type Supervisor = ReturnType<typeof createSupervisor>;

const MAX_LOG_BYTES = 10 * 1_048_576;

/** Starts processes, keeps them running, and stops them in the reverse order of their start. */
export function createSupervisor(options: {
  logDir: string;
  guard: Guard;
  /** Tells the user, in one line. */
  say: (line: string) => void;
  /** Called whenever a process has a new id. */
  onSpawn: () => void;
  /** Given every line that a process prints, with the process's name. */
  onLine?: (name: string, line: string) => void;
  now: () => number;
}) {
  const { logDir, guard, say, onSpawn, onLine, now } = options;
  const children: { child: Child; close: () => void }[] = [];
  let stopping = false;
  mkdirSync(logDir, { recursive: true });

  function add(spec: ChildSpec): Child {
    const surface = (message: string) => {
      if (!spec.failsOnPurpose) say(`${spec.name}: ${message}`);
    };
    const path = join(logDir, `${spec.name}.log`);
    const log = createChildLog({
      path,
      maxBytes: MAX_LOG_BYTES,
      surface,
      onLine: (line) => onLine?.(spec.name, line),
      now,
    });
    const child = createChild({ spec, log, guard, say, onSpawn, now });
    children.push({ child, close: log.close });
    return child;
  }

  return {
    /** Starts all of `specs` at once; resolves when every one is ready, throws when one cannot be brought up. */
    async start(specs: readonly ChildSpec[]): Promise<void> {
      await Promise.all(
        specs.map(async (spec) => {
          const startedAt = now();
          await add(spec).start();
          if (!stopping) say(`✓ ${spec.name}  ${((now() - startedAt) / 1000).toFixed(1)} s`);
        }),
      );
    },

    /** Process ids by name; without those that are between two lives. */
    pids(): Record<string, number> {
      const known = children.map(({ child }) => [child.name, child.pid()] as const);
      return Object.fromEntries(known.filter((entry): entry is [string, number] => !!entry[1]));
    },

    /** Drains and ends all, the one started last first. A second call is harmless. */
    async stop(): Promise<void> {
      stopping = true;
      for (const { child, close } of children.toReversed()) {
        const outcome = await child.stop();
        if (outcome.kind === 'killed') say(`${child.name} ${outcome.reason} and was killed`);
        close();
      }
    },

    /** Ends all at once, losing whatever they hold. */
    kill(): void {
      stopping = true;
      for (const { child } of children) child.kill();
    },
  };
}
