/** How many pushes may be under way: starts small, doubles on success, halves on failure (cloud.google.com/pubsub/docs/push). */
export type PushWindow = {
  readonly size: number;
  /** Ms to hold back before the next push; 0 unless everything has been failing. */
  readonly pauseMs: number;
  succeeded(): void;
  failed(): void;
};

const START_SIZE = 4;
const FIRST_PAUSE_MS = 100;

/**
 * Slow start between 1 and `maxSize`. Failures with the window already at 1 add the service's push backoff, from
 * 100 ms doubling to `maxPauseMs`, so that an endpoint that is down is tried now and then rather than hammered.
 */
export function createPushWindow(maxSize: number, maxPauseMs: number): PushWindow {
  let size = Math.min(START_SIZE, maxSize);
  let pauseMs = 0;
  return {
    get size() {
      return size;
    },
    get pauseMs() {
      return pauseMs;
    },
    succeeded() {
      size = Math.min(maxSize, size * 2);
      pauseMs = 0;
    },
    failed() {
      if (size === 1) pauseMs = Math.min(maxPauseMs, pauseMs * 2 || FIRST_PAUSE_MS);
      size = Math.max(1, Math.floor(size / 2));
    },
  };
}
