import type { HttpFunction } from '@google-cloud/functions-framework';
import { createRuns, type Runs } from '../src/analysis/runs.ts';
import { createWarehouse } from '../src/cloud/bigquery.ts';
import { runFunction } from '../src/cloud/function-process.ts';
import { createRedis } from '../src/cloud/redis.ts';
import { readConfig } from '../src/core/config.ts';
import { AppError, errorMessage } from '../src/core/errors.ts';
import { readTelemetryConfig } from '../src/core/telemetry-config.ts';
import { HOUR_MS, MINUTE_MS } from '../src/core/time.ts';
import { bookProviderOf } from '../src/costs/pricing/providers.ts';
import { startTelemetry } from '../src/sdk/start.ts';
import { publishKpis } from '../src/telemetry/business/publish-kpis.ts';
import { type BusinessKpis, readBusinessKpis } from '../src/telemetry/business/read-kpis.ts';
import type { Logger } from '../src/telemetry/logging.ts';
import { createResource } from '../src/telemetry/resource.ts';
import { otlpHeadersFor } from '../src/telemetry/tracing/tracing.ts';

const JOB = 'publish-business-metrics';
const MAX_BODY_BYTES = 65_536;

/**
 * Takes the schedule's `{"job":"publish-business-metrics"}`: reads the platform's KPIs and publishes them as gauges. 200 with
 * what was published; 200 as well when another run is at it or was within the minute; 500 with the reason when one of the
 * two failed, 503 where trying again helps; 400 for anything else.
 */
export function createHandler(
  steps: {
    runs: Pick<Runs, 'run'>;
    read: () => Promise<BusinessKpis>;
    publish: (records: BusinessKpis['records']) => Promise<void>;
  },
  log: Logger,
): HttpFunction {
  return async (request, response) => {
    if ((request.body as { job?: unknown } | undefined)?.job !== JOB) {
      response.status(400).send('The body is not a known job');
      return;
    }
    try {
      let unknown: BusinessKpis['unknown'] = [];
      const plan = { job: JOB, everyMs: MINUTE_MS, catchUpMs: HOUR_MS };
      const report = await steps.runs.run(plan, async () => {
        const kpis = await steps.read();
        ({ unknown } = kpis);
        await steps.publish(kpis.records);
        return { found: kpis.records.length, opened: 0, seen: 0, closed: 0 };
      });
      log.info('business metrics', { report, unknown });
      const published = report.kind === 'ok' ? report.found : 0;
      response.status(200).json({ kind: report.kind, published, unknown });
    } catch (error) {
      log.error('business metrics not published', { error });
      const retryable = error instanceof AppError && error.retryable;
      const body = { kind: 'failed', reason: errorMessage(error) };
      response.status(retryable ? 503 : 500).json(body);
    }
  };
}

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl']);
  const telemetryConfig = readTelemetryConfig();
  const telemetry = startTelemetry({ service: JOB, onSigterm: 'none' });
  const { log } = telemetry;
  const { projectId, dataset, bigqueryEndpoint, pushAuth } = config;
  const now = Date.now;
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  const redis = createRedis({
    url: config.redisUrl,
    onError: (error) => log.warn('redis connection', { error: error.message }),
  });
  const resource = createResource({ service: JOB, config: telemetryConfig });
  const otlpHeaders = otlpHeadersFor(telemetryConfig);
  const steps = {
    runs: createRuns({ warehouse, redis, now }),
    read: () => readBusinessKpis(warehouse, bookProviderOf, now()),
    publish: (records: BusinessKpis['records']) =>
      publishKpis(records, { config: telemetryConfig, resource, otlpHeaders, now }),
  };

  await runFunction({
    name: JOB,
    handler: createHandler(steps, log),
    port: config.port,
    maxBodyBytes: MAX_BODY_BYTES,
    pushAuth,
    redis,
    telemetry,
  });
}

if (import.meta.main) await main();
