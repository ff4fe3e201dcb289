import { expect, test } from '@jest/globals';
import { createErrorLog } from '../../../src/sdk/error-log.ts';
import { createSending } from '../../../src/sdk/sending.ts';

function harness() {
  const sent: string[] = [];
  const state = { now: 0, buffered: 0 };
  const flushing = (what: string) => ({ flush: async () => void sent.push(what) });
  const sending = createSending({
    costs: {
      ...flushing('costs'),
      stats: () => ({ buffered: state.buffered }) as never,
    } as never,
    business: flushing('business'),
    traces: flushing('traces'),
    metrics: flushing('metrics'),
    metricIntervalMs: 60_000,
    now: () => state.now,
  });
  return { sent, state, sending };
}

test('cost events are due at once, spans after five seconds, metrics after their interval', async () => {
  const { sent, state, sending } = harness();
  expect(sending.isDue()).toBe(false);
  state.buffered = 1;
  expect(sending.isDue()).toBe(true);
  await sending.flushDue();
  expect(sent.splice(0)).toEqual(['costs']);
  state.buffered = 0;
  state.now = 5_000;
  expect(sending.isDue()).toBe(true);
  await sending.flushDue();
  expect(sent.splice(0)).toEqual(['costs', 'traces', 'business']);
  expect(sending.isDue()).toBe(false);
  state.now = 60_000;
  await sending.flushDue();
  expect(sent.splice(0).sort()).toEqual(['business', 'costs', 'metrics', 'traces']);
  await sending.flush();
  expect(sent.sort()).toEqual(['business', 'costs', 'metrics', 'traces']);
});

test('an error that repeats is told once a minute, others at once', () => {
  const told: string[] = [];
  let now = 0;
  const log = createErrorLog({ tell: (message) => told.push(message), now: () => now });
  log(new Error('away'));
  log(new Error('away'));
  log(new Error('denied'));
  now = 60_000;
  log(new Error('away'));
  expect(told).toEqual(['away', 'denied', 'away']);
});
