import { BigQuery } from '@google-cloud/bigquery';
import { createBigQueryEmulator } from '../../local/bigquery/emulator.ts';
import { provisionBigquery } from '../../local/provision/bigquery.ts';
import type { Alert } from '../../src/alerts/alert.ts';
import { createNotices } from '../../src/alerts/notices.ts';
import { createAlerts } from '../../src/alerts/raise.ts';
import { createAnomalyDetection } from '../../src/analysis/detect-anomalies.ts';
import { createFindings } from '../../src/analysis/findings/findings.ts';
import { createRuns } from '../../src/analysis/runs.ts';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { createRedis, redisReady } from '../../src/cloud/redis.ts';
import { formatUsd, type NanoUsd } from '../../src/core/money.ts';
import { formatInstant, HOUR_MS } from '../../src/core/time.ts';
import { createSettings } from '../../src/settings/settings.ts';
import { startRedisServer } from './redis-server.ts';

/** What an agent of a workspace spent with a model in one hour. */
export type HourlyCost = {
  workspaceId: string;
  provider: string;
  model: string;
  agent: string;
  /** Epoch ms. */
  hourMs: number;
  costNanoUsd: NanoUsd;
};

const PROJECT = 'analysis-tests';
const DATASET = 'agentworks_observability';
const ROWS_AT_ONCE = 10_000;

export type AnalysisWorld = Awaited<ReturnType<typeof createAnalysisWorld>>;

/** The detection of anomalies with the local BigQuery and a real Redis, at a time of its own; alerts end in `raised`. */
export async function createAnalysisWorld(startMs: number) {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const clock = { ms: startMs };
  const now = () => clock.ms;
  const emulator = createBigQueryEmulator({ projectId: PROJECT, now });
  const [redisServer] = await Promise.all([startRedisServer(), emulator.start()]);
  await provisionBigquery({ projectId: PROJECT, apiEndpoint: emulator.url, dataset: DATASET });
  const client = new BigQuery({ projectId: PROJECT, apiEndpoint: emulator.url });
  const warehouse = createWarehouse({
    projectId: PROJECT,
    dataset: DATASET,
    apiEndpoint: emulator.url,
  });
  const redis = createRedis({ url: redisServer.url, onError: () => {} });
  await redisReady(redis, 5_000);
  const raised: Alert[] = [];
  const failures: unknown[] = [];
  const publisher = {
    async publish(data: Buffer): Promise<string> {
      raised.push(JSON.parse(data.toString('utf8')) as Alert);
      return String(raised.length);
    },
  };
  const notices = createNotices({ redis, warehouse, now });
  const alerts = createAlerts({ warehouse, publisher, notices });
  const settings = createSettings({ warehouse, redis, now });
  const findings = createFindings({ warehouse, alerts, now });
  const runs = createRuns({ warehouse, redis, now });
  const detection = createAnomalyDetection({
    ...{ warehouse, settings, runs, findings, operationsWorkspace: 'operations' },
    onFailed: (_job, error) => failures.push(error),
  });

  return {
    ...{ clock, warehouse, redis, raised, failures, settings, findings, runs, detection },

    /** Puts costs into the ledger, in the middle of their hours. */
    async spend(costs: readonly HourlyCost[]): Promise<void> {
      for (let first = 0; first < costs.length; first += ROWS_AT_ONCE) {
        const rows = costs
          .slice(first, first + ROWS_AT_ONCE)
          .map(rowOf)
          .map((json) => ({ insertId: `${json.workspace_id}-${json.event_id}`, json }));
        const result = await warehouse.insert('cost_events', rows);
        if (result.kind !== 'ok') throw new Error(JSON.stringify(result.errors[0]));
      }
    },

    /** Records that a job has judged all until then (epoch ms). */
    async ranUntil(job: string, ms: number): Promise<void> {
      const at = formatInstant(ms);
      const run = { job, run_id: `${job}-${ms}`, window_to: at, started_at: at, ended_at: at };
      await warehouse.insert('analysis_runs', [
        { insertId: run.run_id, json: { ...run, outcome: 'ok' } },
      ]);
    },

    /** Forgets the rows of a table. */
    async forget(table: 'cost_events' | 'analysis_runs'): Promise<void> {
      await client.query({ query: `TRUNCATE TABLE \`${PROJECT}.${DATASET}.${table}\`` });
    },

    async close(): Promise<void> {
      await redis.quit();
      await redisServer.stop();
      await emulator.close();
    },
  };
}

function rowOf({ workspaceId, provider, model, agent, hourMs, costNanoUsd }: HourlyCost) {
  const at = formatInstant(hourMs + HOUR_MS / 2);
  const id = [provider, model, agent, hourMs].join('-');
  return {
    workspace_id: workspaceId,
    event_id: id,
    entry: 'event',
    event_time: at,
    ingest_time: at,
    content_hash: id,
    events: 1,
    unpriced_events: 0,
    cost_usd: formatUsd(costNanoUsd),
    cost_source: 'reported',
    resource_type: 'llm_api',
    resource_id: 'chat.completions',
    provider,
    model,
    agent_id: agent === '' ? undefined : agent,
  };
}
