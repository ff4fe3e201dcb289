import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DAY_MS } from '../../../src/core/time.ts';
import { startRedis } from '../../support/redis-server.ts';
import { ADMIN_KEY, canary, forecastReport, NOW, startApi, type TestApi } from './harness.ts';

let server: Awaited<ReturnType<typeof startRedis>>;
let api: TestApi;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.redis.flushall();
  api = await startApi(server.redis);
});

describe('a forecast', () => {
  test('is answered as it was made, amounts as text', async () => {
    const key = await api.key('read');
    const answer = await api.call('GET', '/v1/workspaces/acme/forecast', { key });
    const { kind: _, ...forecast } = forecastReport('acme');
    const document = JSON.parse(JSON.stringify(forecast));
    expect(answer).toMatchObject({ status: 200, body: { workspaceId: 'acme', ...document } });
    expect(answer.body.backtest).toBeUndefined();
  });

  test('that cannot be made says why', async () => {
    const { currency, source, grain, asOf } = forecastReport('acme');
    const none = { kind: 'none', reason: 'nothing-spent' } as const;
    const report = async () => ({ currency, source, grain, asOf, ...none });
    api = await startApi(server.redis, {
      deps: { forecasts: { workspace: report, platform: report } },
    });
    const answer = await api.call('GET', '/v1/forecast', { key: ADMIN_KEY });
    const body = { currency, source, grain, asOf, noForecastBecause: 'nothing-spent' };
    expect(answer).toMatchObject({ status: 200, body });
    expect(answer.body.month).toBeUndefined();
  });

  test('of everybody is for the platform’s keys', async () => {
    const answer = await api.call('GET', '/v1/forecast', { key: await api.key('read', null) });
    expect(answer).toMatchObject({
      status: 200,
      body: { models: [{ name: canary('everybody') }] },
    });
    expect(answer.body.workspaceId).toBeUndefined();
  });

  test('takes no options, and names the one it was given', async () => {
    const answer = await api.call('GET', '/v1/forecast?days=7', { key: ADMIN_KEY });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { details: [{ field: 'days' }] } },
    });
  });
});

describe('anomalies', () => {
  const ask = async (query = '') =>
    api.call('GET', `/v1/workspaces/acme/anomalies${query}`, { key: await api.key('read') });

  test('are the newest first, with when, what and how much', async () => {
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body.anomalies.map((one: { id: string }) => one.id)).toEqual(['finding-2', 'finding-1']);
    expect(body.anomalies[1]).toEqual({
      id: 'finding-1',
      kind: 'cost_anomaly',
      status: 'closed',
      since: '2026-11-20T07:00:00.000Z',
      until: '2026-11-20T10:00:00.000Z',
      severity: 'high',
      title: 'Costs of support-bot',
      sentence: canary('acme'),
      impactUsd: '12.500000001',
      score: 2.5,
      details: { expected: { lowUsd: '1', highUsd: '2' }, reason: 'back-in-range' },
      recordedAt: '2026-11-20T12:00:00.000Z',
    });
    expect(body.anomalies[0].until).toBeUndefined();
  });

  test('are those of the last 30 days, of every kind but errors', async () => {
    await ask();
    expect(api.asked).toEqual([
      {
        workspaceId: 'acme',
        kinds: ['cost_anomaly', 'log_volume_anomaly', 'metric_anomaly'],
        fromMs: NOW + 1 - 30 * DAY_MS,
        toMs: NOW + 1,
        limit: 50,
      },
    ]);
  });

  test('are narrowed to a period, a kind, a status, a severity and a number', async () => {
    const period = 'from=2026-11-01T00:00:00Z&to=2026-11-20T00:00:00Z';
    await ask(`?${period}&kind=cost_anomaly&status=open&severity=high&limit=1`);
    expect(api.asked).toEqual([
      {
        workspaceId: 'acme',
        kinds: ['cost_anomaly'],
        fromMs: Date.parse('2026-11-01T00:00:00Z'),
        toMs: Date.parse('2026-11-20T00:00:00Z'),
        status: 'open',
        severity: 'high',
        limit: 1,
      },
    ]);
  });

  test.each([
    ['from', 'from=yesterday'],
    ['to', 'from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z'],
    ['from', 'from=9999-12-31T23:59:59-00:01'],
    ['to', 'to=9999-12-31T23:59:59-23:59'],
    ['kind', 'kind=error_pattern'],
    ['status', 'status=old'],
    ['severity', 'severity=bad'],
    ['limit', 'limit=0'],
  ])('a wrong %s is named', async (field, query) => {
    const answer = await ask(`?${query}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_argument', details: [{ field }] } },
    });
  });
});
