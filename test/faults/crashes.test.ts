import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { formatUsd, parseUsd } from '../../src/core/money.ts';
import { createClient } from '../e2e/client.ts';
import { type LocalCloud, startLocalCloud } from '../e2e/local-cloud.ts';
import { eventually } from '../e2e/waiting.ts';

const BATCHES = 60;
const EVENTS_PER_BATCH = 100;
const TIMEOUT_MS = 400_000;

let cloud: LocalCloud;
let client: ReturnType<typeof createClient>;

beforeAll(async () => {
  cloud = await startLocalCloud({ args: ['--no-workload'] });
  client = createClient(cloud.endpoints);
}, TIMEOUT_MS);
afterAll(async () => {
  await cloud?.stop();
}, TIMEOUT_MS);

const kill = (name: string) => process.kill(cloud.current().pids[name]!, 'SIGKILL');

function batch(workspaceId: string, number: number) {
  return Array.from({ length: EVENTS_PER_BATCH }, (_, i) => ({
    id: `b${number}-${i}`,
    workspaceId,
    timestamp: new Date().toISOString(),
    resourceType: 'llm_api',
    resourceId: 'chat.completions',
    provider: 'openai',
    costUsd: formatUsd(1_000_003n * BigInt(number) + BigInt(i)),
    currency: 'USD',
  }));
}

/** Sends a batch until it is accepted, every time with the same ids and content, as a producer does. */
async function sendUntilAccepted(events: unknown[]): Promise<void> {
  await eventually(
    async () => {
      const sent = await client
        .call('/v1/cost-events', { body: { events } })
        .catch(() => undefined);
      return sent?.status === 202;
    },
    { timeoutMs: 60_000, what: 'acceptance' },
  );
}

test.each([
  { workspaceId: 'redis-killed', faults: ['redis'] },
  { workspaceId: 'function-killed', faults: ['ingest-cost-events'] },
  {
    workspaceId: 'all-killed',
    faults: ['ingest-cost-events', 'redis', 'api', 'ingest-cost-events'],
  },
])(
  'totals are exact to the nano-dollar after $faults are killed while events come in',
  async ({ workspaceId, faults }) => {
    const killAt = new Map(
      faults.map((name, i) => [Math.floor((BATCHES * (i + 1)) / (faults.length + 1)), name]),
    );
    let expected = 0n;
    for (let number = 0; number < BATCHES; number++) {
      const fault = killAt.get(number);
      if (fault !== undefined) kill(fault);
      const events = batch(workspaceId, number);
      for (const { costUsd } of events) expected += parseUsd(costUsd);
      await sendUntilAccepted(events);
      // Paced, so that every fault hits traffic under way.
      await delay(10);
    }
    const all = BATCHES * EVENTS_PER_BATCH;
    const costs = await eventually(
      async () => {
        const now = await client.costs(workspaceId).catch(() => undefined);
        return now !== undefined && now.events >= all && now.source === 'redis' && now;
      },
      { timeoutMs: 90_000, what: `${all} events of ${workspaceId}` },
    );
    expect(costs).toMatchObject({ events: all, totalUsd: formatUsd(expected) });
    expect(await client.redisMonthTotal(workspaceId)).toBe(formatUsd(expected));
    expect(await client.ledgerTotal(workspaceId)).toBe(formatUsd(expected));
  },
  TIMEOUT_MS,
);

test(
  'workspaces that many messages open at once lose none of their events',
  async () => {
    // Found by a replay of thirty tenants: what was appended between a rebuild's reads was never counted.
    const workspaces = Array.from({ length: 40 }, (_, i) => `opened-${i}`);
    const sends = workspaces.flatMap((workspaceId) =>
      [0, 1, 2, 3].map((number) => sendUntilAccepted(batch(workspaceId, number))),
    );
    await Promise.all(sends);
    const expected = formatUsd(
      [0, 1, 2, 3]
        .flatMap((number) => batch('any', number))
        .reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0n),
    );
    for (const workspaceId of workspaces) {
      await eventually(async () => (await client.costs(workspaceId)).totalUsd === expected, {
        timeoutMs: 30_000,
        what: `${expected} for ${workspaceId}`,
      });
    }
  },
  TIMEOUT_MS,
);
