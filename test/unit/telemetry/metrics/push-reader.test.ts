import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  createPushReader,
  type PushReaderOptions,
} from '../../../../src/telemetry/metrics/push-reader.ts';
import type { SendOptions } from '../../../../src/telemetry/metrics/sink.ts';

type Sent = { value: number; options: SendOptions };

/** A provider with one counter whose metrics are sent to `send`. */
function open(options: Partial<PushReaderOptions> & { send?: (sent: Sent) => Promise<void> } = {}) {
  const sent: Sent[] = [];
  const errors: unknown[] = [];
  const stats = { exports: 0, failedExports: 0 };
  const arrivals = new EventTarget();
  const { send = async () => undefined, ...others } = options;
  const reader = createPushReader({
    sink: {
      async send({ scopeMetrics }, how) {
        const value = scopeMetrics[0]!.metrics[0]!.dataPoints[0]!.value as number;
        sent.push({ value, options: how });
        arrivals.dispatchEvent(new Event('sent'));
        await send({ value, options: how });
      },
      close: async () => undefined,
    },
    intervalMs: 3_600_000,
    onError: (error) => errors.push(error),
    stats,
    ...others,
  });
  const provider = new MeterProvider({ readers: [reader] });
  const counter = provider.getMeter('test').createCounter('n');
  return { reader, provider, counter, sent, errors, stats, arrivals };
}

test('what is recorded is sent by itself after at most an interval, and again after each', async () => {
  const { provider, counter, sent, arrivals } = open({ intervalMs: 20 });
  counter.add(1);
  await new Promise<void>((resolve) => {
    arrivals.addEventListener('sent', () => sent.length === 3 && resolve());
  });
  expect(sent.map(({ options }) => options.urgent)).toEqual([false, false, false]);
  await provider.shutdown();
});

test('nothing is sent where nothing was recorded', async () => {
  const { provider, sent, stats } = open();
  await provider.forceFlush();
  await provider.shutdown();
  expect(sent).toEqual([]);
  expect(stats).toEqual({ exports: 0, failedExports: 0 });
});

test('there is one sending at a time, and a flush sends what was recorded before it', async () => {
  const first = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const { provider, counter, sent, arrivals } = open({
    async send() {
      running += 1;
      most = Math.max(most, running);
      if (sent.length === 1) await first.promise;
      running -= 1;
    },
  });
  counter.add(1);
  const arrived = once(arrivals, 'sent');
  const flushes = [provider.forceFlush()];
  await arrived;
  counter.add(1);
  flushes.push(provider.forceFlush(), provider.forceFlush());
  first.resolve();
  await Promise.all(flushes);
  expect(most).toBe(1);
  expect(sent.map(({ value }) => value)).toEqual([1, 2]);
  await provider.shutdown();
});

test('a sending that fails is counted and told, and rejects nothing', async () => {
  const { provider, counter, errors, stats } = open({
    send: () => Promise.reject(new Error('no')),
  });
  counter.add(1);
  await provider.forceFlush();
  await provider.shutdown();
  expect(stats).toEqual({ exports: 2, failedExports: 2 });
  expect(errors).toEqual([new Error('no'), new Error('no')]);
});

test('shutdown sends once more, urgently, and ends in its time whatever hangs', async () => {
  const { provider, counter, sent, arrivals } = open({
    closeTimeoutMs: 100,
    send: () => new Promise(() => {}),
  });
  counter.add(1);
  const arrived = once(arrivals, 'sent');
  void provider.forceFlush();
  await arrived;
  counter.add(1);
  await provider.shutdown();
  expect(sent).toMatchObject([
    { value: 1, options: { urgent: false } },
    { value: 2, options: { urgent: true, timeoutMs: expect.any(Number) } },
  ]);
  expect(sent[1]!.options.timeoutMs).toBeLessThanOrEqual(70);
});

test('an urgent flush sends at once even where a flush would have to wait', async () => {
  const { reader, provider, counter, sent } = open({ minGapMs: 60_000 });
  counter.add(1);
  await provider.forceFlush();
  counter.add(1);
  await provider.forceFlush();
  expect(sent).toHaveLength(1);
  await reader.flushUrgently();
  expect(sent.at(-1)).toMatchObject({ value: 2, options: { urgent: true } });
  await provider.shutdown();
  await reader.flushUrgently();
  expect(sent).toHaveLength(3);
});

test('nothing is sent by itself beside an urgent flush, so that nothing arrives out of order', async () => {
  const urgent = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const { reader, provider, counter, sent } = open({
    intervalMs: 5,
    async send({ options }) {
      running += 1;
      most = Math.max(most, running);
      if (options.urgent) begun.resolve();
      if (options.urgent && sent.length < 3) await urgent.promise;
      running -= 1;
    },
  });
  counter.add(1);
  const flush = reader.flushUrgently();
  await begun.promise;
  const before = sent.length;
  // Timers of the same length as the reader's, begun later, end after its own.
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => void setTimeout(resolve, 5));
  expect(sent).toHaveLength(before);
  urgent.resolve();
  await flush;
  expect(most).toBe(1);
  await provider.shutdown();
});

test('an observer that throws is told of, and what the others observed is sent', async () => {
  const { provider, counter, sent, errors } = open();
  counter.add(1);
  const gauge = provider.getMeter('test').createObservableGauge('broken');
  gauge.addCallback(() => {
    throw new Error('broken');
  });
  await provider.forceFlush();
  expect(sent).toHaveLength(1);
  expect(String(errors[0])).toContain('broken');
  await provider.shutdown();
});
