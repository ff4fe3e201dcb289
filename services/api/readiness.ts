import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../src/core/errors.ts';

/** Whether each dependency answered; `ready` when all did. */
export type Readiness = {
  ready: boolean;
  dependencies: Record<string, { ok: boolean; latencyMs: number }>;
};

const TIMEOUT_MS = 3_000;
const KEPT_MS = 1_000;

/**
 * Asks every dependency at once whether it is there, each for at most three seconds. The answer is kept for a
 * second, so that a public probe cannot become a load. `onFailure` hears what is not shown to the caller.
 */
export function createReadiness(options: {
  probes: Record<string, () => Promise<unknown>>;
  now: () => number;
  onFailure: (dependency: string, reason: string) => void;
}): () => Promise<Readiness> {
  const { probes, now, onFailure } = options;
  let last: { at: number; answer: Promise<Readiness> } | undefined;

  async function probe(dependency: string, ask: () => Promise<unknown>) {
    const startedAt = now();
    const stop = new AbortController();
    const timeout = sleep(TIMEOUT_MS, undefined, { signal: stop.signal }).then(() => {
      throw new Error(`no answer within ${TIMEOUT_MS} ms`);
    });
    try {
      await Promise.race([ask(), timeout]);
      return { ok: true, latencyMs: now() - startedAt };
    } catch (error) {
      onFailure(dependency, errorMessage(error));
      return { ok: false, latencyMs: now() - startedAt };
    } finally {
      timeout.catch(() => {});
      stop.abort();
    }
  }

  async function ask(): Promise<Readiness> {
    const answers = await Promise.all(
      Object.entries(probes).map(async ([name, ask]) => [name, await probe(name, ask)] as const),
    );
    return {
      ready: answers.every(([, { ok }]) => ok),
      dependencies: Object.fromEntries(answers),
    };
  }

  return () => {
    if (last === undefined || now() - last.at >= KEPT_MS) last = { at: now(), answer: ask() };
    return last.answer;
  };
}
