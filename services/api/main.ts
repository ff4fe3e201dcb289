import { createAccess } from '../../src/access/access.ts';
import { checkChannel } from '../../src/alerts/channel-rules.ts';
import { createAlertHistory } from '../../src/alerts/history.ts';
import { createNotices } from '../../src/alerts/notices.ts';
import { createAlerts } from '../../src/alerts/raise.ts';
import { createFindings } from '../../src/analysis/findings/findings.ts';
import { createInsights } from '../../src/analysis/insights/insights.ts';
import { createPatternReports } from '../../src/analysis/log-patterns/pattern-reports.ts';
import { listBudgetMeters } from '../../src/budgets/meters.ts';
import { createBudgetStatus } from '../../src/budgets/status.ts';
import { createWarehouse } from '../../src/cloud/bigquery.ts';
import { createPublisher } from '../../src/cloud/pubsub.ts';
import { createRedis, redisReady } from '../../src/cloud/redis.ts';
import { createScheduler } from '../../src/cloud/scheduler.ts';
import { readConfig } from '../../src/core/config.ts';
import { createPriceBook } from '../../src/costs/pricing/price-book.ts';
import { createForecasts } from '../../src/costs/reports/forecasts.ts';
import { createReports } from '../../src/costs/reports/reports.ts';
import { createReprice } from '../../src/costs/reprice.ts';
import { createMeterReader } from '../../src/costs/rollups/meter-reader.ts';
import { createRebuild } from '../../src/costs/rollups/rebuild.ts';
import { createOtlpIntake } from '../../src/otlp/intake.ts';
import { startTelemetry } from '../../src/sdk/start.ts';
import { listPriceOverrides } from '../../src/settings/price-overrides.ts';
import { createSettings } from '../../src/settings/settings.ts';
import { createReadiness } from './readiness.ts';
import { createApiServer } from './server.ts';

const REDIS_WAIT_MS = 2_000;
/** Cloud Run kills after ten seconds: requests have six of them, what is to be sent afterwards the rest. */
const DRAIN_MS = 6_000;
const EXIT_MS = 9_500;

async function main(): Promise<void> {
  const config = readConfig(process.env, ['redisUrl', 'apiKeyPepper']);
  const telemetry = startTelemetry({ service: 'api', onSigterm: 'none' });
  const { log, profiler } = telemetry;
  const { projectId, dataset, bigqueryEndpoint, costEventsTopic, dedupeWindowHours } = config;
  const { maxBodyBytes, rateLimitPerSecond, bootstrapAdminKey, apiKeyPepper = '' } = config;
  const now = Date.now;
  const warehouse = createWarehouse({ projectId, dataset, apiEndpoint: bigqueryEndpoint });
  const publisher = createPublisher({ projectId, topic: costEventsTopic });
  const budgetChecks = createPublisher({ projectId, topic: config.budgetChecksTopic });
  const alertsPublisher = createPublisher({ projectId, topic: config.alertsTopic });
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
  const meters = createMeterReader({ redis, rebuild });
  const priceBook = createPriceBook();
  const notices = createNotices({ redis, warehouse, now });
  const alerts = createAlerts({ warehouse, publisher: alertsPublisher, notices });
  const channelRules = { allowLoopback: config.allowLoopbackWebhooks };
  const scheduler = createScheduler({
    projectId,
    location: config.schedulerLocation,
    apiEndpoint: config.schedulerEndpoint,
  });

  const app = await createApiServer(
    {
      access: createAccess({ settings, pepper: apiKeyPepper, bootstrapAdminKey, now }),
      settings,
      reports: createReports({
        redis,
        warehouse,
        now,
        // Events would have it rebuilt as well; a workspace that rests should not be read from the ledger for ever.
        onAbsent: (workspaceId) => {
          rebuild(workspaceId).catch((error: unknown) =>
            log.warn('rebuild', { workspaceId, error }),
          );
        },
      }),
      forecasts: createForecasts({ redis, warehouse, now }),
      errorPatterns: createPatternReports({
        warehouse,
        settings,
        operationsWorkspace: config.operationsWorkspace,
      }),
      insights: createInsights({
        warehouse,
        prices: async (workspaceIds) =>
          priceBook.withOverrides(await listPriceOverrides(settings, workspaceIds)),
      }),
      reprice: createReprice({
        warehouse,
        publisher,
        prices: async (workspaceIds) =>
          priceBook.withOverrides(await listPriceOverrides(settings, workspaceIds)),
        now,
      }),
      priceBook,
      publisher,
      otlp: createOtlpIntake({ redis, warehouse, publisher, now }),
      budgets: {
        status: createBudgetStatus({ settings, meters, notices, now }),
        keepSums: async (workspaceId) =>
          meters.ensure(
            workspaceId,
            await listBudgetMeters(settings, workspaceId, { fresh: true }),
          ),
        checks: budgetChecks,
      },
      channels: {
        checkTarget: (target) => checkChannel(target, channelRules),
        raise: (alert) => alerts.raise(alert),
      },
      alertHistory: createAlertHistory({ warehouse, now }),
      findings: createFindings({ warehouse, alerts, now }),
      scheduler,
      redis,
      readiness: createReadiness({
        probes: {
          redis: () => redis.ping(),
          bigquery: () => warehouse.ping(),
          pubsub: async () => {
            if (!(await publisher.ping())) throw new Error(`no topic ${costEventsTopic}`);
          },
        },
        now,
        onFailure: (dependency, reason) => log.warn('not ready', { dependency, reason }),
      }),
      profiler,
      log,
      now,
    },
    { maxBodyBytes, rateLimitPerSecond },
  );
  // With Redis from the first request on; but without it rather than not at all.
  await redisReady(redis, REDIS_WAIT_MS).catch((error: unknown) => log.warn('redis', { error }));
  await app.listen({ port: config.port, host: '0.0.0.0' });
  log.info('listening', { port: config.port });

  const stop = () => {
    const giveUp = setTimeout(() => {
      log.error('not drained in time');
      process.exit(1);
    }, EXIT_MS);
    const cutOff = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    // What was asked is answered before what it needs is closed.
    void app
      .close()
      .then(() =>
        Promise.all([publisher, budgetChecks, alertsPublisher, scheduler].map((it) => it.close())),
      )
      .then(() => redis.quit())
      .catch((error: unknown) => log.warn('drain', { error }))
      // Last, so that what draining does is told of too.
      .then(() => telemetry.close())
      .finally(async () => {
        clearTimeout(giveUp);
        clearTimeout(cutOff);
        log.info('drained');
        await log.flush();
        process.exit(0);
      });
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

if (import.meta.main) await main();
