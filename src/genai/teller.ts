import type { Logger } from '../telemetry/logging.ts';

const MAX_KEYS = 1_000;

/** Runs what tells of calls so that nothing of it is felt by the caller, and warns of each kind of trouble once. */
export type Teller = {
  /** The result, or undefined when it threw; the error is logged, once per `what`. */
  safely<T>(what: string, work: () => T): T | undefined;
  /** Logs a warning the first time that `key` is given. Remembers at most 1,000 keys. */
  warnOnce(key: string, message: string, fields: Record<string, unknown>): void;
};

export function createTeller(log: Logger): Teller {
  const warned = new Set<string>();

  function warnOnce(key: string, message: string, fields: Record<string, unknown>): void {
    if (warned.has(key) || warned.size >= MAX_KEYS) return;
    warned.add(key);
    try {
      log.warn(message, fields);
    } catch {
      // A logger that throws has nobody left to tell.
    }
  }

  return {
    warnOnce,
    safely(what, work) {
      try {
        return work();
      } catch (error) {
        warnOnce(`threw ${what}`, `telemetry: ${what} failed`, { error });
        return undefined;
      }
    },
  };
}
