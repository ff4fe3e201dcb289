import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBigQueryEmulator } from '../../../local/bigquery/emulator.ts';
import { provisionBigquery } from '../../../local/provision/bigquery.ts';
import { createInsights } from '../../../src/analysis/insights/insights.ts';
import type { InsightReport } from '../../../src/analysis/insights/report.ts';
import { createWarehouse, type Warehouse } from '../../../src/cloud/bigquery.ts';
import { divideHalfEven, formatUsd, parseDecimal, parseUsd } from '../../../src/core/money.ts';
import { DAY_MS, formatInstant, HOUR_MS } from '../../../src/core/time.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';

const NOW = Date.parse('2026-11-21T00:00:00Z');
const PERIOD = { fromMs: NOW - 7 * DAY_MS, toMs: NOW };
const PROJECT = 'insight-tests';
const DATASET = 'agentworks_observability';
const book = createPriceBook();
const emulator = createBigQueryEmulator({ projectId: PROJECT, now: () => NOW });

let warehouse: Warehouse;
let acme: InsightReport;
let quiet: InsightReport;
let unheardOf: InsightReport;
beforeAll(async () => {
  // Without it the client looks for a metadata server first.
  process.env.METADATA_SERVER_DETECTION = 'none';
  await emulator.start();
  const place = { projectId: PROJECT, apiEndpoint: emulator.url, dataset: DATASET };
  await provisionBigquery(place);
  warehouse = createWarehouse(place);
  const rows = [...workOf('acme'), ...quietWork(), ...workOf('other')];
  const inserts = rows.map((json, at) => ({ insertId: String(at), json }));
  expect(await warehouse.insert('cost_events', inserts)).toEqual({ kind: 'ok' });
  const insights = createInsights({ warehouse, prices: async () => book });
  const all = await insights.reports(['acme', 'quiet', 'unheard-of'], PERIOD);
  [acme, quiet, unheardOf] = all as [InsightReport, InsightReport, InsightReport];
}, 300_000);
afterAll(() => emulator.close());

let ids = 0;
function row(workspaceId: string, atMs: number, parts: Record<string, unknown>) {
  ids += 1;
  return {
    workspace_id: workspaceId,
    event_id: `e${ids}`,
    content_hash: `h${ids}`,
    entry: 'event',
    event_time: formatInstant(atMs),
    ingest_time: formatInstant(atMs),
    events: 1,
    unpriced_events: 0,
    cost_source: 'price_book',
    resource_type: 'llm_api',
    resource_id: 'chat.completions',
    provider: 'openai',
    ...parts,
  };
}

/** A call of a model at the price book's price, in a run of its own. */
function call(workspaceId: string, atMs: number, model: string, agent: string, input: number) {
  const usage = { inputTokens: input, outputTokens: 200 };
  const price = book.price({ provider: 'openai', model, at: atMs, usage });
  if (price.kind !== 'priced') throw new Error(`${model} has no price`);
  return row(workspaceId, atMs, {
    model,
    agent_id: agent,
    trace_id: String(ids + 1).padStart(32, '0'),
    user_id: `user-${ids % 5}`,
    cost_usd: formatUsd(price.costNanoUsd),
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
  });
}

/**
 * Eight weeks: `bot` sends the same 4,000 tokens to gpt-4o in every call, three times as many calls in the last week; `clerk`
 * sends inputs of many sizes to gpt-4o-mini, in the last week twice as long; a machine runs all hours, the calls come in 10.
 */
function workOf(workspaceId: string) {
  const rows: Record<string, unknown>[] = [];
  for (let week = 0; week < 8; week += 1) {
    const start = NOW - (week + 1) * 7 * DAY_MS;
    for (let day = 0; day < 7; day += 1) {
      for (let hour = 0; hour < 24; hour += 1) {
        const at = start + day * DAY_MS + hour * HOUR_MS;
        if (week < 2) {
          const vm = { provider: 'gcp', resource_type: 'compute', resource_id: 'vm-1' };
          rows.push(row(workspaceId, at, { ...vm, cost_usd: '0.01' }));
        }
        if (hour >= 10) continue;
        for (let nth = 0; nth < (week === 0 ? 3 : 1); nth += 1) {
          rows.push(call(workspaceId, at + nth, 'gpt-4o', 'bot', 4_000));
        }
        const size = 20_000 + ((day * 7 + hour * 131 + week * 17) % 5_000);
        const input = week === 0 ? 2 * size : size;
        rows.push(call(workspaceId, at + 9, 'gpt-4o-mini', 'clerk', input));
      }
    }
  }
  const unpriced = { model: 'gpt-unheard-of', cost_usd: '0', unpriced_events: 1 };
  rows.push(row(workspaceId, NOW - HOUR_MS, { ...unpriced, input_tokens: 9, output_tokens: 9 }));
  return rows;
}

/** The same every day on the smallest model, and nothing else. */
function quietWork() {
  return Array.from({ length: 56 }, (_, day) =>
    call('quiet', NOW - (day + 1) * DAY_MS, 'gpt-4o-mini', 'bot', 1_500 + day),
  );
}

const kindsOf = ({ insights }: InsightReport) => insights.map(({ kind }) => kind).sort();

describe('the report of a workspace', () => {
  test('finds what changed, the cheaper model, the repeated inputs, the dearer runs and the idle machine', () => {
    expect(kindsOf(acme)).toEqual([
      'cheaper-model',
      'cost-change',
      'dearer-runs',
      'idle-compute',
      'repeated-inputs',
    ]);
    const found = new Map(acme.insights.map((insight) => [insight.kind, insight]));
    expect(found.get('cost-change')).toMatchObject({ subject: { agent: 'bot' } });
    expect(found.get('cheaper-model')).toMatchObject({
      subject: { model: 'gpt-4o', agent: 'bot', cheaperModel: 'gpt-4o-mini' },
      // 210 calls of 4,000 and 200 tokens: $2.52 less $0.1512.
      savingUsd: '2.3688',
    });
    // Two of three calls an hour repeat the first: 140 × 4,000 tokens at $2.50 less $1.25 a million.
    expect(found.get('repeated-inputs')).toMatchObject({ savingUsd: '0.7' });
    expect(found.get('dearer-runs')).toMatchObject({ subject: { agent: 'clerk' } });
    // 14 of 24 hours a day, a cent each, but for the hour of the call that has no price: it was work.
    expect(found.get('idle-compute')).toMatchObject({ savingUsd: '0.97' });
  });

  test('has every amount add up from its terms, to the nano-dollar', () => {
    expect(acme.insights).not.toEqual([]);
    for (const { arithmetic, savingUsd = arithmetic.sumUsd } of acme.insights) {
      const units = arithmetic.terms.reduce((sum, { usd }) => sum + parseDecimal(usd, 24), 0n);
      expect(divideHalfEven(units, 10n ** 15n)).toBe(parseUsd(arithmetic.sumUsd));
      expect(savingUsd).toBe(arithmetic.sumUsd);
    }
  });

  test('has the same totals in its parts: movers of a dimension, days of the trend, the ledger', async () => {
    const change = parseUsd(acme.totals.changeUsd);
    const agents = acme.movers.find(({ dimension }) => dimension === 'agent')!;
    const sum = (amounts: string[]) => amounts.reduce((all, usd) => all + parseUsd(usd), 0n);
    expect(sum(agents.values.map(({ changeUsd }) => changeUsd))).toBe(change);
    const lastWeek = sum(acme.trend.days.slice(-7).map(({ costUsd }) => costUsd));
    expect(formatUsd(lastWeek)).toBe(acme.totals.costUsd);
    expect(acme.trend.weeks[0]).toEqual({ endsWith: '2026-11-20', costUsd: acme.totals.costUsd });
    expect(acme.trend.days).toHaveLength(35);
  });

  test('says what has no price, and counts nothing for it', () => {
    expect(acme.unpriced).toEqual({
      events: 1,
      models: [{ provider: 'openai', model: 'gpt-unheard-of', events: 1 }],
    });
  });

  test('says what a request, a run and a user cost, now and before', () => {
    const units = Object.fromEntries(acme.unitCosts.map((one) => [one.unit, one]));
    expect(units.run).toMatchObject({ now: { units: 280 }, before: { units: 140 } });
    expect(units.request).toMatchObject({ now: { units: 281, unpriced: 1 } });
    expect(units.user).toMatchObject({ now: { units: 5 } });
    const { costUsd, perUnitUsd } = units.run!.now;
    expect(perUnitUsd).toBe(formatUsd(divideHalfEven(parseUsd(costUsd), 280n)));
  });
});

test('a workspace in which nothing changes and nothing can be saved is told nothing', () => {
  expect(quiet).toMatchObject({ insights: [], unpriced: { events: 0, models: [] } });
  expect(quiet.totals.costUsd).not.toBe('0');
});

test('a workspace without costs has an empty report, not another’s', () => {
  expect(unheardOf).toMatchObject({
    workspaceId: 'unheard-of',
    totals: { costUsd: '0', beforeUsd: '0', requests: 0 },
    movers: [],
    unitCosts: [],
    cache: { inputTokens: 0, savedUsd: '0' },
    insights: [],
  });
});

test('a report of one workspace is what it is in one pass with others', async () => {
  const insights = createInsights({ warehouse, prices: async () => book });
  expect(await insights.reports(['acme'], PERIOD)).toEqual([acme]);
  expect(await insights.reports([], PERIOD)).toEqual([]);
});
