import { Logging } from '@google-cloud/logging';
import { MetricServiceClient } from '@google-cloud/monitoring';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createConsole } from '../../../local/console/console.ts';
import { createTraceCosts } from '../../../local/console/trace-costs.ts';

const PROJECT = 'agentworks-local';
/** The clients send times of their own, too; charts begin at whole steps. */
const NOW = Math.floor(Date.now() / 60_000) * 60_000;
const DAY_MS = 86_400_000;
const TYPE = 'custom.googleapis.com/agentworks/agent/runs';

// biome-ignore lint/suspicious/noExplicitAny: whatever the console answers; the assertions say what it has to be.
type Json = Record<string, any>;
let rows: Json[];
let asked: Json[];
let cloud: ReturnType<typeof createConsole>;

beforeEach(async () => {
  rows = [];
  asked = [];
  const traceCost = createTraceCosts({
    query: async <Row>({ params }: { params?: Json }) => {
      asked.push(params!);
      return rows as Row[];
    },
  });
  cloud = createConsole({ projectId: PROJECT, traceCost, now: () => NOW });
  await cloud.start();
});
afterEach(() => cloud.close());

const read = async (path: string) => {
  const response = await fetch(`${cloud.addresses.url}${path}`);
  return { status: response.status, body: (await response.json()) as Json };
};
const insecure = (address: string) =>
  ({
    projectId: PROJECT,
    servicePath: address.split(':')[0],
    port: Number(address.split(':')[1]),
    sslCreds: credentials.createInsecure(),
  }) as never;

/** A run of an agent with one model call, as our SDK writes it; returns the trace's id. */
async function traceOfRun(): Promise<string> {
  const exporter = new OTLPTraceExporter({ url: `${cloud.addresses.otlp}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'gcp.project_id': PROJECT, 'service.name': 'shop' }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const { trace, ROOT_CONTEXT } = await import('@opentelemetry/api');
  const tracer = provider.getTracer('test');
  const root = tracer.startSpan(
    'invoke_agent support',
    {
      startTime: NOW,
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.id': 'support',
        'agentworks.workspace.id': 'acme',
      },
    },
    ROOT_CONTEXT,
  );
  const call = tracer.startSpan(
    'chat gpt-4o',
    {
      startTime: NOW + 10,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 20,
        'agentworks.cost.usd': '0.00045',
        'agentworks.usage.estimated': true,
      },
    },
    trace.setSpan(ROOT_CONTEXT, root),
  );
  call.setStatus({ code: SpanStatusCode.ERROR, message: 'cut off' });
  call.end(NOW + 60);
  root.end(NOW + 80.5);
  await provider.shutdown();
  return root.spanContext().traceId;
}

const row = (more: Json) => ({
  entry: 'event',
  workspaceId: 'acme',
  costSource: 'price_book',
  costUsd: '0',
  ...more,
});

describe('a trace', () => {
  test('is listed with what its spans say together, and shown with each of them', async () => {
    const id = await traceOfRun();
    const { body: list } = await read('/traces.json?workspace=acme&service=shop&show=failed');
    expect(list.traces).toEqual([
      expect.objectContaining({
        traceId: id,
        name: 'invoke_agent support',
        complete: true,
        services: ['shop'],
        agents: ['support'],
        spans: 2,
        errors: 1,
        modelCalls: 1,
        inputTokens: 100,
        spansCostUsd: '0.00045',
        durationMs: 80.5,
      }),
    ]);
    const { body } = await read(`/traces/${id}.json`);
    expect(body.spans.map((span: Json) => [span.name, span.offsetMs, span.durationMs])).toEqual([
      ['invoke_agent support', 0, 80.5],
      ['chat gpt-4o', 10, 50],
    ]);
    expect(body.spans[1]).toMatchObject({
      parentSpanId: body.spans[0].spanId,
      status: { code: 'error', message: 'cut off' },
      genAi: { operation: 'chat', model: 'gpt-4o', inputTokens: 100, estimated: true },
    });
  });

  test('costs what the ledger says, to the nano-dollar, asked within a day around it', async () => {
    rows = [
      row({ eventId: 'a', costUsd: '0.100000001' }),
      row({ eventId: 'b', costUsd: '0.200000002' }),
      row({ eventId: 'b~retracted', entry: 'retraction', costUsd: '-0.200000002' }),
      row({ eventId: 'c', costSource: 'unpriced' }),
      row({ eventId: 'd', costSource: 'unpriced' }),
      row({ eventId: 'd~repriced', entry: 'correction', costUsd: '0.3' }),
    ];
    const id = await traceOfRun();
    const { body } = await read(`/traces/${id}.json`);
    expect(body.cost).toEqual({ kind: 'known', totalUsd: '0.400000001', unpriced: 1, rows });
    expect(asked).toEqual([
      {
        traceId: id,
        from: new Date(NOW - DAY_MS).toISOString(),
        to: new Date(NOW + 80 + DAY_MS).toISOString(),
      },
    ]);
  });

  test('that is not there is said to be not there', async () => {
    expect(await read(`/traces/${'0'.repeat(31)}1.json`)).toMatchObject({ status: 404 });
    const { status, body } = await read('/traces/abc.json');
    expect([status, body.error.message]).toEqual([404, expect.stringContaining('32 hexadecimal')]);
    expect(await read('/traces.json?limit=0')).toMatchObject({ status: 400 });
  });
});

test('a log line leads to its trace, its span and its workspace, and is found by each of them', async () => {
  const logging = new Logging(insecure(cloud.addresses.logging));
  const log = logging.log('run.googleapis.com%2Fstdout');
  const resource = { type: 'cloud_run_revision', labels: { service_name: 'shop' } };
  const trace = `projects/${PROJECT}/traces/${'a'.repeat(32)}`;
  const spanId = 'b'.repeat(16);
  const at = { timestamp: new Date(NOW), resource };
  await log.write([
    log.entry(
      { ...at, severity: 'ERROR', trace, spanId },
      { message: 'no', fields: { workspaceId: 'acme' } },
    ),
    log.entry({ ...at, severity: 'INFO', labels: { workspace_id: 'other' } }, 'all is well'),
  ]);
  const { body } = await read('/logs.json?severity=WARNING');
  expect(body).toMatchObject({
    matching: 1,
    workspaces: ['acme', 'other'],
    services: ['shop'],
  });
  expect(body.logs[0]).toMatchObject({
    severity: 'ERROR',
    message: 'no',
    service: 'shop',
    traceId: 'a'.repeat(32),
    spanId,
    workspaceId: 'acme',
    fields: { workspaceId: 'acme' },
    timestampMs: NOW,
  });
  const found = async (query: string) =>
    (await read(`/logs.json?${query}`)).body.logs.map(({ message }: Json) => message);
  expect(await found(`trace=${'a'.repeat(32)}`)).toEqual(['no']);
  expect(await found(`trace=${'a'.repeat(32)}&span=${'c'.repeat(16)}`)).toEqual([]);
  expect(await found('workspace=other')).toEqual(['all is well']);
  expect(await found('search=WELL')).toEqual(['all is well']);
  expect(await read('/logs.json?severity=LOUD')).toMatchObject({ status: 400 });
});

test('a counter is charted from what the metrics client wrote; what was refused is listed', async () => {
  const client = new MetricServiceClient(insecure(cloud.addresses.monitoring));
  const at = (ms: number) => ({ seconds: Math.floor((NOW + ms) / 1000), nanos: 0 });
  const write = (ms: number, int64Value: number) =>
    client.createTimeSeries({
      name: `projects/${PROJECT}`,
      timeSeries: [
        {
          metric: { type: TYPE, labels: { outcome: 'ok' } },
          resource: {
            type: 'generic_task',
            labels: { location: 'l', namespace: 'n', job: 'shop', task_id: 't1' },
          },
          metricKind: 'CUMULATIVE',
          valueType: 'INT64',
          points: [
            { interval: { startTime: at(-60_000), endTime: at(ms) }, value: { int64Value } },
          ],
        },
      ],
    });
  await write(-40_000, 20);
  await write(-20_000, 60);
  await write(0, 60);
  await expect(write(0, 61)).rejects.toThrow();
  await client.close();
  const { body: list } = await read('/metrics.json');
  expect(list.metrics).toEqual([
    expect.objectContaining({ name: 'agent/runs', labels: ['outcome'] }),
  ]);
  const query = `type=${encodeURIComponent(TYPE)}&minutes=1&groupBy=outcome`;
  const { body } = await read(`/metrics.json?${query}`);
  expect(body.chart.lines).toEqual([{ name: 'ok', values: [null, 1, 1, 2, 2, 0, 0] }]);
  const { body: refusals } = await read('/refusals.json');
  expect(refusals).toMatchObject({ total: 1, refusals: [{ endpoint: 'Monitoring', count: 1 }] });
  expect(await read('/metrics.json?type=custom.googleapis.com/none')).toMatchObject({
    status: 404,
  });
});

describe('the page', () => {
  test('comes with a policy by which nothing in it can run or load anything else', async () => {
    const page = await fetch(`${cloud.addresses.url}/`);
    const policy = page.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/\sstyle=|\son\w+=|<script(?! type="module" src)/);
  });

  test('has all its files', async () => {
    const queue = ['/page.js', '/page.css'];
    const seen = new Set<string>();
    for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await fetch(`${cloud.addresses.url}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      const text = await response.text();
      for (const [, name] of text.matchAll(/from '\.(\/[\w-]+\.js)'/g)) queue.push(name!);
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  test('changes nothing: the console only reads', async () => {
    const response = await fetch(`${cloud.addresses.url}/logs.json`, { method: 'DELETE' });
    expect(response.status).toBe(405);
  });
});
