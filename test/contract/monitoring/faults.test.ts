import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { counter, gauge, type Harness, NAME, NOON, startHarness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness();
});
afterEach(() => harness.close());

test('every third write fails, writes nothing, and is counted as no refusal', async () => {
  const { faults, store } = harness.emulator;
  faults.set([{ kind: 'fail', rpc: 'CreateTimeSeries', every: 3, code: 14 }]);
  const codes = [];
  for (let n = 0; n < 6; n += 1) {
    codes.push((await harness.write(gauge({ metric: `m${n}` })))?.code);
  }
  expect(codes).toEqual([undefined, undefined, 14, undefined, undefined, 14]);
  expect(store.series()).toHaveLength(4);
  expect(store.refusals).toEqual([]);
  expect(faults.current).toMatchObject([{ struck: 2 }]);
});

test('a write that is applied and then fails is there all the same; its repetition is refused as out of order', async () => {
  harness.emulator.faults.set([{ kind: 'apply-then-fail', times: 1 }]);
  expect((await harness.write(counter()))?.code).toBe(14);
  expect(harness.emulator.store.series()).toHaveLength(1);
  expect((await harness.write(counter()))?.details).toContain('Points must be written in order');
});

test("a call that hangs ends at the caller's deadline, and closing does not wait for it", async () => {
  harness.emulator.faults.set([{ kind: 'hang', times: 2 }]);
  const request = { name: NAME, timeSeries: [gauge()] };
  await expect(harness.client.createTimeSeries(request, { timeout: 200 })).rejects.toMatchObject({
    code: 4,
  });
  const hanging = expect(harness.client.createTimeSeries(request)).rejects.toThrow();
  await harness.emulator.close();
  await hanging;
});

test('faults of one RPC leave the others alone and end when removed', async () => {
  harness.emulator.faults.set([{ kind: 'fail', rpc: 'CreateTimeSeries', message: 'go away' }]);
  expect((await harness.write(gauge()))?.details).toBe('go away');
  await harness.client.listMetricDescriptors({ name: NAME });
  harness.emulator.faults.set([]);
  expect(await harness.write(gauge({ endMs: NOON }))).toBeUndefined();
});

test('an answer can be late', async () => {
  harness.emulator.faults.set([{ kind: 'delay', ms: 50 }]);
  const began = performance.now();
  expect(await harness.write(gauge())).toBeUndefined();
  expect(performance.now() - began).toBeGreaterThanOrEqual(49);
});
