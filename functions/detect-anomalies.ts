import type { HttpFunction } from '@google-cloud/functions-framework';
import { createNotices } from '../src/alerts/notices.ts';
import { createAlerts } from '../src/alerts/raise.ts';
import { type AnomalyDetection, createAnomalyDetection } from '../src/analysis/detect-anomalies.ts';
import { createFindings } from '../src/analysis/findings/findings.ts';
import { createInsights } from '../src/analysis/insights/insights.ts';
import { createWeeklyInsights, type WeeklyInsights } from '../src/analysis/insights/weekly.ts';
import { createRuns } from '../src/analysis/runs.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createPublisher } from '../src/cloud/pubsub.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { readConfig } from '../src/core/config.ts';
import { AppError } from '../src/core/errors.ts';
import { createPriceBook } from '../src/costs/pricing/price-book.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { listPriceOverrides } from '../src/settings/price-overrides.ts';
import { createSettings } from '../src/settings/settings.ts';
import type { Logger } from '../src/telemetry/logging.ts';

const MAX_BODY_BYTES = 65_536;

/**
 * Takes the schedule's `{"job":"detect-anomalies"}`: 200 with what each analysis did, those included that another run was at
 * work on; 500 with the same when one failed, to be called again; and `{"job":"weekly-insights"}`: 200 with how the run
 * ended, 5xx when it failed. 400 for anything else.
 */
export function createHandler(
  { detection, weekly }: { detection: AnomalyDetection; weekly: WeeklyInsights },
  log: Logger,
): HttpFunction {
  return async (request, response) => {
    const job = (request.body as { job?: unknown } | undefined)?.job;
    if (job === 'weekly-insights') {
      try {
        const report = await weekly.run();
        log.info('weekly insights told', { report });
        response.status(200).json(report);
      } catch (error) {
        log.error('weekly insights not told', { error });
        response.status(error instanceof AppError && error.retryable ? 503 : 500).end();
      }
      return;
    }
    if (job !== 'detect-anomalies') {
      response.status(400).send('The body is not a known job');
      return;
    }
    const report = await detection.run();
    log.info('anomalies judged', { report });
    const failed = Object.values(report).some(({ kind }) => kind === 'failed');
    response.status(failed ? 500 : 200).json(report);
  };
}

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl']);
  const telemetry = startTelemetry({ service: 'detect-anomalies', onSigterm: 'none' });
  const { log } = telemetry;
  const { projectId, dataset, bigqueryEndpoint, pushAuth, operationsWorkspace } = config;
  const now = Date.now;
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  const redis = createRedis({
    url: config.redisUrl,
    onError: (error) => log.warn('redis connection', { error: error.message }),
  });
  const publisher = createPublisher({ projectId, topic: config.alertsTopic });
  const notices = createNotices({ redis, warehouse, now });
  const alerts = createAlerts({ warehouse, publisher, notices });
  const settings = createSettings({ warehouse, redis, now });
  const runs = createRuns({ warehouse, redis, now });
  const priceBook = createPriceBook();
  const insights = createInsights({
    warehouse,
    prices: async (workspaceIds) =>
      priceBook.withOverrides(await listPriceOverrides(settings, workspaceIds)),
  });
  const weekly = createWeeklyInsights({ settings, insights, alerts, runs, now });
  const detection = createAnomalyDetection({
    warehouse,
    settings,
    runs,
    findings: createFindings({ warehouse, alerts, now }),
    operationsWorkspace,
    onFailed: (job, error) => log.error('analysis failed', { job, error }),
  });

  await runFunction({
    name: 'detect-anomalies',
    handler: createHandler({ detection, weekly }, log),
    port: config.port,
    maxBodyBytes: MAX_BODY_BYTES,
    pushAuth,
    redis,
    telemetry,
    close: () => publisher.close(),
  });
}

if (import.meta.main) await main();
