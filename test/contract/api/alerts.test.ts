import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { alertRecord, JOB, NOW, startApi, type TestApi } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
let key: string;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis);
  key = await api.key('admin');
});

const CHANNELS = '/v1/workspaces/acme/channels';

describe('channels', () => {
  test.each([
    [{ kind: 'email', to: ['owner@acme.example', 'b@acme.example'] }],
    [{ kind: 'slack', webhookSecret: 'ACME_SLACK' }],
    [{ kind: 'webhook', url: 'https://hooks.acme.example/x', signingSecret: 'ACME_KEY' }],
  ])('%j is stored and shown as it was sent', async (target) => {
    const body = { target, minSeverity: 'high', types: ['budget'] };
    const stored = await api.call('PUT', `${CHANNELS}/c`, { key, body });
    expect(stored).toMatchObject({ status: 200, body: { id: 'c', version: 1, ...body } });
    expect((await api.call('GET', CHANNELS, { key })).body.channels).toEqual([stored.body]);
  });

  test('what cannot be one is named by its field, and only in the shape that was meant', async () => {
    const cases: [unknown, string][] = [
      [{ kind: 'email' }, 'target.to'],
      [{ kind: 'slack', webhookSecret: 'https://hooks.slack.com/T/B/x' }, 'target.webhookSecret'],
      [{ kind: 'pager' }, 'target.kind'],
      [{ kind: 'webhook', url: 'http://169.254.169.254/', signingSecret: 'K' }, 'target.url'],
    ];
    for (const [target, field] of cases) {
      const { status, body } = await api.call('PUT', `${CHANNELS}/c`, { key, body: { target } });
      expect(status).toBe(400);
      expect(body.error.details.map((detail: { field: string }) => detail.field)).toEqual([field]);
    }
  });

  test('a test raises an alert of its own each time, for this channel only', async () => {
    const body = { name: 'Owner', target: { kind: 'email', to: ['owner@acme.example'] } };
    await api.call('PUT', `${CHANNELS}/c`, { key, body });
    await api.call('PUT', '/v1/workspaces/acme', { key, body: { name: 'Acme <Inc>' } });
    const first = await api.call('POST', `${CHANNELS}/c/test`, { key });
    const second = await api.call('POST', `${CHANNELS}/c/test`, { key });
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(api.raised.map(({ id }) => id)).toEqual([first.body.alertId, second.body.alertId]);
    expect(first.body.alertId).not.toBe(second.body.alertId);
    expect(api.raised[0]).toMatchObject({
      type: 'test',
      workspaceId: 'acme',
      workspaceName: 'Acme <Inc>',
      raisedAt: new Date(NOW).toISOString(),
      channels: ['c'],
    });
    expect((await api.call('POST', `${CHANNELS}/none/test`, { key })).status).toBe(404);
  });

  test('a platform’s channel is tested as if about a workspace', async () => {
    const platform = await api.key('admin', null);
    const body = { target: { kind: 'email', to: ['ops@platform.example'] } };
    await api.call('PUT', '/v1/channels/ops', { key: platform, body });
    const request = { key: platform, body: { workspaceId: 'acme' } };
    expect((await api.call('POST', '/v1/channels/ops/test', request)).status).toBe(202);
    expect(api.raised[0]).toMatchObject({ workspaceId: 'acme', channels: ['-/ops'] });
  });
});

describe('alerts', () => {
  test('are listed as the history says, for the period and kind that is asked for', async () => {
    const read = await api.key('read');
    const url = '/v1/workspaces/acme/alerts';
    const query = 'limit=5&from=2026-11-01T00:00:00Z&type=budget&severity=high';
    const { body } = await api.call('GET', `${url}?${query}`, { key: read });
    const { attempts: _, ...record } = alertRecord('acme');
    expect(body).toEqual({ alerts: [record] });
    expect(api.asked).toEqual([
      {
        workspaceId: 'acme',
        limit: 5,
        fromMs: Date.parse('2026-11-01'),
        toMs: undefined,
        type: 'budget',
        severity: 'high',
      },
    ]);
    const wrong = await api.call('GET', `${url}?from=yesterday`, { key: read });
    expect(wrong.body.error.details).toEqual([{ field: 'from', reason: expect.any(String) }]);
    const period = 'from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z';
    const reversed = await api.call('GET', `${url}?${period}`, { key: read });
    expect(reversed.body.error.details).toEqual([{ field: 'to', reason: 'must lie after from' }]);
  });

  test('one is shown with every attempt', async () => {
    const url = '/v1/workspaces/acme/alerts';
    const { body } = await api.call('GET', `${url}/alert-1`, { key });
    expect(body).toEqual(alertRecord('acme'));
    expect((await api.call('GET', `${url}/none`, { key })).status).toBe(404);
  });

  test('one that no channel takes says why', async () => {
    const nobody = { ...alertRecord('acme'), deliveries: [], nobodyBecause: 'there is no channel' };
    const { app, call } = await startApi(server.redis, {
      deps: { alertHistory: { list: async () => [nobody], get: async () => nobody } },
    });
    const listed = await call('GET', '/v1/workspaces/acme/alerts', { key });
    const shown = await call('GET', '/v1/workspaces/acme/alerts/alert-1', { key });
    await app.close();
    for (const one of [listed.body.alerts[0], shown.body]) {
      expect(one).toMatchObject({ deliveries: [], nobodyBecause: 'there is no channel' });
    }
  });
});

test('a workspace has its name once one was set, and can be read before', async () => {
  const url = '/v1/workspaces/acme';
  expect((await api.call('GET', url, { key })).body).toEqual({ workspaceId: 'acme', version: 0 });
  const body = { name: '<!channel> =HYPERLINK("x")' };
  const named = await api.call('PUT', url, { key, body, headers: { 'if-match': '0' } });
  expect(named.body).toMatchObject({ workspaceId: 'acme', version: 1, ...body });
  expect((await api.call('GET', url, { key })).body).toEqual(named.body);
  const late = await api.call('PUT', url, { key, body, headers: { 'if-match': '0' } });
  expect(late.status).toBe(409);
  expect((await api.call('PUT', url, { key, body: { name: 'a\r\nb' } })).status).toBe(400);
});

test('jobs are shown to the platform and run by its admins', async () => {
  const platform = await api.key('admin', null);
  const reader = await api.key('read', null);
  expect((await api.call('GET', '/v1/jobs', { key: reader })).body).toEqual({ jobs: [JOB] });
  expect((await api.call('GET', '/v1/jobs/check-budgets', { key: reader })).body).toEqual(JOB);
  expect((await api.call('GET', '/v1/jobs/none', { key: reader })).status).toBe(404);
  expect((await api.call('POST', '/v1/jobs/check-budgets/run', { key: reader })).status).toBe(403);
  for (const name of ['none', 'a.b', 'check-budgets%2F..%2Fother']) {
    const none = await api.call('POST', `/v1/jobs/${name}/run`, { key: platform });
    expect({ name, status: none.status }).toEqual({ name, status: 404 });
  }
  const run = await api.call('POST', '/v1/jobs/check-budgets/run', { key: platform });
  expect(run).toMatchObject({ status: 202, body: JOB });
  expect(api.asked).toEqual([{ run: 'check-budgets' }]);
});
