import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createSend } from '../../../src/alerts/channels/send.ts';
import { createMailer } from '../../../src/cloud/mail.ts';
import { createSlackPost } from '../../../src/cloud/slack.ts';
import { createWebhookPost } from '../../../src/cloud/webhook.ts';
import { formatInstant } from '../../../src/core/time.ts';
import { alertOf, channelOf } from '../../support/alerts.ts';
import { startRedis } from '../../support/redis-server.ts';
import { startSmtp } from '../../support/smtp.ts';
import { startReceiver } from '../cloud/http-receiver.ts';
import { createWorld, messageOf, START } from './harness.ts';

const open: { stop: () => Promise<unknown> }[] = [];
let redis: Awaited<ReturnType<typeof startRedis>>;
let world: ReturnType<typeof createWorld>;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());
afterEach(() => Promise.all(open.splice(0).map((server) => server.stop())));
beforeEach(async () => {
  world = createWorld(redis.redis);
  await world.reset();
});

async function serve<T extends { stop: () => Promise<unknown> }>(server: Promise<T>): Promise<T> {
  open.push(await server);
  return server;
}

/** Delivers through the real clients. */
function connect({ smtpUrl, slackHost }: { smtpUrl?: string; slackHost?: string }): void {
  const now = () => world.nowMs;
  world.answer = createSend({
    mail: createMailer({ smtpUrl, from: 'alerts@example.com' }),
    slack: createSlackPost({ slackHosts: slackHost === undefined ? [] : [slackHost], now }),
    webhook: createWebhookPost({ allowLoopback: true, now }),
    secrets: { get: async () => `http://${slackHost}/services/x` },
    now,
  });
}

const deliver = (id: string, afterMs = 0) =>
  world
    .instance()
    .deliver(messageOf(alertOf({ id, title: id, raisedAt: formatInstant(START + afterMs) })));

test('a mail server that is away for a minute has every mail delivered later, in order, once', async () => {
  let refuses = true;
  const smtp = await serve(
    startSmtp({
      onConnect: (_, done) =>
        done(refuses ? Object.assign(new Error('closing'), { responseCode: 421 }) : undefined),
    }),
  );
  connect({ smtpUrl: smtp.url });
  for (const [id, at] of [
    ['a', 0],
    ['b', 10],
    ['c', 20],
  ] as const) {
    expect(await deliver(id, at)).toMatchObject({ kind: 'waiting' });
  }
  refuses = false;
  world.nowMs += 60_000;
  for (const id of ['b', 'c', 'a']) expect(await deliver(id)).toMatchObject({ kind: 'done' });
  expect(smtp.mails.map(({ mail }) => mail.subject)).toEqual(['[high] a', '[high] b', '[high] c']);
  expect(world.ledger.rows.filter((row) => row.ambiguous)).toEqual([]);
});

test('Slack that asks for three seconds gets them, and the message, once', async () => {
  const at: number[] = [];
  const slack = await serve(
    startReceiver((response) => {
      at.push(world.nowMs - START);
      if (at.length > 1) return response.end('ok');
      return response.writeHead(429, { 'retry-after': '3' }).end('rate_limited');
    }),
  );
  connect({ slackHost: slack.host });
  world.channels = [channelOf('slack', { kind: 'slack', webhookSecret: 'HOOK' })];
  expect(await deliver('a')).toMatchObject({ kind: 'done' });
  expect(at).toEqual([0, 3_000]);
  expect(world.steps()).toEqual(['queued', 'sending 1', 'failed 1', 'sending 2', 'sent 2']);
});
