import { expect, test } from '@jest/globals';
import type { DeliveryOutcome } from '../../../src/alerts/deliver.ts';
import { createRetries } from '../../../src/alerts/retries.ts';
import type { PushedMessage } from '../../../src/cloud/push.ts';

const message = (messageId: string): PushedMessage => ({
  messageId,
  data: Buffer.from('{}'),
  attributes: {},
});
const waiting = (inMs: number): DeliveryOutcome => ({
  kind: 'waiting',
  waiting: 1,
  nextAttemptAtMs: Date.now() + inMs,
});
const DONE: DeliveryOutcome = { kind: 'done', deliveries: 1 };

test('a message is delivered again when it is due, until nothing of it waits', async () => {
  const outcomes = [waiting(60), waiting(60), DONE];
  const times: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const retries = createRetries({
    deliver: async () => {
      times.push(Date.now());
      const outcome = outcomes.shift()!;
      if (outcome.kind === 'done') resolve();
      return outcome;
    },
    onError: (error) => {
      throw error;
    },
    now: Date.now,
  });
  const startedMs = Date.now();
  retries.later(message('m'), startedMs + 60);
  await promise;
  await retries.close();
  expect(times).toHaveLength(3);
  expect(times[0]! - startedMs).toBeGreaterThanOrEqual(55);
});

test('a message that waits already is not delivered twice', async () => {
  let count = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const retries = createRetries({
    deliver: async ({ messageId }) => {
      if (messageId === 'last') resolve();
      else count += 1;
      return DONE;
    },
    onError: () => {},
    now: Date.now,
  });
  for (let i = 0; i < 5; i++) retries.later(message('m'), Date.now());
  retries.later(message('last'), Date.now() + 100);
  await promise;
  await retries.close();
  expect(count).toBe(1);
});

test('many that are due at once are delivered a few at a time', async () => {
  let underWay = 0;
  let most = 0;
  let left = 40;
  const { promise, resolve } = Promise.withResolvers<void>();
  const retries = createRetries({
    deliver: async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((done) => setImmediate(done));
      underWay -= 1;
      left -= 1;
      if (left === 0) resolve();
      return DONE;
    },
    onError: () => {},
    now: Date.now,
  });
  for (let i = 0; i < 40; i++) retries.later(message(`m${i}`), Date.now());
  await promise;
  await retries.close();
  expect(most).toBeLessThanOrEqual(8);
});

test('a failure is told and left to the schedule, and closing waits for what is under way', async () => {
  const errors: unknown[] = [];
  const begun = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const retries = createRetries({
    deliver: async () => {
      begun.resolve();
      await release.promise;
      throw new Error('away');
    },
    onError: (error, { messageId }) => errors.push([messageId, String(error)]),
    now: Date.now,
  });
  retries.later(message('m'), Date.now());
  await begun.promise;
  const closing = retries.close();
  retries.later(message('too late'), Date.now());
  release.resolve();
  await closing;
  expect(errors).toEqual([['m', 'Error: away']]);
});
