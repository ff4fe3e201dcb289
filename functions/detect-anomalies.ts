import type { HttpFunction } from '@google-cloud/functions-framework';
import { createNotices } from '../src/alerts/notices.ts';
import { createAlerts } from '../src/alerts/raise.ts';
import { type AnomalyDetection, createAnomalyDetection } from '../src/analysis/detect-anomalies.ts';
import { createFindings } from '../src/analysis/findings/findings.ts';
import { createRuns } from '../src/analysis/runs.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createPublisher } from '../src/cloud/pubsub.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { readConfig } from '../src/core/config.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { createSettings } from '../src/settings/settings.ts';
import type { Logger } from '../src/telemetry/logging.ts';

const MAX_BODY_BYTES = 65_536;

/**
 * Takes the schedule's `{"job":"detect-anomalies"}`: 200 with what each analysis did, those included that another run was at
 * work on; 500 with the same when one failed, to be called again; 400 for anything else.
 */
export function createHandler(detection: AnomalyDetection, log: Logger): HttpFunction {
  return async (request, response) => {
    if ((request.body as { job?: unknown } | undefined)?.job !== 'detect-anomalies') {
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
  const detection = createAnomalyDetection({
    warehouse,
    settings: createSettings({ warehouse, redis, now }),
    runs: createRuns({ warehouse, redis, now }),
    findings: createFindings({ warehouse, alerts, now }),
    operationsWorkspace,
    log,
  });

  await runFunction({
    name: 'detect-anomalies',
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
