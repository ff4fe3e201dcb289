import { BigQuery } from '@google-cloud/bigquery';
import { PubSub } from '@google-cloud/pubsub';
import { Redis } from 'ioredis';
import type { Endpoints } from '../../local/endpoints.ts';
import type { Publisher } from '../../src/cloud/pubsub.ts';
import { formatUsd } from '../../src/core/money.ts';
import { monthOf } from '../../src/core/time.ts';
import type { CostReport } from '../../src/costs/reports/report.ts';

/** Ways to look at a local cloud from outside: the API, Redis, and the ledger through Google's own client. */
export function createClient(endpoints: Endpoints) {
  const { api, apiKey, project, dataset, bigquery, redis: redisUrl } = endpoints;
  const ledger = new BigQuery({ projectId: project, apiEndpoint: bigquery });

  async function call(
    path: string,
    options: { method?: string; body?: unknown; key?: string } = {},
  ) {
    const { body, key = apiKey, method = body === undefined ? 'GET' : 'POST' } = options;
    const response = await fetch(api + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  async function query(sql: string): Promise<Record<string, unknown>[]> {
    const [rows] = await ledger.query({ query: sql, defaultDataset: { datasetId: dataset } });
    return rows;
  }

  return {
    call,
    query,

    async costs(workspaceId: string, search = ''): Promise<CostReport> {
      const { status, body } = await call(`/v1/workspaces/${workspaceId}/costs${search}`);
      if (status !== 200)
        throw new Error(`costs of ${workspaceId}: ${status} ${JSON.stringify(body)}`);
      return body as unknown as CostReport;
    },

    /** The sum of the ledger, by Google's client, as a decimal. */
    async ledgerTotal(workspaceId: string): Promise<string> {
      const [row] = await query(
        `SELECT CAST(COALESCE(SUM(cost_usd), 0) AS STRING) AS total FROM costs
         WHERE workspace_id = '${workspaceId}' AND event_time >= TIMESTAMP '2020-01-01'`,
      );
      return String(row?.total);
    },

    /** The month's total as it stands in Redis, as a decimal. */
    async redisMonthTotal(workspaceId: string, month = monthOf(Date.now())): Promise<string> {
      const redis = new Redis(redisUrl);
      try {
        return formatUsd(
          BigInt((await redis.hget(`cost:{${workspaceId}}:m:${month}`, 'total')) ?? 0),
        );
      } finally {
        redis.disconnect();
      }
    },

    /** Publishes one message to the topic of cost events by Google's client. */
    async publish(data: Parameters<Publisher['publish']>[0]): Promise<void> {
      process.env.PUBSUB_EMULATOR_HOST = endpoints.pubsub;
      const pubsub = new PubSub({ projectId: project });
      delete process.env.PUBSUB_EMULATOR_HOST;
      await pubsub.topic('cost-events').publishMessage({ data });
      await pubsub.close();
    },
  };
}
