import type { AwaitedEvents } from '../../src/costs/awaited-events.ts';

/** For ways of events on which nothing is taken back. */
export const nothingAwaited: AwaitedEvents = {
  remember: async () => new Map(),
  find: async () => [],
  forget: async () => {},
};
