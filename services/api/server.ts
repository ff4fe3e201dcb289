import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyReply } from 'fastify';
import type { Access } from '../../src/access/access.ts';
import type { AlertHistory } from '../../src/alerts/history.ts';
import type { Findings } from '../../src/analysis/findings/findings.ts';
import type { Insights } from '../../src/analysis/insights/insights.ts';
import type { PatternReports } from '../../src/analysis/log-patterns/pattern-reports.ts';
import type { Publisher } from '../../src/cloud/pubsub.ts';
import type { Redis } from '../../src/cloud/redis.ts';
import type { Scheduler } from '../../src/cloud/scheduler.ts';
import type { PriceBook } from '../../src/costs/pricing/price-book.ts';
import type { Forecasts } from '../../src/costs/reports/forecasts.ts';
import type { Settings } from '../../src/settings/settings.ts';
import type { Logger } from '../../src/telemetry/logging.ts';
import type { Profiler } from '../../src/telemetry/profiling/profiler.ts';
import type { ApiApp } from './app.ts';
import { installAuth } from './auth.ts';
import { errorBody, installErrors, notFound } from './errors.ts';
import { installOpenApi } from './openapi.ts';
import { installRateLimit } from './rate-limit.ts';
import type { Readiness } from './readiness.ts';
import { registerAlertRoutes } from './routes/alerts.ts';
import { registerAnalysisSettingsRoutes } from './routes/analysis-settings.ts';
import { registerAnomalyRoutes } from './routes/anomalies.ts';
import { type BudgetDeps, registerBudgetRoutes } from './routes/budgets.ts';
import { type ChannelDeps, registerChannelRoutes } from './routes/channels.ts';
import { registerCostEventRoutes } from './routes/cost-events.ts';
import { type CostReports, type Reprice, registerCostRoutes } from './routes/costs.ts';
import { registerDebugRoutes } from './routes/debug.ts';
import { registerErrorPatternRoutes } from './routes/error-patterns.ts';
import { registerForecastRoutes } from './routes/forecast.ts';
import { registerHealthRoutes } from './routes/health.ts';
import { registerInsightRoutes } from './routes/insights.ts';
import { registerJobRoutes } from './routes/jobs.ts';
import { registerKeyRoutes } from './routes/keys.ts';
import { registerKnownCauseRoutes } from './routes/known-causes.ts';
import { type OtlpDeps, registerOtlpRoutes } from './routes/otlp.ts';
import { registerPriceOverrideRoutes } from './routes/price-overrides.ts';
import { registerPriceRoutes } from './routes/prices.ts';
import { registerWorkspaceProfileRoutes } from './routes/workspace-profile.ts';

export type ApiDeps = {
  access: Access;
  settings: Settings;
  reports: CostReports;
  forecasts: Pick<Forecasts, 'workspace' | 'platform'>;
  errorPatterns: Pick<PatternReports, 'of'>;
  insights: Pick<Insights, 'reports'>;
  reprice: Reprice;
  priceBook: PriceBook;
  publisher: Pick<Publisher, 'publish'>;
  otlp: OtlpDeps['otlp'];
  budgets: BudgetDeps['budgets'];
  channels: ChannelDeps['channels'];
  alertHistory: Pick<AlertHistory, 'list' | 'get'>;
  findings: Pick<Findings, 'list'>;
  scheduler: Pick<Scheduler, 'list' | 'run'>;
  redis: Redis;
  readiness: () => Promise<Readiness>;
  profiler: Profiler;
  log: Logger;
  /** Epoch milliseconds. */
  now: () => number;
};

/**
 * The HTTP API, ready for `inject` or `listen`; `close` waits for requests under way. Bodies above `maxBodyBytes` are
 * refused before they are read, each key is held to `rateLimitPerSecond`.
 */
export async function createApiServer(
  deps: ApiDeps,
  options: { maxBodyBytes: number; rateLimitPerSecond: number },
): Promise<ApiApp> {
  const { log, redis, now } = deps;
  const app: ApiApp = Fastify({
    logger: false,
    bodyLimit: options.maxBodyBytes,
    // Ids may have 128 characters, escaped ones more.
    routerOptions: { maxParamLength: 512 },
    // A path that cannot be decoded names nothing.
    frameworkErrors: (_error, _request, reply: FastifyReply) =>
      reply.code(404).send(errorBody(notFound())),
    requestTimeout: 60_000,
    // Longer than the load balancer's 600 s, which would otherwise send into connections that are just closing.
    keepAliveTimeout: 620_000,
    return503OnClosing: true,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  installErrors(app, log);
  installAuth(app, deps.access);
  await installRateLimit(app, { redis, now, perSecond: options.rateLimitPerSecond });
  await installOpenApi(app);

  registerCostEventRoutes(app, deps);
  registerOtlpRoutes(app, deps, options);
  registerCostRoutes(app, deps);
  registerForecastRoutes(app, deps);
  registerErrorPatternRoutes(app, deps);
  registerKnownCauseRoutes(app, deps);
  registerInsightRoutes(app, deps);
  registerPriceRoutes(app, deps);
  registerPriceOverrideRoutes(app, deps);
  registerBudgetRoutes(app, deps);
  registerChannelRoutes(app, deps);
  registerAlertRoutes(app, deps);
  registerAnomalyRoutes(app, deps);
  registerWorkspaceProfileRoutes(app, deps);
  registerAnalysisSettingsRoutes(app, deps);
  registerJobRoutes(app, deps);
  registerKeyRoutes(app, deps);
  registerHealthRoutes(app, deps);
  registerDebugRoutes(app, deps);
  return app;
}
