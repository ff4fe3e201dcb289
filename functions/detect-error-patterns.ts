import type { HttpFunction } from '@google-cloud/functions-framework';
import { createNotices } from '../src/alerts/notices.ts';
import { createAlerts } from '../src/alerts/raise.ts';
import { createFindings } from '../src/analysis/findings/findings.ts';
import {
  createPatternDetection,
  JOB,
  type PatternDetection,
} from '../src/analysis/log-patterns/detect-patterns.ts';
import { createRuns } from '../src/analysis/runs.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createPublisher } from '../src/cloud/pubsub.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { readConfig } from '../src/core/config.ts';
import { AppError } from '../src/core/errors.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { createSettings } from '../src/settings/settings.ts';
import type { Logger } from '../src/telemetry/logging.ts';

const MAX_BODY_BYTES = 65_536;

/**
 * Takes the schedule's `{"job":"detect-error-patterns"}`: 200 with what was judged and found, or that another run is at work
 * or all was judged before; 500 or 503 when it failed, to be made up for by the next run.
 */
export function createHandler(detection: PatternDetection, log: Logger): HttpFunction {
  return async (request, response) => {
    if ((request.body as { job?: unknown } | undefined)?.job !== JOB) {
      response.status(400).send('The body is not a known job');
      return;
    }
    try {
      const report = await detection.run();
      log.info('error patterns looked for', { report });
      response.status(200).json(report);
    } catch (error) {
      log.error('error patterns not looked for', { error });
      response.status(error instanceof AppError && error.retryable ? 503 : 500).end();
    }
  };
}

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl']);
  const telemetry = startTelemetry({ service: JOB, onSigterm: 'none' });
  const { log } = telemetry;
  const { projectId, dataset, bigqueryEndpoint, operationsWorkspace, pushAuth } = config;
  const now = Date.now;
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  const redis = createRedis({
    url: config.redisUrl,
    onError: (error) => log.warn('redis connection', { error: error.message }),
  });
  const publisher = createPublisher({ projectId, topic: config.alertsTopic });
  const notices = createNotices({ redis, warehouse, now });
  const alerts = createAlerts({ warehouse, publisher, notices });
  const detection = createPatternDetection({
    warehouse,
    settings: createSettings({ warehouse, redis, now }),
    runs: createRuns({ warehouse, redis, now }),
    findings: createFindings({ warehouse, alerts, now }),
    operationsWorkspace,
  });

  await runFunction({
    name: JOB,
    handler: createHandler(detection, log),
    port: config.port,
    maxBodyBytes: MAX_BODY_BYTES,
    pushAuth,
    redis,
    telemetry,
    close: () => publisher.close(),
  });
}

if (import.meta.main) await main();
