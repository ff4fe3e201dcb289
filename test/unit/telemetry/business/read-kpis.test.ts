import { describe, expect, test } from '@jest/globals';
import type { QueryRequest } from '../../../../src/cloud/bigquery.ts';
import { readBusinessKpis } from '../../../../src/telemetry/business/read-kpis.ts';

const NOW = Date.parse('2026-11-21T18:20:00.500Z');
const providerOf = (provider: string) => (provider.startsWith('openai') ? 'openai' : undefined);

type Figure = [kpi: string, label: string, value: string];

/** The KPIs that rows of the ledger make, as `name{labels}` with its value, and what was asked. */
async function read(...figures: Figure[]) {
  const asked: QueryRequest[] = [];
  const warehouse = {
    query: async <Row>(request: QueryRequest) => {
      asked.push(request);
      return figures.map(([kpi, label, value]) => ({ kpi, label, value })) as Row[];
    },
  };
  const { records, unknown } = await readBusinessKpis(warehouse, providerOf, NOW);
  const named = records.map(({ metric, value, labels = {} }) => {
    const told = Object.values(labels).join(',');
    return [metric.name.replace('business/', '') + (told && `{${told}}`), value] as const;
  });
  return { values: new Map(named), unknown, params: asked[0]!.params };
}

describe('the KPIs of the platform', () => {
  test('are of full UTC days', async () => {
    expect((await read()).params).toEqual({
      dayFrom: '2026-11-20T00:00:00.000Z',
      weekFrom: '2026-11-14T00:00:00.000Z',
      monthFrom: '2026-10-22T00:00:00.000Z',
      to: '2026-11-21T00:00:00.000Z',
    });
  });

  test('are counts and whole nano-dollars', async () => {
    const { values } = await read(
      ['daily_active_users', '', '2'],
      ['active_workspaces', '', '3'],
      ['unpriced_events', '', '1'],
      ['cost', '', '19.000000001'],
    );
    expect(values.get('daily_active_users')).toBe(2);
    expect(values.get('active_workspaces')).toBe(3);
    expect(values.get('unpriced_events')).toBe(1);
    expect(values.get('daily_cost')).toBe(19_000_000_001);
  });

  test('have no words of tenants for labels: what the platform does not know is other', async () => {
    const { values } = await read(
      ['llm_cost', 'openai', '1'],
      ['llm_cost', 'openai_text', '2'],
      ['llm_cost', 'acme-secret-proxy', '4'],
      ['llm_cost', '', '8'],
      ['infrastructure_cost', 'compute', '16'],
      ['infrastructure_cost', 'acme', '32'],
      ['usage_revenue', '', '64'],
    );
    expect([...values].filter(([name]) => name.includes('{'))).toEqual([
      ['daily_llm_cost{openai}', 3e9],
      ['daily_llm_cost{other}', 12e9],
      ['daily_infrastructure_cost{compute}', 16e9],
      ['daily_infrastructure_cost{other}', 32e9],
      ['daily_usage_revenue{none}', 64e9],
    ]);
  });

  test('name the ten plans with the most revenue; the rest are other, whatever they are called', async () => {
    const plans = Array.from({ length: 12 }, (_, at) => `plan-${at + 1}`);
    const { values } = await read(
      ...plans.map((plan, at): Figure => ['usage_revenue', plan, `${at + 1}`]),
      ['usage_revenue', '', '0.5'],
      ['subscription_revenue', 'plan-1', '100'],
      ['subscription_revenue', 'plan-2', '0.000000001'],
      ['subscription_revenue', 'plan-3', '0.000000001'],
    );
    const labelled = (gauge: string) =>
      [...values].filter(([name]) => name.startsWith(`${gauge}{`)).map(([name]) => name);
    expect(labelled('daily_usage_revenue')).toHaveLength(12);
    expect(values.get('daily_usage_revenue{plan-1}')).toBe(1e9);
    expect(values.get('daily_usage_revenue{plan-4}')).toBe(4e9);
    expect(values.get('daily_usage_revenue{other}')).toBe(5e9);
    expect(values.get('daily_usage_revenue{none}')).toBe(0.5e9);
    expect(values.get('monthly_recurring_revenue{plan-1}')).toBe(100e9);
    expect(values.get('monthly_recurring_revenue{other}')).toBe(2);
    expect(labelled('monthly_recurring_revenue')).toHaveLength(2);
  });

  test('divide exactly, and round once', async () => {
    const { values, unknown } = await read(
      ['cost', '', '1'],
      ['requests', '', '3'],
      ['monthly_revenue', '', '0.000000005'],
      ['monthly_cost', '', '0.00000001'],
      ['monthly_active_users', '', '2'],
    );
    expect(values.get('cost_per_request')).toBe(333_333_333);
    // 2.5 nano-dollars, a tie to the even one.
    expect(values.get('revenue_per_user')).toBe(2);
    expect(values.get('gross_margin')).toBe(-1);
    expect(unknown).toEqual([]);
  });

  test('that nobody can say are left out, with the reason', async () => {
    const { values, unknown } = await read();
    for (const name of ['cost_per_request', 'revenue_per_user', 'gross_margin']) {
      expect(values.has(name)).toBe(false);
    }
    expect(unknown).toEqual([
      { metric: 'business/cost_per_request', reason: 'no requests' },
      { metric: 'business/revenue_per_user', reason: 'no active users' },
      { metric: 'business/gross_margin', reason: 'no revenue' },
    ]);
  });
});
