import { type ApiDeps, createApiServer } from '../../../services/api/server.ts';
import { createAccess } from '../../../src/access/access.ts';
import type { Role } from '../../../src/access/authorize.ts';
import type { Alert } from '../../../src/alerts/alert.ts';
import type { AlertDetail } from '../../../src/alerts/history.ts';
import type { FindingState } from '../../../src/analysis/findings/finding.ts';
import type { InsightReport } from '../../../src/analysis/insights/report.ts';
import type { PatternReport } from '../../../src/analysis/log-patterns/pattern-reports.ts';
import type { BudgetStatus } from '../../../src/budgets/status.ts';
import type { Redis } from '../../../src/cloud/redis.ts';
import type { Job } from '../../../src/cloud/scheduler.ts';
import type { CostEvent } from '../../../src/costs/event.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import type { ForecastReport } from '../../../src/costs/reports/forecasts.ts';
import type { CostReport } from '../../../src/costs/reports/report.ts';
import { createOtlpIntake } from '../../../src/otlp/intake.ts';
import { createSettings } from '../../../src/settings/settings.ts';
import { createProfiler } from '../../../src/telemetry/profiling/profiler.ts';
import { createSettingLedger } from '../../unit/settings/setting-ledger.ts';

export const NOW = Date.parse('2026-11-20T12:00:00Z');
export const ADMIN_KEY = 'axk_platform_admin_of_the_tests';

/** Workspaces that "exist": each report carries a canary that must not show up anywhere else. */
export const canary = (workspaceId: string) => `canary-of-${workspaceId}`;

const tokens = { input: 1, output: 2, cacheRead: 0, cacheWrite: 0, reasoning: 0 };

export function costReport(workspaceId: string): CostReport {
  return {
    workspaceId,
    totalUsd: '12.5',
    currency: 'USD',
    period: { from: '2026-11-01T00:00:00.000Z', to: '2026-11-20T12:00:00.000Z' },
    events: 3,
    unpricedEvents: 1,
    tokens,
    groups: [{ key: canary(workspaceId), costUsd: '12.5', events: 3, unpricedEvents: 1, tokens }],
    breakdown: undefined,
    projectedMonth: {
      month: '2026-11',
      spentUsd: '12.5',
      projectedUsd: '19.230769231',
      method: 'run-rate',
    },
    source: 'redis',
    freshness: { asOf: '2026-11-20T12:00:00.000Z', lastEventAt: undefined },
  };
}

/** A forecast with the workspace's canary where a model's name stands. */
export function forecastReport(workspaceId: string): ForecastReport {
  const estimate = {
    meanUsd: '10.5',
    low80Usd: '9',
    high80Usd: '12',
    low95Usd: '8',
    high95Usd: '13',
  };
  return {
    currency: 'USD',
    source: 'redis',
    grain: 'day',
    asOf: '2026-11-20T12:00:00.000Z',
    kind: 'forecast',
    month: { month: '2026-11', spentUsd: '12.500000001', restEstimate: estimate, estimate },
    next30Days: {
      from: '2026-11-20T12:00:00.000Z',
      to: '2026-12-20T12:00:00.000Z',
      estimate,
    },
    cumulative: [{ until: '2026-11-21T00:00:00.000Z', estimate }],
    models: [{ name: canary(workspaceId), weight: 1 }],
    backtest: undefined,
  };
}

/** A report of one new pattern, with the workspace's canary in its sample. */
export function errorPatterns(workspaceId: string, fromMs: number, toMs: number): PatternReport {
  return {
    period: { fromMs: fromMs - 7 * 86_400_000, sinceMs: fromMs, toMs },
    patterns: [
      {
        workspaceId,
        id: '7deec90ff9040dba',
        template: 'connect ECONNREFUSED <*>',
        severity: 'ERROR',
        count: 2,
        countBefore: 0,
        expected: 0,
        trend: 'new',
        firstSeenMs: fromMs,
        lastSeenMs: toMs - 1,
        services: ['api'],
        versions: ['1.4.0'],
        workspaces: [workspaceId],
        workspaceCount: 1,
        sample: canary(workspaceId),
        sampleTrace: undefined,
        suggestion: { causeId: 'connection_refused', cause: 'Nothing listens.', fix: 'Start it.' },
      },
    ],
  };
}

/** A report of nothing but a rise, with the workspace's canary in it. */
export function insightReport(workspaceId: string): InsightReport {
  const rise = {
    value: '',
    costUsd: '12.5',
    beforeUsd: '2.5',
    changeUsd: '10',
    requests: 5,
    requestsBefore: 1,
    volumeUsd: '10',
    rateUsd: '0',
    because: 'requests' as const,
  };
  const unit = { costUsd: '12.5', units: 5, perUnitUsd: '2.5', unpriced: 1 };
  const arithmetic = { terms: [{ what: 'costs of the period', usd: '12.5' }], sumUsd: '12.5' };
  return {
    workspaceId,
    period: { from: '2026-11-13T12:00:00.000Z', to: '2026-11-20T12:00:00.000Z' },
    comparedWith: { from: '2026-11-06T12:00:00.000Z', to: '2026-11-13T12:00:00.000Z' },
    totals: rise,
    movers: [
      { dimension: 'agent', valueCount: 2, values: [{ ...rise, value: canary(workspaceId) }] },
    ],
    trend: {
      days: [{ day: '2026-11-19', costUsd: '12.5', events: 5, unpriced: 1 }],
      weeks: [
        { endsWith: '2026-11-19', costUsd: '12.5' },
        { endsWith: '2026-11-12', costUsd: '2.5' },
      ],
      weeksInARow: 1,
    },
    unitCosts: [{ unit: 'request', now: unit, before: { costUsd: '0', units: 0, unpriced: 0 } }],
    cache: {
      inputTokens: 10,
      cacheReadTokens: 1,
      cacheWriteTokens: 0,
      cachedPercent: '10.0',
      savedUsd: '0',
      arithmetic: { terms: [], sumUsd: '0' },
      cachedTokensWithoutRates: 1,
    },
    unpriced: { events: 1, models: [{ provider: 'openai', model: 'gpt-unheard-of', events: 1 }] },
    insights: [
      {
        kind: 'cost-change',
        subject: { agent: canary(workspaceId) },
        title: 'Costs rose by $10.00',
        text: `The agent ${canary(workspaceId)} cost $10.00 more, 100 % of it.`,
        arithmetic,
      },
    ],
  };
}

/** Where a budget of the workspace stands, and an alert of it, with its canary inside. */
export function budgetStatus(workspaceId: string): BudgetStatus {
  return {
    id: 'monthly',
    version: 3,
    name: canary(workspaceId),
    scope: { dimension: 'agent', value: 'support-bot' },
    period: {
      every: 'month',
      startsOn: 1,
      from: '2026-11-01T00:00:00.000Z',
      to: '2026-12-01T00:00:00.000Z',
      timeZone: 'UTC',
    },
    limitUsd: '5',
    spentUsd: '5.5',
    remainingUsd: '-0.5',
    usedPercent: '110.0',
    daysLeft: 10.5,
    projectedUsd: '8.461538462',
    projectedPercent: '169.2',
    outlook: 'over',
    thresholds: [{ percent: 50, of: 'spend', amountUsd: '2.5', state: 'told' }],
    lastNoticeUsd: '5.5',
  };
}

export function alertRecord(workspaceId: string): AlertDetail {
  return {
    id: 'alert-1',
    type: 'budget',
    severity: 'high',
    workspaceId,
    raisedAt: '2026-11-20T12:00:00.000Z',
    title: 'Budget reached',
    message: canary(workspaceId),
    scope: { dimension: 'workspace' },
    currentUsd: '5.5',
    recommendations: [{ kind: 'cheaper-model', text: 'Use another', savingUsd: '1' }],
    deliveries: [
      {
        channelScope: workspaceId,
        channelId: 'mail',
        channelKind: 'email',
        status: 'sent',
        attempts: 2,
        ambiguous: 1,
        lastAt: '2026-11-20T12:00:01.000Z',
      },
    ],
    attempts: [{ at: '2026-11-20T12:00:00.000Z', event: 'raised' }],
  };
}

/** A closed and an open anomaly, oldest first, with the workspace's canary inside. */
export function findingStates(workspaceId: string): FindingState[] {
  const finding: FindingState = {
    workspaceId,
    id: 'finding-1',
    kind: 'cost_anomaly',
    subject: '{"agent":"support-bot"}',
    status: 'closed',
    sinceMs: NOW - 5 * 3_600_000,
    untilMs: NOW - 2 * 3_600_000,
    severity: 'high',
    title: 'Costs of support-bot',
    sentence: canary(workspaceId),
    impactNanoUsd: 12_500_000_001n,
    score: 2.5,
    details: { expected: { lowUsd: '1', highUsd: '2' }, reason: 'back-in-range' },
    recordedAtMs: NOW,
  };
  const { untilMs: _, impactNanoUsd: __, score: ___, ...rest } = finding;
  const open = {
    id: 'finding-2',
    kind: 'metric_anomaly',
    severity: 'low',
    status: 'open',
  } as const;
  return [finding, { ...rest, ...open, sinceMs: NOW - 3_600_000 }];
}

export const JOB: Job = {
  name: 'check-budgets',
  description: 'Checks every budget',
  schedule: '*/5 * * * *',
  timeZone: 'UTC',
  state: 'enabled',
  lastAttemptAt: '2026-11-20T11:55:00.000Z',
  lastStatus: 'ok',
};

/** The API over real settings and a real Redis, with the ledger, the queue and the reports stood in for. */
export async function startApi(
  redis: Redis,
  options: {
    rateLimitPerSecond?: number;
    maxBodyBytes?: number;
    deps?: Partial<ApiDeps>;
    budgets?: Partial<ApiDeps['budgets']>;
  } = {},
) {
  const clock = { ms: NOW };
  const now = () => clock.ms;
  const published: Buffer[] = [];
  const logged: unknown[] = [];
  const asked: unknown[] = [];
  const checks: unknown[] = [];
  const kept: string[] = [];
  const raised: Alert[] = [];
  const publishing = { fail: (_message: Buffer): boolean => false };
  const settings = createSettings({ warehouse: createSettingLedger(), redis, now });
  const access = createAccess({
    settings,
    pepper: 'pepper of the tests',
    bootstrapAdminKey: ADMIN_KEY,
    now,
  });
  const log = (message: string, fields?: unknown) => void logged.push({ message, fields });
  const publisher = {
    publish: async (message: Buffer) => {
      if (publishing.fail(message)) throw new Error('Pub/Sub is away');
      published.push(message);
      return String(published.length);
    },
  };
  const deps: ApiDeps = {
    access,
    settings,
    redis,
    now,
    priceBook: createPriceBook(),
    publisher,
    otlp: createOtlpIntake({ redis, warehouse: { query: async () => [] }, publisher, now }),
    reports: {
      costs: async (query) => {
        asked.push(query);
        return costReport(query.workspaceId);
      },
      trend: async (query) => {
        asked.push(query);
        const { totalUsd, currency, period, source, freshness } = costReport(query.workspaceId);
        const { workspaceId, granularity } = query;
        return {
          workspaceId,
          granularity,
          currency,
          points: [{ start: period.from, costUsd: '12.5', events: 3, unpricedEvents: 1 }],
          totalUsd,
          period,
          source,
          freshness,
        };
      },
    },
    forecasts: {
      workspace: async (workspaceId) => forecastReport(workspaceId),
      platform: async () => forecastReport('everybody'),
    },
    errorPatterns: {
      of: async (workspaceId, { fromMs, toMs }) => {
        asked.push({ errorPatterns: workspaceId, fromMs, toMs });
        return errorPatterns(workspaceId, fromMs, toMs);
      },
    },
    insights: {
      reports: async (workspaceIds, period) => {
        asked.push({ insights: workspaceIds, ...period });
        return workspaceIds.map(insightReport);
      },
    },
    reprice: async (request) => {
      asked.push(request);
      return {
        scanned: 1,
        repriced: 1,
        stillUnpriced: [],
        deltaUsd: '0.5',
        dryRun: request.dryRun,
      };
    },
    budgets: {
      status: {
        list: async (workspaceId) => [budgetStatus(workspaceId)],
        explain: async (workspaceId, id) =>
          id === 'none'
            ? undefined
            : {
                status: budgetStatus(workspaceId),
                decision: { kind: 'quiet', of: 'spend', reason: 'already-told' },
                projectionDecision: { kind: 'quiet', of: 'projection', reason: 'too-early' },
                steps: ['Spend is 5.5.'],
              },
      },
      keepSums: async (workspaceId) => void kept.push(workspaceId),
      checks: { publish: async (data) => String(checks.push(JSON.parse(data.toString()))) },
      ...options.budgets,
    },
    channels: {
      checkTarget: async (target) =>
        target.kind === 'webhook' && target.url.startsWith('http:')
          ? [{ field: 'target.url', reason: 'must be https' }]
          : [],
      raise: async (alert) => void raised.push(alert),
    },
    alertHistory: {
      list: async (query) => {
        asked.push(query);
        const { attempts: _, ...record } = alertRecord(query.workspaceId);
        return [record];
      },
      get: async (workspaceId, alertId) =>
        alertId === 'none' ? undefined : alertRecord(workspaceId),
    },
    findings: {
      list: async (query) => {
        asked.push(query);
        return findingStates(query.workspaceId);
      },
    },
    scheduler: {
      list: async () => [JOB],
      run: async (name) => {
        asked.push({ run: name });
        return JOB;
      },
    },
    profiler: createProfiler({ service: 'api', dir: '/tmp', now, log: { info: log } }),
    readiness: async () => ({ ready: true, dependencies: { redis: { ok: true, latencyMs: 1 } } }),
    log: { info: log, warn: log, error: log },
    ...options.deps,
  };
  const { rateLimitPerSecond = 1_000_000, maxBodyBytes = 1_048_576 } = options;
  const app = await createApiServer(deps, { rateLimitPerSecond, maxBodyBytes });

  return {
    app,
    clock,
    published,
    publishing,
    logged,
    asked,
    /** Messages to the topic of budget checks, workspaces whose sums were to be kept, alerts that were raised. */
    checks,
    kept,
    raised,
    settings,
    /** Events that reached the queue, in order. */
    events: (): CostEvent[] => published.flatMap((data) => JSON.parse(data.toString()).events),
    key: async (role: Role, workspaceId: string | null = 'acme') =>
      (await access.createKey({ name: `${role} key`, role, workspaceId }, 'tests')).key,
    call: async (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      url: string,
      request: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
    ) => {
      const { key, body, headers } = request;
      const response = await app.inject({
        method,
        url,
        headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
        ...(body !== undefined && { payload: body as object }),
      });
      const { statusCode: status } = response;
      return { status, body: parse(response.body), headers: response.headers };
    },
  };
}

export type TestApi = Awaited<ReturnType<typeof startApi>>;

/** A valid cost event; ids are given so that repeats can be told apart. */
export function event(id: string, fields: Record<string, unknown> = {}) {
  return {
    id,
    workspaceId: 'acme',
    timestamp: '2026-11-20T11:59:00Z',
    resourceType: 'llm_api',
    resourceId: 'chat.completions',
    provider: 'openai',
    model: 'gpt-4o',
    usage: { inputTokens: 1_000, outputTokens: 100 },
    currency: 'USD',
    ...fields,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are asserted on, field by field
function parse(text: string): any {
  return text === '' ? undefined : JSON.parse(text);
}
