import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LogLine } from '../../local/console/logs.ts';
import type { TraceCost } from '../../local/console/trace-costs.ts';
import type { SpanView } from '../../local/console/traces.ts';
import type { TraceSummary } from '../../local/otlp/trace-summary.ts';
import { type LocalCloud, startLocalCloud } from './local-cloud.ts';
import { eventually } from './waiting.ts';

const START_MS = 400_000;

type TraceAnswer = { trace: TraceSummary; spans: SpanView[]; cost: TraceCost };

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await startLocalCloud({ args: ['--workload-rate', '5', '--workload-instances', '2'] });
}, START_MS);
afterAll(async () => {
  await cloud?.stop();
}, START_MS);

async function read<T>(path: string): Promise<T> {
  const response = await fetch(`${cloud.endpoints.console}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

async function query<Row>(sql: string, params: object): Promise<Row[]> {
  const { bigquery, project, dataset } = cloud.endpoints;
  const client = new BigQuery({ projectId: project, apiEndpoint: bigquery });
  const [rows] = await client.query({
    query: sql,
    params,
    defaultDataset: { projectId: project, datasetId: dataset },
  });
  return rows as Row[];
}

/** A run of an agent that came to its end, with every cost of it in the ledger. */
async function settledRun(): Promise<TraceAnswer> {
  let found: TraceAnswer | undefined;
  await eventually(
    async () => {
      const { traces } = await read<{ traces: TraceSummary[] }>(
        '/traces.json?show=agents&limit=200',
      );
      for (const trace of traces) {
        if (!trace.complete || trace.errors > 0 || trace.modelCalls < 2) continue;
        const answer = await read<TraceAnswer>(`/traces/${trace.traceId}.json`);
        const { cost } = answer;
        if (cost.kind === 'known' && cost.unpriced === 0 && cost.rows.length >= trace.modelCalls) {
          found = answer;
          return true;
        }
      }
      return false;
    },
    { timeoutMs: 60_000, what: 'an agent run whose costs are in the ledger' },
  );
  return found!;
}

describe('an agent run of the demo', () => {
  let run: TraceAnswer;
  beforeAll(async () => {
    run = await settledRun();
  }, START_MS);

  test('is one trace: the request, the agent, its model calls and the calls by HTTP', () => {
    // What became of its cost events may be in the trace too; that is other services' work.
    const spans = run.spans.filter(({ service }) => service === 'demo-agents');
    const operations = spans.map(({ genAi }) => genAi?.operation).filter(Boolean);
    expect(operations).toContain('invoke_agent');
    expect(operations.filter((it) => it === 'chat').length).toBe(run.trace.modelCalls);
    const root = spans.find(({ parentSpanId }) => parentSpanId === undefined)!;
    expect(root).toMatchObject({ kind: 'server', name: 'POST /v1/runs', service: 'demo-agents' });
    const ids = new Set(spans.map(({ spanId }) => spanId));
    for (const { parentSpanId = root.spanId } of spans) expect(ids).toContain(parentSpanId);
    for (const chat of spans.filter(({ genAi }) => genAi?.operation === 'chat')) {
      expect(spans.some(({ parentSpanId }) => parentSpanId === chat.spanId)).toBe(true);
    }
  });

  test('costs what the ledger holds, to the nano-dollar, call by call', async () => {
    const { cost, trace, spans } = run;
    if (cost.kind !== 'known') throw new Error(cost.reason);
    const [ledger] = await query<{ total: string; entries: number }>(
      `SELECT CAST(SUM(cost_usd) AS STRING) AS total, COUNT(*) AS entries FROM costs
       WHERE trace_id = @traceId AND event_time > TIMESTAMP '2020-01-01 00:00:00+00'`,
      { traceId: trace.traceId },
    );
    expect(cost.totalUsd).toBe(ledger!.total);
    expect(cost.rows).toHaveLength(ledger!.entries);
    expect(cost.totalUsd).toBe(trace.spansCostUsd);
    for (const row of cost.rows) {
      const span = spans.find(({ spanId }) => spanId === row.spanId)!;
      expect(row.eventId).toBe(`span-${trace.traceId}-${span.spanId}`);
      expect(span.genAi!.costUsd).toBe(row.costUsd);
      expect([span.genAi!.inputTokens, span.genAi!.outputTokens]).toEqual([
        row.inputTokens,
        row.outputTokens,
      ]);
      expect(row.workspaceId).toBe(trace.workspaces[0]);
      expect(row.usage === 'estimated').toBe(span.genAi!.estimated === true);
    }
  });

  test('leads to its log lines, which lead back to its spans', async () => {
    const { trace, spans } = run;
    const { logs } = await read<{ logs: LogLine[] }>(`/logs.json?trace=${trace.traceId}`);
    const own = logs.filter(({ service }) => service === 'demo-agents');
    expect(own.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['agent begins', 'agent answered']),
    );
    const ids = spans.map(({ spanId }) => spanId);
    for (const line of own) {
      expect(line.traceId).toBe(trace.traceId);
      expect(ids).toContain(line.spanId);
      expect(line.workspaceId).toBe(trace.workspaces[0]);
    }
  });

  test('has the same log lines in the table logs', async () => {
    const { trace } = run;
    const { logs } = await read<{ logs: LogLine[] }>(`/logs.json?trace=${trace.traceId}`);
    await eventually(
      async () => {
        const rows = await query<{ insert_id: string }>(
          `SELECT insert_id FROM logs
           WHERE trace = @trace AND timestamp > TIMESTAMP '2020-01-01 00:00:00+00'`,
          { trace: `projects/${cloud.endpoints.project}/traces/${trace.traceId}` },
        );
        const ids = rows.map(({ insert_id: id }) => id);
        return logs.every(({ payload }) => ids.includes(payload.insertId));
      },
      { timeoutMs: 20_000, what: 'the lines in BigQuery' },
    );
  });
});

test('metrics of both instances arrive, and no endpoint has refused anything', async () => {
  const type = encodeURIComponent('custom.googleapis.com/agentworks/agent/runs');
  await eventually(
    async () => {
      const { metrics } = await read<{ metrics: { name: string }[] }>('/metrics.json');
      if (!metrics.some(({ name }) => name === 'agent/runs')) return false;
      const { chart } = await read<{ chart: { lines: { name: string }[] } }>(
        `/metrics.json?type=${type}&combine=each`,
      );
      // More, where one was started again.
      return chart.lines.length >= 2;
    },
    { timeoutMs: 80_000, what: 'runs of two instances' },
  );
  expect(await read('/refusals.json')).toEqual({ total: 0, refusals: [] });
}, 300_000);
