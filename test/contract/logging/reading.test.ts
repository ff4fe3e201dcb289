import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { at, type Entry, type Harness, LOG, NOON, PROJECT, startHarness } from './harness.ts';

let harness: Harness;
const TRACE = `projects/${PROJECT}/traces/0af7651916cd43dd8448eb211c80319c`;
const OTHER_LOG = `projects/${PROJECT}/logs/run.googleapis.com%2Fstdout`;
const text = (value: string) => ({ kind: 'stringValue' as const, stringValue: value });
const number = (value: number) => ({ kind: 'numberValue' as const, numberValue: value });

beforeAll(async () => {
  harness = await startHarness();
  await harness.write([
    { insertId: 'info', severity: 'INFO', timestamp: at(NOON - 3_000), textPayload: 'Started UP' },
    {
      insertId: 'warning',
      severity: 'WARNING',
      timestamp: at(NOON - 2_000),
      jsonPayload: {
        fields: {
          message: text('slow query'),
          latencyMs: number(250),
          user: { structValue: { fields: { 'id.x': text('Ann') } } },
          tags: { listValue: { values: [text('a'), text('b')] } },
        },
      },
      labels: { 'k8s-pod/app': 'api', tenant: 'acme' },
      trace: TRACE,
    },
    {
      insertId: 'error',
      severity: 'ERROR',
      timestamp: at(NOON - 1_000),
      logName: OTHER_LOG,
      jsonPayload: { fields: { message: text('broken (pipe)'), ok: { boolValue: false } } },
      resource: { type: 'cloud_run_revision', labels: { service_name: 'worker' } },
      httpRequest: { status: 503, requestSize: 2_000 },
      labels: { tenant: 'globex' },
      traceSampled: true,
    },
  ]);
});
afterAll(() => harness.close());

const INFO = 'Started UP';
const all = [INFO, 'warning', 'error'];

describe('a filter', () => {
  test.each<[string, unknown[]]>([
    ['', all],
    ['severity>=WARNING', ['warning', 'error']],
    ['severity < error', [INFO, 'warning']],
    ['severity = (INFO OR ERROR)', [INFO, 'error']],
    ['severity != INFO', ['warning', 'error']],
    [`logName="${LOG}"`, [INFO, 'warning']],
    ['log_id("run.googleapis.com/stdout")', ['error']],
    [`trace="${TRACE}"`, ['warning']],
    ['trace=""', [INFO, 'error']],
    ['trace:"0AF7651916CD43DD"', ['warning']],
    ['labels.tenant=acme', ['warning']],
    ['labels.tenant!=acme', ['error']],
    ['NOT labels.tenant=acme', [INFO, 'error']],
    ['-labels.tenant=acme', [INFO, 'error']],
    ['labels."k8s-pod/app"="API"', ['warning']],
    ['labels.tenant:*', ['warning', 'error']],
    ['jsonPayload.user."id.x"="ann"', ['warning']],
    ['jsonPayload.latencyMs>=250', ['warning']],
    ['jsonPayload.latencyMs>1000', []],
    ['jsonPayload.latencyMs=250.0', ['warning']],
    ['jsonPayload.ok=false', ['error']],
    ['jsonPayload.tags=b', ['warning']],
    ['jsonPayload.nothing!=x', []],
    ['jsonPayload.message:"query"', ['warning']],
    ['textPayload:up', [INFO]],
    ['resource.type=cloud_run_revision resource.labels.service_name=worker', ['error']],
    ['httpRequest.status>=500 AND httpRequest.requestSize<10000', ['error']],
    ['traceSampled=true', ['error']],
    ['timestamp>="2026-11-20T11:59:58Z"', ['warning', 'error']],
    ['timestamp>="2026-11-20T12:59:58.000000001+01:00"', ['error']],
    ['timestamp<"2026-11-20"', []],
    ['timestamp > 2026-11-20T11:59:58Z', ['error']],
    ['started', [INFO]],
    ['"SLOW query"', ['warning']],
    ['"broken (pipe)"', ['error']],
    ['slow OR started', [INFO, 'warning']],
    ['NOT slow NOT started', ['error']],
    ['acme slow', ['warning']],
    // OR binds closer than AND.
    ['severity=ERROR OR severity=INFO AND started', [INFO]],
    ['severity=ERROR OR (severity=INFO AND started)', [INFO, 'error']],
    ['NOT (severity=ERROR OR severity=INFO)', ['warning']],
    ['severity=ERROR -- severity=INFO\nOR severity=WARNING', ['warning', 'error']],
  ])('%s', async (filter, expected) => {
    expect(await harness.find(filter)).toEqual(expected);
  });

  test.each([
    ['textPayload=~"a+"', 'A regular expression in a filter is not supported'],
    ['sample(insertId, 0.5)', 'The function sample() in a filter is not supported'],
    ['severity=LOUD', "invalid severity value 'LOUD'"],
    ['timestamp>yesterday', "invalid timestamp value 'yesterday'"],
    ['nonsense=1', "unrecognized node at token 'nonsense'"],
    ['(severity=ERROR', "a ')' is missing"],
    ['severity=ERROR)', "unexpected ')'"],
    ['severity=', 'a value is missing'],
    ['NOT', 'something is missing'],
    ['"open', "unexpected '\"'"],
    ['('.repeat(100), 'the nesting is too deep'],
    ['x'.repeat(20_001), 'longer than the maximum of 20000 characters'],
  ])('refuses %s', async (filter, reason) => {
    await expect(harness.find(filter)).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining(reason),
    });
  });
});

describe('listing', () => {
  const request = { resourceNames: [`projects/${PROJECT}`], filter: '' };
  const page = (more: object) =>
    harness.client.listLogEntries({ ...request, ...more }, { autoPaginate: false });

  test('goes from the newest backwards when asked to', async () => {
    const [entries] = await page({ orderBy: 'timestamp desc' });
    expect((entries as Entry[]).map(({ insertId }) => insertId)).toEqual([
      'error',
      'warning',
      'info',
    ]);
  });

  test('gives pages that entries written meanwhile do not shift', async () => {
    const own = await startHarness();
    const entry = (n: number) => ({ insertId: `${n}`, timestamp: at(NOON + n) });
    await own.write([1, 2, 3, 4].map(entry));
    const list = (pageToken?: string) =>
      own.client.listLogEntries(
        { ...request, orderBy: 'timestamp desc', pageSize: 2, pageToken },
        { autoPaginate: false },
      );
    const [first, , answer] = await list();
    await own.write([entry(5)]);
    const [second, , last] = await list(answer!.nextPageToken!);
    expect([...first, ...second].map(({ insertId }) => insertId)).toEqual(['4', '3', '2', '1']);
    expect(last!.nextPageToken).toBe('');
    await own.close();
  });

  test.each([
    [{ orderBy: 'severity' }, 'order_by must be'],
    [{ pageSize: 1_001 }, 'page_size must be between 0 and 1000'],
    [{ pageToken: '!' }, 'page_token'],
    [{ resourceNames: [] }, 'resource_names'],
  ])('refuses %j', async (more, reason) => {
    await expect(page(more)).rejects.toMatchObject({
      code: 3,
      details: expect.stringContaining(reason),
    });
  });

  test("other projects' entries are denied", async () => {
    await expect(page({ resourceNames: ['projects/other'] })).rejects.toMatchObject({ code: 7 });
  });

  test('gives the names of the logs', async () => {
    const [names] = await harness.client.listLogs({ parent: `projects/${PROJECT}` });
    expect(names).toEqual([OTHER_LOG, LOG]);
  });
});

test('a log can be deleted once, and what is not there is UNIMPLEMENTED by name', async () => {
  const own = await startHarness();
  await own.write([{ textPayload: 'x' }]);
  await own.client.deleteLog({ logName: LOG });
  expect(await own.find('')).toEqual([]);
  await expect(own.client.deleteLog({ logName: LOG })).rejects.toMatchObject({ code: 5 });
  await expect(
    own.client.listMonitoredResourceDescriptors({}, { timeout: 2_000 }),
  ).rejects.toMatchObject({
    code: 12,
    details: expect.stringContaining('ListMonitoredResourceDescriptors'),
  });
  await own.close();
});

describe('what the page asks for', () => {
  const found = (query: object) =>
    harness.emulator.store.list(query).map(({ insertId }) => insertId);

  test('is given newest first, by severity, trace, workspace, text and time', () => {
    expect(found({})).toEqual(['error', 'warning', 'info']);
    expect(found({ severity: 'WARNING' })).toEqual(['error', 'warning']);
    expect(found({ trace: TRACE })).toEqual(['warning']);
    expect(found({ trace: '0af7651916cd43dd8448eb211c80319c' })).toEqual(['warning']);
    expect(found({ text: 'SLOW' })).toEqual(['warning']);
    expect(found({ since: NOON - 1_000 })).toEqual(['error']);
    expect(found({ limit: 1 })).toEqual(['error']);
    expect(found({ workspaceId: 'acme' })).toEqual([]);
  });

  test('a workspace is found in labels and payloads, however deep the logger put it', async () => {
    const own = await startHarness();
    const nested = { fields: { workspaceId: text('acme') } };
    await own.write([
      { insertId: 'label', labels: { workspace_id: 'acme' } },
      { insertId: 'payload', jsonPayload: nested },
      { insertId: 'fields', jsonPayload: { fields: { fields: { structValue: nested } } } },
      { insertId: 'other', labels: { workspace_id: 'globex' } },
    ]);
    const ids = own.emulator.store.list({ workspaceId: 'acme' }).map(({ insertId }) => insertId);
    expect(ids.sort()).toEqual(['fields', 'label', 'payload']);
    await own.close();
  });
});
