import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from '../e2e/client.ts';
import { createInbox, type InboxMessage } from '../e2e/inbox.ts';
import { type LocalCloud, startLocalCloud } from '../e2e/local-cloud.ts';
import { createSpender } from '../e2e/spender.ts';
import { eventually } from '../e2e/waiting.ts';
import { ax } from '../unit/cli/run.ts';

const TIMEOUT_MS = 400_000;
/** How long mail is refused; longer than any single attempt. */
const OUTAGE_MS = 8_000;

let cloud: LocalCloud;
let client: ReturnType<typeof createClient>;
let inbox: ReturnType<typeof createInbox>;
let spend: ReturnType<typeof createSpender>['spend'];

beforeAll(async () => {
  cloud = await startLocalCloud({ args: ['--no-workload'] });
  client = createClient(cloud.endpoints);
  inbox = createInbox(cloud.endpoints);
  ({ spend } = createSpender(client));
}, TIMEOUT_MS);
afterAll(async () => {
  await cloud?.stop();
}, TIMEOUT_MS);

const kill = (name: string) => process.kill(cloud.current().pids[name]!, 'SIGKILL');

async function put(path: string, body: unknown): Promise<void> {
  const { status, body: answer } = await client.call(path, { method: 'PUT', body });
  if (status !== 200) throw new Error(`PUT ${path}: ${status} ${JSON.stringify(answer)}`);
}

/** A budget of $4 a day with four thresholds, told by mail and Slack. */
async function watch(workspaceId: string): Promise<void> {
  const path = `/v1/workspaces/${workspaceId}`;
  const to = [`owner@${workspaceId}.example`];
  await put(`${path}/channels/mail`, { target: { kind: 'email', to } });
  await put(`${path}/channels/slack`, {
    target: { kind: 'slack', webhookSecret: 'SLACK_WEBHOOK' },
  });
  await put(`${path}/budgets/daily`, {
    period: { every: 'day' },
    limitUsd: '4',
    thresholdsPercent: [25, 50, 75, 100],
  });
}

async function flushRedis(): Promise<void> {
  const redis = new Redis(cloud.endpoints.redis);
  await redis.flushall();
  redis.disconnect();
}

/** Has a job run by the scheduler, again until a run ended well, and waits for that end. */
async function runJob(name: string): Promise<void> {
  const { api, apiKey } = cloud.endpoints;
  const env = { AX_API_URL: api, AX_API_KEY: apiKey };
  await eventually(
    async () => (await ax(['jobs', 'run', name], { folder: cloud.stateDir, env })).code === 0,
    { timeoutMs: 90_000, what: `a run of ${name}` },
  );
}

/** Ten checks at once, and one after they ended. */
async function checkManyTimes(): Promise<void> {
  await Promise.all(Array.from({ length: 10 }, () => runJob('check-budgets')));
  await runJob('check-budgets');
}

/** Checks and deliveries by hand, until nothing is under way any more: what was to be said has been said. */
async function settle(workspaceId: string): Promise<void> {
  await runJob('check-budgets');
  await ended(workspaceId);
}

async function ended(workspaceId: string): Promise<void> {
  await eventually(
    async () => {
      const deliveries = await deliveriesOf(workspaceId);
      return deliveries.every(({ status }) => status === 'sent' || status === 'parked');
    },
    { timeoutMs: 120_000, what: `the end of every delivery of ${workspaceId}` },
  );
}

type Delivery = { channelId: string; status: string; attempts: number; ambiguous: number };

async function deliveriesOf(workspaceId: string): Promise<Delivery[]> {
  const { body } = await client.call(`/v1/workspaces/${workspaceId}/alerts`);
  return ((body.alerts ?? []) as { deliveries: Delivery[] }[]).flatMap(
    ({ deliveries }) => deliveries,
  );
}

/** How often each thing was said: kind and threshold to count. */
function tally(messages: readonly InboxMessage[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const message of messages) {
    const percent = /\b(25|50|75|100) ?%/.exec(message.subject ?? message.text ?? '')?.[1];
    const key = `${message.kind} ${percent}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

test(
  'nobody is told twice by repeated events, ten checks at once, killed processes and a Redis that forgot',
  async () => {
    await watch('once');
    await spend('once', 'o1', '1');
    await inbox.arrived('once', 2);
    await spend('once', 'o2', '1');
    await inbox.arrived('once', 4);

    await flushRedis();
    await spend('once', 'o1', '1');
    await spend('once', 'o2', '1');
    await checkManyTimes();
    kill('check-budgets');
    kill('ingest-cost-events');
    await flushRedis();
    await spend('once', 'o3', '1');
    await inbox.arrived('once', 6, { timeoutMs: 60_000 });
    // Between a send and its record a death would be a repeat that is counted; that is the next test.
    await ended('once');
    kill('deliver-alerts');
    await flushRedis();
    await checkManyTimes();
    await settle('once');
    expect(tally(await inbox.about('once'))).toEqual({
      'mail 25': 1,
      'mail 50': 1,
      'mail 75': 1,
      'slack 25': 1,
      'slack 50': 1,
      'slack 75': 1,
    });
  },
  TIMEOUT_MS,
);

test(
  'a notice is forgotten by no death on its way, and the only repeat is one that is counted as ambiguous',
  async () => {
    await watch('killed');
    // Slack takes the message and answers late: the sender dies in between.
    await inbox.faults({ slack: { delayMs: 4_000, times: 1 } });
    await spend('killed', 'k1', '1');
    await eventually(
      async () => {
        const mail = (await deliveriesOf('killed')).find(({ channelId }) => channelId === 'mail');
        return mail?.status === 'sent' && (await inbox.about('killed', 'slack')).length === 1;
      },
      { timeoutMs: 20_000, what: 'the mail, and the Slack message that is not answered yet' },
    );
    kill('deliver-alerts');
    await flushRedis();
    await inbox.arrived('killed', 3, { timeoutMs: 100_000 });
    await settle('killed');
    expect(tally(await inbox.about('killed'))).toEqual({ 'mail 25': 1, 'slack 25': 2 });
    expect(await deliveriesOf('killed')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ channelId: 'slack', status: 'sent', ambiguous: 1 }),
        expect.objectContaining({ channelId: 'mail', status: 'sent', ambiguous: 0 }),
      ]),
    );
  },
  TIMEOUT_MS,
);

test(
  'what cannot be delivered for a while is delivered later, in order, all of it',
  async () => {
    await watch('outage');
    await inbox.faults({
      smtp: { refuse: true },
      slack: { status: 429, retryAfterSeconds: 3, times: 2 },
    });
    const startedMs = Date.now();
    await spend('outage', 'x1', '1');
    await eventually(async () => (await deliveriesOf('outage')).some((one) => one.attempts > 0), {
      timeoutMs: 20_000,
      what: 'the first attempt',
    });
    await spend('outage', 'x2', '1');
    await spend('outage', 'x3', '1');
    await delay(Math.max(0, startedMs + OUTAGE_MS - Date.now()));
    expect(await inbox.about('outage', 'mail')).toEqual([]);
    await inbox.heal();
    await settle('outage');
    const arrived = await inbox.about('outage');
    for (const kind of ['mail', 'slack'] as const) {
      const percents = arrived
        .filter((message) => message.kind === kind)
        .map((message) =>
          Number(/\b(25|50|75|100) ?%/.exec(message.subject ?? message.text ?? '')?.[1]),
        );
      expect(percents.at(-1)).toBe(75);
      expect(percents).toEqual([...new Set(percents)].sort((a, b) => a - b));
    }
    const slack = arrived.filter(({ kind }) => kind === 'slack')[0]!;
    expect(Date.parse(slack.receivedAt) - startedMs).toBeGreaterThanOrEqual(6_000);
  },
  TIMEOUT_MS,
);
