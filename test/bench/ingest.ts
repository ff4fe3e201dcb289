import { createRedis, type Redis, redisReady } from '../../src/cloud/redis.ts';
import { metaKey } from '../../src/costs/rollups/keys.ts';
import { createRollups, toArguments } from '../../src/costs/rollups/rollups.ts';
import { freePort, startRedisServer } from '../support/redis-server.ts';
import { createBenchEntries } from './entries.ts';
import { benchEvents, pushBody } from './events.ts';
import { postAll } from './load.ts';
import { createProcesses } from './processes.ts';

const EVENTS_PER_MESSAGE = 100;
const MESSAGES = 4_000;
const WARM_UP_MESSAGES = 400;
const NAIVE_EVENTS = 6_000;
/** Requests in flight: what Cloud Run sends one instance by default. */
const CONNECTIONS = 80;
const DEDUPE_WINDOW_HOURS = 48;
const EPOCH_MS = DEDUPE_WINDOW_HOURS * 3_600_000;

export type IngestFigures = {
  eventsPerSecond: number;
  luaAloneEventsPerSecond: number;
  naiveEventsPerSecond: number;
  dedupeBytesPerEvent: number;
  entriesPerLuaCall: number;
};

/**
 * Events per second through the running function (100-event messages over HTTP, real Redis, a ledger endpoint that
 * answers like BigQuery), beside the same Lua script alone with prepared arguments, in calls of the same size, and
 * beside the naive way. All on this machine, one after the other.
 */
export async function benchIngest(say: (line: string) => void): Promise<IngestFigures> {
  const processes = createProcesses();
  const server = await startRedisServer();
  const redis = createRedis({ url: server.url });
  await redisReady(redis, 30_000);
  const ledgerPort = await freePort();
  const ledgerUrl = `http://127.0.0.1:${ledgerPort}`;
  try {
    await processes.start('test/bench/ledger-endpoint.ts', [String(ledgerPort)]);
    say(`function: ${MESSAGES} messages of ${EVENTS_PER_MESSAGE} events`);
    const ours = await benchFunction(processes, redis, server.url, ledgerUrl);
    await redis.flushall();
    say(`the same script alone: calls of ${ours.entriesPerLuaCall} entries`);
    const luaAloneEventsPerSecond = await benchLua(redis, ours.entriesPerLuaCall);
    await redis.flushall();
    say(`naive: ${NAIVE_EVENTS} messages of one event`);
    const naiveEventsPerSecond = await benchNaive(processes, server.url, ledgerUrl);
    return { ...ours, luaAloneEventsPerSecond, naiveEventsPerSecond };
  } finally {
    redis.disconnect();
    await processes.stopAll();
    await server.stop();
  }
}

async function benchFunction(
  processes: ReturnType<typeof createProcesses>,
  redis: Redis,
  redisUrl: string,
  ledgerUrl: string,
) {
  const port = await freePort();
  await processes.start('functions/ingest-cost-events.ts', [], {
    GOOGLE_CLOUD_PROJECT: 'bench',
    REDIS_URL: redisUrl,
    BIGQUERY_API_ENDPOINT: ledgerUrl,
    PORT: String(port),
  });
  const url = `http://127.0.0.1:${port}/`;
  const body = (i: number) => pushBody(benchEvents(i, EVENTS_PER_MESSAGE, 'ours'), `message-${i}`);
  const warmUp = Array.from({ length: WARM_UP_MESSAGES }, (_, i) => body(MESSAGES + i));
  await postAll(url, warmUp, CONNECTIONS);
  const bodies = Array.from({ length: MESSAGES }, (_, i) => body(i));
  await redis.config('RESETSTAT');
  const seconds = await postAll(url, bodies, CONNECTIONS);

  const events = MESSAGES * EVENTS_PER_MESSAGE;
  await expectAllCounted(redis, ledgerUrl, events + WARM_UP_MESSAGES * EVENTS_PER_MESSAGE);
  const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
  return {
    eventsPerSecond: Math.round(events / seconds),
    entriesPerLuaCall: Math.round(events / calls),
    dedupeBytesPerEvent: await dedupeBytes(redis, events + WARM_UP_MESSAGES * EVENTS_PER_MESSAGE),
  };
}

/** A benchmark that loses events measures nothing. */
async function expectAllCounted(redis: Redis, ledgerUrl: string, events: number): Promise<void> {
  const { rows } = (await (await fetch(`${ledgerUrl}/rows`)).json()) as { rows: number };
  const months = (await redis.keys('cost:*')).filter((key) => key.includes(':m:'));
  const counts = await Promise.all(months.map((key) => redis.hget(key, 'events:total')));
  const counted = counts.reduce((sum, count) => sum + Number(count), 0);
  if (rows !== events || counted !== events) {
    throw new Error(`${events} events sent, ${rows} in the ledger, ${counted} in the rollups`);
  }
}

/** What Redis frees when it forgets the sets of seen ids, per event. */
async function dedupeBytes(redis: Redis, events: number): Promise<number> {
  const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  const keys = await redis.keys('seen:*');
  const before = await usedMemory();
  for (let i = 0; i < keys.length; i += 1_000) await redis.del(...keys.slice(i, i + 1_000));
  const after = await usedMemory();
  return Math.round((100 * (before - after)) / events) / 100;
}

async function benchLua(redis: Redis, entriesPerCall: number): Promise<number> {
  const rollups = createRollups({
    redis,
    rebuild: async (workspaceId) => {
      await redis.hset(metaKey(workspaceId), 'state', 'ready');
    },
    dedupeWindowHours: DEDUPE_WINDOW_HOURS,
    now: Date.now,
  });
  const benchEntries = createBenchEntries();
  const calls = Math.ceil((MESSAGES * EVENTS_PER_MESSAGE) / entriesPerCall);
  const prepared: { workspaceId: string; args: string[] }[] = [];
  for (let i = 0; i < calls; i++) {
    const entries = benchEntries(i, entriesPerCall);
    const { workspaceId } = entries[0]!.event;
    if (i < 100) await rollups.apply(workspaceId, entries.slice(0, 1));
    const rest = i < 100 ? entries.slice(1) : entries;
    prepared.push({ workspaceId, args: toArguments(workspaceId, rest, EPOCH_MS, Date.now()) });
  }
  const commands = redis as unknown as {
    applyCostEntries(meta: string, ...args: string[]): Promise<string[]>;
  };
  let next = 0;
  const worker = async () => {
    while (next < prepared.length) {
      const { workspaceId, args } = prepared[next++]!;
      const [outcome] = await commands.applyCostEntries(metaKey(workspaceId), ...args);
      if (outcome !== 'applied') throw new Error(`the script answered ${outcome}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: 8 }, worker));
  return Math.round((calls * entriesPerCall) / ((performance.now() - started) / 1_000));
}

async function benchNaive(
  processes: ReturnType<typeof createProcesses>,
  redisUrl: string,
  ledgerUrl: string,
): Promise<number> {
  const port = await freePort();
  await processes.start('test/bench/naive-function.ts', [String(port), redisUrl, ledgerUrl]);
  const bodies = Array.from({ length: NAIVE_EVENTS }, (_, i) =>
    pushBody(benchEvents(i, 1, 'naive'), `message-${i}`),
  );
  const url = `http://127.0.0.1:${port}/`;
  await postAll(url, bodies.slice(0, 500), CONNECTIONS);
  const seconds = await postAll(url, bodies.slice(500), CONNECTIONS);
  return Math.round((NAIVE_EVENTS - 500) / seconds);
}
