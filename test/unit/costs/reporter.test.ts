import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import type { CostEvent } from '../../../src/costs/event.ts';
import { createCostReporter, createReporterWith } from '../../../src/costs/reporter.ts';
import {
  createPubSubDelivery,
  type Delivery,
  type DeliveryOutcome,
} from '../../../src/costs/reporter-delivery.ts';
import type {
  CostEventInput,
  CostReporterOptions,
  DeliveryFailure,
} from '../../../src/costs/reporter-options.ts';

const EVENT: CostEventInput = {
  resourceType: 'llm_api',
  resourceId: 'chat.completions',
  provider: 'openai',
  model: 'gpt-4o',
  usage: { inputTokens: 1_000, outputTokens: 500 },
};

type Sent = { body: string; events: CostEvent[] };

function fakeDelivery(
  answer: (sent: Sent, call: number) => DeliveryOutcome | Promise<DeliveryOutcome>,
) {
  const calls: Sent[] = [];
  let closes = 0;
  const delivery: Delivery = {
    async send(body) {
      const sent = { body, events: (JSON.parse(body) as { events: CostEvent[] }).events };
      calls.push(sent);
      return answer(sent, calls.length - 1);
    },
    async close() {
      closes += 1;
    },
  };
  return { delivery, calls, closes: () => closes };
}

const acknowledge = (): DeliveryOutcome => ({ kind: 'acknowledged' });
const again: DeliveryOutcome = { kind: 'retry', reason: 'HTTP 503', afterMs: 1 };

function reporterOver(delivery: Delivery, options: Omit<CostReporterOptions, 'target'> = {}) {
  return createReporterWith(delivery, { workspaceId: 'acme', ...options });
}

describe('report', () => {
  test('fills id, timestamp, workspace and currency, and leaves what is given', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery, { now: () => Date.parse('2026-11-20T12:00:00Z') });
    const outcome = reporter.report(EVENT);
    reporter.report({
      ...EVENT,
      id: 'mine',
      workspaceId: 'globex',
      timestamp: '2026-11-20T11:00:00+01:00',
    });
    await reporter.flush();
    const [first, second] = fake.calls[0]!.events;
    expect(outcome).toEqual({ kind: 'accepted', id: first!.id });
    expect(first).toMatchObject({
      workspaceId: 'acme',
      timestamp: '2026-11-20T12:00:00.000Z',
      currency: 'USD',
    });
    expect(first!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(second).toMatchObject({
      id: 'mine',
      workspaceId: 'globex',
      timestamp: '2026-11-20T11:00:00+01:00',
    });
  });

  test('rejects what the API would reject, with the field and the reason, and sends none of it', async () => {
    const fake = fakeDelivery(acknowledge);
    const dropped: unknown[] = [];
    const reporter = reporterOver(fake.delivery, { onDrop: (outcome) => dropped.push(outcome) });
    const outcome = reporter.report({ ...EVENT, usage: { inputTokens: -1 } });
    expect(outcome).toMatchObject({ kind: 'rejected', errors: [{ field: 'usage.inputTokens' }] });
    expect(dropped).toEqual([outcome]);
    await reporter.flush();
    expect(fake.calls).toEqual([]);
    expect(reporter.stats()).toMatchObject({ rejected: 1, accepted: 0 });
  });

  test('keeps the event as it was when reported, whatever the caller does to it later', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery);
    const event = { ...EVENT, usage: { inputTokens: 7 } };
    reporter.report(event);
    event.usage.inputTokens = 8;
    await reporter.flush();
    expect(fake.calls[0]!.events[0]!.usage).toEqual({ inputTokens: 7 });
  });

  test('treats optional fields set to undefined as absent', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery);
    const outcome = reporter.report({ ...EVENT, agentId: undefined, labels: undefined });
    expect(outcome.kind).toBe('accepted');
    await reporter.close();
  });

  test('refuses and counts when the buffer is full, and accepts again after delivery', async () => {
    const fake = fakeDelivery(acknowledge);
    const reasons: unknown[] = [];
    const reporter = reporterOver(fake.delivery, {
      maxBufferedEvents: 3,
      onDrop: (outcome) => reasons.push(outcome),
    });
    const kinds = Array.from({ length: 5 }, () => reporter.report(EVENT).kind);
    expect(kinds).toEqual(['accepted', 'accepted', 'accepted', 'refused', 'refused']);
    expect(reasons).toEqual(Array(2).fill({ kind: 'refused', reason: 'buffer-full' }));
    await reporter.flush();
    expect(reporter.report(EVENT).kind).toBe('accepted');
    expect(reporter.stats()).toMatchObject({
      accepted: 4,
      refused: 2,
      acknowledged: 3,
      buffered: 1,
    });
    await reporter.close();
  });

  test('bounds the buffered bytes as well', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery, { maxBufferedBytes: 500 });
    const outcomes = Array.from({ length: 5 }, () => reporter.report(EVENT).kind);
    expect(outcomes[0]).toBe('accepted');
    expect(outcomes[4]).toBe('refused');
    await reporter.close();
  });

  test('is not disturbed by a callback that throws', async () => {
    const fake = fakeDelivery(() => ({ kind: 'refused', reason: 'no', details: [] }));
    const warnings: string[] = [];
    const emitWarning = process.emitWarning.bind(process);
    process.emitWarning = (warning: string | Error) => {
      warnings.push(String(warning));
    };
    const boom = () => {
      throw new Error('boom');
    };
    const reporter = reporterOver(fake.delivery, { onDrop: boom, onError: boom });
    expect(reporter.report({ ...EVENT, provider: '' }).kind).toBe('rejected');
    reporter.report(EVENT);
    expect(await reporter.flush()).toEqual({ acknowledged: 0, failed: 1 });
    process.emitWarning = emitWarning;
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain('boom');
  });
});

describe('batches', () => {
  test('hold at most maxBatchEvents, keep the order of reports, and never overlap', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery, { maxBatchEvents: 4 });
    for (let index = 0; index < 10; index += 1) reporter.report({ ...EVENT, id: `e${index}` });
    expect(await reporter.flush()).toEqual({ acknowledged: 10, failed: 0 });
    expect(fake.calls.map(({ events }) => events.length)).toEqual([4, 4, 2]);
    expect(fake.calls.flatMap(({ events }) => events.map(({ id }) => id))).toEqual(
      Array.from({ length: 10 }, (_, index) => `e${index}`),
    );
  });

  test('stay within 1 MiB', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery, { maxBatchEvents: 1_000 });
    const labels = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`key${index}`, 'ß'.repeat(256)]),
    );
    for (let index = 0; index < 200; index += 1) reporter.report({ ...EVENT, labels });
    expect(await reporter.flush()).toEqual({ acknowledged: 200, failed: 0 });
    expect(fake.calls.length).toBeGreaterThan(1);
    for (const { body } of fake.calls)
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(1_048_576);
  });

  test('leave by themselves after lingerMs, and at once when full', async () => {
    const { promise: sent, resolve } = Promise.withResolvers<void>();
    const lingering = reporterOver(
      fakeDelivery(() => {
        resolve();
        return { kind: 'acknowledged' };
      }).delivery,
      { lingerMs: 5 },
    );
    lingering.report(EVENT);
    await sent;

    const { promise: full, resolve: onFull } = Promise.withResolvers<void>();
    const eager = reporterOver(
      fakeDelivery(() => {
        onFull();
        return { kind: 'acknowledged' };
      }).delivery,
      { lingerMs: 3_600_000, maxBatchEvents: 2 },
    );
    eager.report(EVENT);
    eager.report(EVENT);
    await full;
  });

  test('are never more than maxInFlight on their way at once', async () => {
    let now = 0;
    let most = 0;
    const fake = fakeDelivery(async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
      return { kind: 'acknowledged' };
    });
    const reporter = reporterOver(fake.delivery, { maxBatchEvents: 1, maxInFlight: 3 });
    for (let index = 0; index < 20; index += 1) reporter.report(EVENT);
    expect(await reporter.flush()).toEqual({ acknowledged: 20, failed: 0 });
    expect(most).toBe(3);
  });
});

describe('failures', () => {
  test('a retry sends the same events under the same ids', async () => {
    const fake = fakeDelivery((_, call) => (call < 2 ? again : { kind: 'acknowledged' }));
    const reporter = reporterOver(fake.delivery);
    reporter.report(EVENT);
    reporter.report(EVENT);
    expect(await reporter.flush()).toEqual({ acknowledged: 2, failed: 0 });
    expect(new Set(fake.calls.map(({ body }) => body)).size).toBe(1);
    expect(reporter.stats()).toMatchObject({ retries: 2, acknowledged: 2, buffered: 0 });
  });

  test('a refused batch comes back by onError, counted, and is not sent again', async () => {
    const fake = fakeDelivery(() => ({ kind: 'refused', reason: 'HTTP 401', details: [] }));
    const failures: DeliveryFailure[] = [];
    const reporter = reporterOver(fake.delivery, { onError: (failure) => failures.push(failure) });
    reporter.report({ ...EVENT, id: 'a' });
    reporter.report({ ...EVENT, id: 'b' });
    expect(await reporter.flush()).toEqual({ acknowledged: 0, failed: 2 });
    expect(fake.calls).toHaveLength(1);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ reason: 'refused', message: 'HTTP 401' });
    expect(failures[0]!.events.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(reporter.stats()).toMatchObject({ failed: 2, buffered: 0 });
  });

  test('a refusal that names one event costs only that one', async () => {
    const fake = fakeDelivery(({ events }) => {
      const index = events.findIndex(({ id }) => id === 'bad');
      return index === -1
        ? { kind: 'acknowledged' }
        : {
            kind: 'refused',
            reason: 'HTTP 404',
            details: [{ index, field: 'workspaceId', reason: 'is not yours' }],
          };
    });
    const failures: DeliveryFailure[] = [];
    const reporter = reporterOver(fake.delivery, { onError: (failure) => failures.push(failure) });
    for (const id of ['a', 'b', 'bad', 'c']) reporter.report({ ...EVENT, id });
    expect(await reporter.flush()).toEqual({ acknowledged: 3, failed: 1 });
    expect(fake.calls[1]!.events.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(failures[0]!.events.map(({ id }) => id)).toEqual(['bad']);
    expect(failures[0]!.details).toEqual([
      { index: 0, field: 'workspaceId', reason: 'is not yours' },
    ]);
  });

  test('retries end after retryForMs, with the events handed back', async () => {
    let clock = Date.parse('2026-11-20T12:00:00Z');
    const fake = fakeDelivery(() => {
      clock += 1_000;
      return again;
    });
    const failures: DeliveryFailure[] = [];
    const reporter = reporterOver(fake.delivery, {
      retryForMs: 2_500,
      now: () => clock,
      onError: (failure) => failures.push(failure),
    });
    reporter.report(EVENT);
    expect(await reporter.flush()).toEqual({ acknowledged: 0, failed: 1 });
    expect(fake.calls).toHaveLength(3);
    expect(failures[0]!.reason).toBe('retries-exhausted');
  });
});

describe('close', () => {
  test('is not held up by connections that do not let go', async () => {
    const reporter = reporterOver(
      { send: () => new Promise(() => {}), close: () => new Promise(() => {}) },
      { onError: () => {} },
    );
    reporter.report(EVENT);
    expect(await reporter.close({ timeoutMs: 10 })).toEqual({ acknowledged: 0, failed: 1 });
  });

  test('delivers what waits, refuses what comes later, and may be called twice', async () => {
    const fake = fakeDelivery(acknowledge);
    const reporter = reporterOver(fake.delivery, { lingerMs: 3_600_000 });
    reporter.report(EVENT);
    const [first, second] = await Promise.all([reporter.close(), reporter.close()]);
    expect(first).toEqual({ acknowledged: 1, failed: 0 });
    expect(second).toEqual(first);
    expect(fake.closes()).toBe(1);
    expect(reporter.report(EVENT)).toEqual({ kind: 'refused', reason: 'closed' });
  });

  test('ends within its time even when the other side hangs, and hands the events back', async () => {
    const fake = fakeDelivery(() => new Promise<DeliveryOutcome>(() => {}));
    const failures: DeliveryFailure[] = [];
    const reporter = reporterOver(fake.delivery, {
      maxBatchEvents: 1,
      maxInFlight: 1,
      onError: (failure) => failures.push(failure),
    });
    reporter.report(EVENT);
    reporter.report(EVENT);
    expect(await reporter.close({ timeoutMs: 10 })).toEqual({ acknowledged: 0, failed: 2 });
    expect(failures.map(({ reason }) => reason)).toEqual(['closed', 'closed']);
    expect(reporter.stats().buffered).toBe(0);
  });
});

describe('over HTTP', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  async function listen(answer: (call: number) => [number, Record<string, string>, string]) {
    const requests: { request: IncomingMessage; body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      requests.push({ request, body });
      const [status, headers, text] = answer(requests.length - 1);
      response.writeHead(status, headers).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, requests };
  }

  test('posts batches with the key, waits as Retry-After says, and ends acknowledged', async () => {
    const api = await listen((call) =>
      call === 0 ? [429, { 'retry-after': '0' }, ''] : [202, {}, '{"accepted":1}'],
    );
    const reporter = createCostReporter({
      target: { kind: 'http', url: `${api.url}/`, apiKey: 'axk_1' },
      workspaceId: 'acme',
    });
    reporter.report(EVENT);
    expect(await reporter.close()).toEqual({ acknowledged: 1, failed: 0 });
    expect(api.requests).toHaveLength(2);
    const { request, body } = api.requests[1]!;
    expect([request.method, request.url]).toEqual(['POST', '/v1/cost-events']);
    expect(request.headers.authorization).toBe('Bearer axk_1');
    expect(JSON.parse(body).events).toHaveLength(1);
  });

  test('takes a 4xx for a refusal and passes on its words', async () => {
    const api = await listen(() => [
      401,
      {},
      '{"error":{"code":"unauthenticated","message":"no such key","details":[]}}',
    ]);
    const failures: DeliveryFailure[] = [];
    const reporter = createCostReporter({
      target: { kind: 'http', url: api.url, apiKey: 'axk_1' },
      workspaceId: 'acme',
      onError: (failure) => failures.push(failure),
    });
    reporter.report(EVENT);
    await reporter.close();
    expect(failures[0]!.message).toBe('HTTP 401 unauthenticated: no such key');
  });
});

describe('over Pub/Sub', () => {
  test('one message per batch; only failures that cannot heal are refusals', async () => {
    const messages: string[] = [];
    const errors = [
      new AppError({ code: 'publish_failed', message: 'no answer', retryable: true }),
      new AppError({ code: 'message_too_large', message: 'too large' }),
    ];
    let closed = 0;
    const delivery = createPubSubDelivery(async () => ({
      async publish(data) {
        const error = errors[messages.length];
        messages.push(data.toString());
        if (error !== undefined) throw error;
      },
      async close() {
        closed += 1;
      },
    }));
    expect(await delivery.send('1')).toEqual({ kind: 'retry', reason: 'no answer' });
    expect(await delivery.send('2')).toEqual({ kind: 'refused', reason: 'too large', details: [] });
    expect(await delivery.send('3')).toEqual({ kind: 'acknowledged' });
    await delivery.close();
    await delivery.close();
    expect(messages).toEqual(['1', '2', '3']);
    expect(closed).toBe(1);
  });
});

test('options that cannot work are named all at once', () => {
  expect(() =>
    createCostReporter({
      target: { kind: 'http', url: 'localhost:8400', apiKey: '' },
      maxBatchEvents: 5_000,
    }),
  ).toThrow(/maxBatchEvents .*target\.url .*target\.apiKey/);
});
