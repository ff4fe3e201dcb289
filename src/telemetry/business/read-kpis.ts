import type { Warehouse } from '../../cloud/bigquery.ts';
import { readQuery } from '../../cloud/query-file.ts';
import { divideHalfEven, type NanoUsd, parseDecimal } from '../../core/money.ts';
import { DAY_MS, formatInstant } from '../../core/time.ts';
import { KPI } from '../metrics/catalogue.ts';
import type { MetricDefinition } from '../metrics/definition.ts';
import type { MetricRecord } from '../metrics/recorder-contract.ts';

/** The platform's KPIs as they are, and what there is no value of, with the reason. */
export type BusinessKpis = {
  records: MetricRecord[];
  unknown: { metric: string; reason: string }[];
};

type Row = { kpi: string; label: string; value: string };

const SQL = readQuery('business_kpis');
const TYPES = {
  dayFrom: 'TIMESTAMP',
  weekFrom: 'TIMESTAMP',
  monthFrom: 'TIMESTAMP',
  to: 'TIMESTAMP',
};
/** NUMERIC has nine decimals: counts come in billionths as money does. */
const SCALE = 9;
const ONE = 1_000_000_000n;

const RESOURCE_TYPES = ['compute', 'storage', 'network', 'database'];
const OTHER = 'other';
/** Plans that have a label of their own; each is a series of two gauges. */
const MAX_PLANS = 10;

/**
 * Reads the KPIs of the whole platform from the ledger, of full UTC days before `now` (epoch ms). Amounts are exact up to
 * the gauge, whose number holds nano-USD exactly up to nine million dollars. `providerOf` names a provider
 * as the platform knows it, undefined where it does not; that, as other resource types, is `other`. Plans have the names that
 * whoever told the revenue gave them: the ten with the most of it (by use and by subscription) keep theirs, all others are
 * `other`, and none is `none`. No other label holds a tenant's words. Throws `warehouse_failed`.
 */
export async function readBusinessKpis(
  warehouse: Pick<Warehouse, 'query'>,
  providerOf: (provider: string) => string | undefined,
  now: number,
): Promise<BusinessKpis> {
  const to = Math.floor(now / DAY_MS) * DAY_MS;
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      dayFrom: formatInstant(to - DAY_MS),
      weekFrom: formatInstant(to - 7 * DAY_MS),
      monthFrom: formatInstant(to - 30 * DAY_MS),
      to: formatInstant(to),
    },
    types: TYPES,
  });
  return toKpis(rows, providerOf);
}

function toKpis(
  rows: readonly Row[],
  providerOf: (provider: string) => string | undefined,
): BusinessKpis {
  const billionths = (kpi: string): bigint =>
    rows
      .filter((row) => row.kpi === kpi)
      .reduce((sum, { value }) => sum + parseDecimal(value, SCALE), 0n);
  const records: MetricRecord[] = [];
  const unknown: BusinessKpis['unknown'] = [];

  const count = (metric: MetricDefinition, kpi: string) =>
    records.push({ metric, value: Number(billionths(kpi) / ONE) });
  const amount = (metric: MetricDefinition, nanoUsd: NanoUsd, labels?: Record<string, string>) =>
    records.push({ metric, value: Number(nanoUsd), ...(labels && { labels }) });
  const amountsBy = (
    metric: MetricDefinition,
    kpi: string,
    label: string,
    nameOf: (value: string) => string,
  ) => {
    const sums = new Map<string, NanoUsd>();
    for (const row of rows.filter((one) => one.kpi === kpi)) {
      const name = nameOf(row.label);
      sums.set(name, (sums.get(name) ?? 0n) + parseDecimal(row.value, SCALE));
    }
    for (const [name, nanoUsd] of sums) amount(metric, nanoUsd, { [label]: name });
  };
  const ratio = (metric: MetricDefinition, of: bigint, whole: bigint, wholeName: string) => {
    if (whole > 0n) return amount(metric, divideHalfEven(of * ONE, whole));
    return unknown.push({ metric: metric.name, reason: `no ${wholeName}` });
  };

  // 1. Use.
  count(KPI.dailyActiveUsers, 'daily_active_users');
  count(KPI.weeklyActiveUsers, 'weekly_active_users');
  count(KPI.monthlyActiveUsers, 'monthly_active_users');
  count(KPI.activeWorkspaces, 'active_workspaces');

  // 2. Costs of a day; what has no price is beside them, since it is missing in them.
  amountsBy(KPI.dailyLlmCost, 'llm_cost', 'provider', (value) => providerOf(value) ?? OTHER);
  amountsBy(KPI.dailyInfrastructureCost, 'infrastructure_cost', 'resource_type', (value) =>
    RESOURCE_TYPES.includes(value) ? value : OTHER,
  );
  amount(KPI.dailyCost, billionths('cost'));
  count(KPI.unpricedEvents, 'unpriced_events');
  ratio(KPI.costPerRequest, billionths('cost'), billionths('requests'), 'requests');

  // 3. Revenue.
  const plans = largestPlans(rows);
  const planOf = (plan: string) => (plan === '' ? 'none' : plans.has(plan) ? plan : OTHER);
  const [revenue, cost] = [billionths('monthly_revenue'), billionths('monthly_cost')];
  amountsBy(KPI.dailyUsageRevenue, 'usage_revenue', 'plan', planOf);
  amountsBy(KPI.monthlyRecurringRevenue, 'subscription_revenue', 'plan', planOf);
  amount(KPI.monthlyRevenue, revenue);
  amount(KPI.monthlyCost, cost);
  ratio(KPI.revenuePerUser, revenue, billionths('monthly_active_users'), 'active users');
  if (revenue > 0n) {
    records.push({ metric: KPI.grossMargin, value: Number(revenue - cost) / Number(revenue) });
  } else unknown.push({ metric: KPI.grossMargin.name, reason: 'no revenue' });
  return { records, unknown };
}

/** The plans with the most revenue, `MAX_PLANS` at most; of equal ones the first by name. */
function largestPlans(rows: readonly Row[]): Set<string> {
  const sums = new Map<string, NanoUsd>();
  for (const { kpi, label, value } of rows) {
    if (label === '' || (kpi !== 'usage_revenue' && kpi !== 'subscription_revenue')) continue;
    sums.set(label, (sums.get(label) ?? 0n) + parseDecimal(value, SCALE));
  }
  const byRevenue = [...sums].sort(([nameA, a], [nameB, b]) => {
    if (a !== b) return a > b ? -1 : 1;
    return nameA < nameB ? -1 : 1;
  });
  return new Set(byRevenue.slice(0, MAX_PLANS).map(([name]) => name));
}
