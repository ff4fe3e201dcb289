import { expect, test } from '@jest/globals';
import { within } from '../../../src/core/within.ts';

test('waits for the work, no longer than the time, and passes its failure on', async () => {
  let done = false;
  await within(
    60_000,
    Promise.resolve().then(() => {
      done = true;
    }),
  );
  expect(done).toBe(true);
  await within(1, new Promise(() => {}));
  await expect(within(60_000, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});
