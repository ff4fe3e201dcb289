import type { HttpFunction } from '@google-cloud/functions-framework';
import { createCrossingReport } from '../src/budgets/crossing.ts';
import { listBudgetMeters } from '../src/budgets/meters.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createPublisher } from '../src/cloud/pubsub.ts';
import { parsePush } from '../src/cloud/push.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { readConfig } from '../src/core/config.ts';
import { AppError } from '../src/core/errors.ts';
import { createAwaitedEvents } from '../src/costs/awaited-events.ts';
import { createIngest, type Ingest } from '../src/costs/ingest.ts';
import { createLedger } from '../src/costs/ledger.ts';
import { createPriceBook } from '../src/costs/pricing/price-book.ts';
import { createRebuild } from '../src/costs/rollups/rebuild.ts';
import { createRollups } from '../src/costs/rollups/rollups.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { listPriceOverrides } from '../src/settings/price-overrides.ts';
import { createSettings } from '../src/settings/settings.ts';
import type { Logger } from '../src/telemetry/logging.ts';

/** Pub/Sub's largest message in base64, and what is around it. */
const MAX_PUSH_BYTES = 14 * 2 ** 20;

/** Takes pushes of the topic `cost-events`: 204 once the events are in the ledger and counted, 5xx to have them again. */
export function createHandler(ingest: Ingest['ingest'], log: Logger): HttpFunction {
  return async (request, response) => {
    const message = parsePush(request.body);
    if (message === undefined) {
      response.status(400).send('The body is not a Pub/Sub push request');
      return;
    }
    try {
      await ingest(message);
      response.status(204).end();
    } catch (error) {
      log.error('cost events not ingested', { messageId: message.messageId, error });
      response.status(error instanceof AppError && error.retryable ? 503 : 500).end();
    }
  };
}

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl']);
  const telemetry = startTelemetry({ service: 'ingest-cost-events', onSigterm: 'none' });
  const { log } = telemetry;
  const { projectId, dataset, bigqueryEndpoint, dedupeWindowHours, pushAuth } = config;
  const now = Date.now;
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  const redis = createRedis({
    url: config.redisUrl,
    onError: (error) => log.warn('redis connection', { error: error.message }),
  });
  const settings = createSettings({ warehouse, redis, now });
  const rebuild = createRebuild({
    redis,
    warehouse,
    meters: (workspaceId) => listBudgetMeters(settings, workspaceId, { fresh: true }),
    dedupeWindowHours,
    now,
    onBehind: (workspaceId) => log.error('ledger behind in a rebuild', { workspaceId }),
  });
  const budgetChecks = createPublisher({ projectId, topic: config.budgetChecksTopic });
  const reportCrossings = createCrossingReport({
    settings,
    publisher: budgetChecks,
    now,
    onError: (error, workspaceId) => log.warn('budget check not asked for', { workspaceId, error }),
  });
  const book = createPriceBook();
  const { ingest } = createIngest({
    ledger: createLedger({ warehouse, now }),
    rollups: createRollups({ redis, rebuild, dedupeWindowHours, now }),
    warehouse,
    awaited: createAwaitedEvents({ redis, now }),
    prices: async (workspaceIds) =>
      book.withOverrides(await listPriceOverrides(settings, workspaceIds)),
    now,
    onMoved: ({ workspaceId, ...moved }) => reportCrossings(workspaceId, moved),
    onReport: ({ counted, duplicates, quarantined }) => {
      if (quarantined.length === 0) return;
      const { reason, detail, workspaceId, messageId } = quarantined[0]!;
      const first = { reason, detail, workspaceId, messageId };
      log.warn('events quarantined', { count: quarantined.length, counted, duplicates, first });
    },
  });

  await runFunction({
    name: 'ingest-cost-events',
    handler: createHandler(ingest, log),
    port: config.port,
    maxBodyBytes: MAX_PUSH_BYTES,
    pushAuth,
    redis,
    telemetry,
    close: () => budgetChecks.close(),
  });
}

if (import.meta.main) await main();
