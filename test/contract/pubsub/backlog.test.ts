import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBacklog, type Lease } from '../../../local/pubsub/backlog.ts';
import type { StoredMessage } from '../../../local/pubsub/message.ts';
import type { SubscriptionConfig } from '../../../local/pubsub/subscription-config.ts';

const CONFIG: SubscriptionConfig = {
  name: 'projects/p/subscriptions/s',
  topic: 'projects/p/topics/t',
  push: undefined,
  ackDeadlineSeconds: 10,
  retention: { seconds: 600, nanos: 0 },
  labels: {},
  ordered: false,
  expirationTtl: null,
  deadLetter: { deadLetterTopic: 'projects/p/topics/dead', maxDeliveryAttempts: 5 },
  retry: undefined,
};

function backlogOf(config: SubscriptionConfig, clock: { nowMs: number }) {
  const usage = { messages: 0, bytes: 0 };
  const deadLettered: string[] = [];
  let lastAckId = 0;
  const backlog = createBacklog({
    now: () => clock.nowMs,
    config: () => config,
    nextAckId() {
      lastAckId += 1;
      return String(lastAckId);
    },
    usage,
    deadLetter: (message) => {
      deadLettered.push(message.messageId);
      return true;
    },
    onReady: () => {},
  });
  return { backlog, usage, deadLettered };
}

function message(id: number, nowMs: number, orderingKey = ''): StoredMessage {
  return {
    messageId: String(id),
    publishTimeMs: nowMs,
    data: Buffer.alloc(0),
    attributes: {},
    orderingKey,
    bytes: 10,
  };
}

const step = fc.record({
  kind: fc.constantFrom('add', 'take', 'ack', 'nack'),
  count: fc.integer({ min: 1, max: 5 }),
  key: fc.constantFrom('', 'a', 'b'),
});

test('whatever happens, every message is waiting, acknowledged or dead-lettered: none lost, none twice', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, ordered) => {
      const clock = { nowMs: 0 };
      const { backlog, usage, deadLettered } = backlogOf({ ...CONFIG, ordered }, clock);
      const acked: string[] = [];
      let out: Lease[] = [];
      let added = 0;
      const take = (maxMessages: number) =>
        backlog.take({ maxMessages, maxBytes: Infinity, deadlineMs: Infinity });
      for (const { kind, count, key } of steps) {
        if (kind === 'add') {
          backlog.add(Array.from({ length: count }, (_, n) => message(added + n + 1, 0, key)));
          added += count;
        } else if (kind === 'take') out.push(...take(count));
        else {
          for (const lease of out.splice(0, count)) {
            if (kind === 'ack') acked.push(lease.message.messageId);
            backlog[kind as 'ack' | 'nack'](lease.ackId);
          }
        }
        expect(backlog.counts.backlogMessages).toBe(added - acked.length - deadLettered.length);
        expect(usage).toEqual({
          messages: backlog.counts.backlogMessages,
          bytes: backlog.counts.backlogBytes,
        });
      }
      for (; usage.messages > 0; out = take(100)) {
        for (const lease of out.splice(0)) {
          backlog.ack(lease.ackId);
          acked.push(lease.message.messageId);
        }
      }
      const settled = [...acked, ...deadLettered].map(Number).sort((a, b) => a - b);
      expect(settled).toEqual(Array.from({ length: added }, (_, n) => n + 1));
      backlog.close();
    }),
  );
});

test('messages older than the retention are dropped, counted, and give their room back', () => {
  const clock = { nowMs: 0 };
  const { backlog, usage } = backlogOf(CONFIG, clock);
  backlog.add([message(1, 0), message(2, 400_000)]);
  clock.nowMs = 600_001;
  const taken = backlog.take({ maxMessages: 10, maxBytes: Infinity, deadlineMs: Infinity });
  expect(taken.map((lease) => lease.message.messageId)).toEqual(['2']);
  expect(backlog.counts.dropped).toBe(1);
  expect(usage).toEqual({ messages: 1, bytes: 10 });
  backlog.close();
});

test('a message larger than the byte limit is still delivered, alone', () => {
  const { backlog } = backlogOf(CONFIG, { nowMs: 0 });
  backlog.add([message(1, 0), message(2, 0)]);
  expect(backlog.take({ maxMessages: 10, maxBytes: 1, deadlineMs: Infinity })).toHaveLength(1);
  backlog.close();
});

test('an acknowledgement that comes twice counts once', () => {
  const { backlog, usage } = backlogOf(CONFIG, { nowMs: 0 });
  backlog.add([message(1, 0)]);
  const [lease] = backlog.take({ maxMessages: 1, maxBytes: Infinity, deadlineMs: Infinity });
  backlog.ack(lease!.ackId);
  backlog.ack(lease!.ackId);
  backlog.nack(lease!.ackId);
  expect(backlog.counts).toMatchObject({ acked: 1, nacked: 0, backlogMessages: 0 });
  expect(usage.messages).toBe(0);
});
