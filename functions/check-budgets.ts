import type { HttpFunction } from '@google-cloud/functions-framework';
import { createNotices } from '../src/alerts/notices.ts';
import { createAlerts } from '../src/alerts/raise.ts';
import { type BudgetCheck, createBudgetCheck } from '../src/budgets/check.ts';
import { parseCheckRequest } from '../src/budgets/check-request.ts';
import { listBudgetMeters } from '../src/budgets/meters.ts';
import { createRecommend } from '../src/budgets/recommendations.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createPublisher } from '../src/cloud/pubsub.ts';
import { parsePush } from '../src/cloud/push.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { readConfig } from '../src/core/config.ts';
import { AppError, errorMessage } from '../src/core/errors.ts';
import { createPriceBook } from '../src/costs/pricing/price-book.ts';
import { createMeterReader } from '../src/costs/rollups/meter-reader.ts';
import { createRebuild } from '../src/costs/rollups/rebuild.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { listPriceOverrides } from '../src/settings/price-overrides.ts';
import { createSettings } from '../src/settings/settings.ts';
import type { Logger } from '../src/telemetry/logging.ts';

const MAX_PUSH_BYTES = 1_048_576;

/**
 * Takes pushes of the topic `budget-checks`: 204 once the workspace was checked, 5xx to be asked again; what is no
 * request is acknowledged, for asking again would not help. And the schedule's `{"job":"check-budgets"}`: 200 with a
 * report, 500 with the same when a workspace could not be checked.
 */
export function createHandler(check: BudgetCheck, log: Logger): HttpFunction {
  return async (request, response) => {
    try {
      if ((request.body as { job?: unknown } | undefined)?.job === 'check-budgets') {
        const report = await check.checkAll();
        for (const failure of report.failed) log.error('budgets not checked', failure);
        response.status(report.failed.length === 0 ? 200 : 500).json(report);
        return;
      }
      const message = parsePush(request.body);
      if (message === undefined) {
        response.status(400).send('The body is neither a Pub/Sub push request nor a known job');
        return;
      }
      const wanted = parseCheckRequest(message.data);
      if (wanted === undefined) {
        log.error('not a request for a check of budgets', { messageId: message.messageId });
      } else {
        const { workspaceId, raised } = await check.checkWorkspace(
          wanted.workspaceId,
          wanted.budgetIds,
        );
        if (raised.length > 0) log.info('alerts raised', { workspaceId, raised });
      }
      response.status(204).end();
    } catch (error) {
      log.error('budgets not checked', { error });
      response.status(error instanceof AppError && error.retryable ? 503 : 500).end();
    }
  };
}

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl']);
  const telemetry = startTelemetry({ service: 'check-budgets', onSigterm: 'none' });
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
  const publisher = createPublisher({ projectId, topic: config.alertsTopic });
  const notices = createNotices({ redis, warehouse, now });
  const book = createPriceBook();
  const check = createBudgetCheck({
    settings,
    redis,
    meters: createMeterReader({ redis, rebuild }),
    rebuild,
    notices,
    alerts: createAlerts({ warehouse, publisher, notices }),
    recommend: createRecommend({
      redis,
      warehouse,
      prices: async (workspaceIds) =>
        book.withOverrides(await listPriceOverrides(settings, workspaceIds)),
      onError: (error, workspaceId) =>
        log.warn('no recommendations', { workspaceId, error: errorMessage(error) }),
    }),
    now,
  });

  await runFunction({
    name: 'check-budgets',
    handler: createHandler(check, log),
    port: config.port,
    maxBodyBytes: MAX_PUSH_BYTES,
    pushAuth,
    redis,
    telemetry,
    close: () => publisher.close(),
  });
}

if (import.meta.main) await main();
