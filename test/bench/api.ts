import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { createRedis, redisReady } from '../../src/cloud/redis.ts';
import { metaKey } from '../../src/costs/rollups/keys.ts';
import { createRollups } from '../../src/costs/rollups/rollups.ts';
import { freePort, startRedisServer } from '../support/redis-server.ts';
import { createBenchEntries } from './entries.ts';
import { createProcesses } from './processes.ts';

const READERS = 50;
const SECONDS = 8;
const WORKSPACES = 20;
const EVENTS_PER_WORKSPACE = 2_000;
const ADMIN_KEY = 'axk_benchmark';
const QUERIES = ['', '?by=provider', '?by=model', '?by=agent', '?by=user', '?by=day'];

/**
 * Latency of cost queries answered from the rollups: 50 readers, each asking again as soon as it is answered, over
 * 20 workspaces and six kinds of query, of the API as its own process, while costs come in. The readers share the machine's cores.
 */
export async function benchApi(
  say: (line: string) => void,
): Promise<{ apiP95Ms: number; apiRequestsPerSecond: number }> {
  const processes = createProcesses();
  const server = await startRedisServer();
  const redis = createRedis({ url: server.url });
  try {
    await redisReady(redis, 30_000);
    const rollups = createRollups({
      redis,
      rebuild: async (workspaceId) => {
        await redis.hset(metaKey(workspaceId), 'state', 'ready');
      },
      dedupeWindowHours: 48,
      now: Date.now,
    });
    const benchEntries = createBenchEntries();
    for (let i = 0; i < WORKSPACES; i++) {
      await rollups.apply(`tenant-${i}`, benchEntries(i, EVENTS_PER_WORKSPACE));
    }
    const ledgerPort = await freePort();
    await processes.start('test/bench/ledger-endpoint.ts', [String(ledgerPort)]);
    const port = await freePort();
    await processes.start('services/api/main.ts', [], {
      GOOGLE_CLOUD_PROJECT: 'bench',
      REDIS_URL: server.url,
      BIGQUERY_API_ENDPOINT: `http://127.0.0.1:${ledgerPort}`,
      PUBSUB_EMULATOR_HOST: '127.0.0.1:1',
      PORT: String(port),
      API_KEY_PEPPER: 'benchmark',
      BOOTSTRAP_ADMIN_KEY: ADMIN_KEY,
      RATE_LIMIT_PER_SECOND: '1000000',
    });
    const url = `http://127.0.0.1:${port}`;
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    await expectRollups(`${url}/v1/workspaces/tenant-0/costs`, headers);
    const requests = Array.from({ length: WORKSPACES * QUERIES.length }, (_, i) => ({
      path: `/v1/workspaces/tenant-${i % WORKSPACES}/costs${QUERIES[i % QUERIES.length]}`,
      headers,
    }));
    // Costs keep coming in: every workspace changes once a second.
    let message = WORKSPACES;
    const writer = setInterval(() => {
      const workspace = `tenant-${message % WORKSPACES}`;
      rollups.apply(workspace, benchEntries(message++, 100)).catch((error: Error) => {
        throw error;
      });
    }, 1_000 / WORKSPACES);
    await autocannon({ url, requests, connections: READERS, duration: 2 });
    say(`api: ${READERS} readers for ${SECONDS} s`);
    const latencies: number[] = [];
    const requestsPerSecond = await new Promise<number>((resolve, reject) => {
      const run = autocannon(
        { url, requests, connections: READERS, duration: SECONDS },
        (error: Error | null, result) => (error ? reject(error) : resolve(result.requests.average)),
      );
      run.on('response', (_client, statusCode, _bytes, responseTimeMs) => {
        if (statusCode === 200) latencies.push(responseTimeMs);
        else reject(new Error(`the API answered ${statusCode}`));
      });
    });
    clearInterval(writer);
    latencies.sort((a, b) => a - b);
    const apiP95Ms = latencies[Math.floor(latencies.length * 0.95)] ?? Number.NaN;
    return {
      apiP95Ms: Math.round(apiP95Ms * 100) / 100,
      apiRequestsPerSecond: Math.round(requestsPerSecond),
    };
  } finally {
    redis.disconnect();
    await processes.stopAll();
    await server.stop();
  }
}

/** The API may listen before it has reached Redis, and answers from the ledger until then. */
async function expectRollups(url: string, headers: Record<string, string>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = (await (await fetch(url, { headers })).json()) as Record<string, unknown>;
    if (answer.source === 'redis' && answer.events === EVENTS_PER_WORKSPACE) return;
    if (Date.now() > deadline) {
      throw new Error(`not answered from the rollups: ${JSON.stringify(answer).slice(0, 300)}`);
    }
    await delay(50);
  }
}
