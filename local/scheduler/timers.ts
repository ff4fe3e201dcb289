/** A clock and its alarms, so that tests can turn both. */
export type Timers = {
  /** Epoch ms. */
  now: () => number;
  /** Calls `fn` once at the time `atMs` or after it; the function returned calls it off. */
  at: (atMs: number, fn: () => void) => () => void;
};

/** Node's longest timer. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The system's clock and timers, for times however far away. */
export const systemTimers: Timers = {
  now: Date.now,
  at(atMs, fn) {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const leftMs = atMs - Date.now();
      timer = leftMs > 0 ? setTimeout(wait, Math.min(leftMs, MAX_TIMEOUT_MS)) : setTimeout(fn, 0);
    };
    wait();
    return () => clearTimeout(timer);
  },
};
