import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRedis } from '../../support/redis-server.ts';
import { budgetStatus, startApi, type TestApi } from './harness.ts';

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

const BUDGETS = '/v1/workspaces/acme/budgets';
const put = (id: string, body: unknown, headers: Record<string, string> = {}) =>
  api.call('PUT', `${BUDGETS}/${id}`, { key, body, headers });

describe('budgets', () => {
  test('are stored with every default written out', async () => {
    const { status, body } = await put('m', { period: { every: 'month' }, limitUsd: '5' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'm',
      version: 1,
      limitUsd: '5',
      scope: { dimension: 'workspace' },
      period: { every: 'month', startsOn: 1 },
      timeZone: 'UTC',
      thresholdsPercent: [50, 75, 90, 100],
      projectedThresholdsPercent: [],
    });
    const week = await put('w', { period: { every: 'week' }, limitUsd: '1.25' });
    expect(week.body.period).toEqual({ every: 'week', startsOn: 'monday' });
    const listed = await api.call('GET', BUDGETS, { key });
    expect(listed.body.budgets.map(({ id }: { id: string }) => id)).toEqual(['m', 'w']);
    expect((await api.call('GET', `${BUDGETS}/w`, { key })).body).toEqual(week.body);
    expect((await api.call('GET', `${BUDGETS}/none`, { key })).status).toBe(404);
  });

  test('every shape of scope and period is stored and shown as it was sent', async () => {
    const scopes = [
      { dimension: 'agent', value: 'support-bot' },
      { dimension: 'label', key: 'tier', value: 'gold' },
    ];
    const periods = [{ every: 'day' }, { every: 'week', startsOn: 'sunday' }];
    for (const [index, scope] of scopes.entries()) {
      const period = periods[index];
      const { body } = await put('b', { scope, period, limitUsd: '1' });
      expect(body).toMatchObject({ scope, period });
    }
  });

  test('what cannot be one is named by its field, and only in the shape that was meant', async () => {
    const cases: [unknown, string, RegExp][] = [
      [{ period: { every: 'month', startsOn: 40 } }, 'period.startsOn', /31/],
      [{ period: { every: 'year' } }, 'period.every', /day, week, month/],
      [{ scope: { dimension: 'agent' } }, 'scope.value', /required/],
      [{ scope: { dimension: 'planet', value: 'x' } }, 'scope.dimension', /workspace, project/],
      [{ limitUsd: '0' }, 'limitUsd', /more than 0/],
      [{ timeZone: 'Mars/Base' }, 'timeZone', /IANA/],
      [{ thresholdsPercent: [] }, 'thresholdsPercent', /must name a threshold/],
      [{ channels: ['nowhere'] }, 'channels.0', /no channel nowhere/],
      [{ colour: 'red' }, 'colour', /not a known field/],
    ];
    for (const [part, field, reason] of cases) {
      const { status, body } = await put('b', {
        period: { every: 'day' },
        limitUsd: '1',
        ...(part as object),
      });
      expect({ field, status }).toEqual({ field, status: 400 });
      expect(body.error.details).toEqual([{ field, reason: expect.stringMatching(reason) }]);
    }
    expect((await put('status', { period: { every: 'day' }, limitUsd: '1' })).status).toBe(400);
    expect((await put('b', ['no object'])).status).toBe(400);
    expect(api.kept).toEqual([]);
  });

  test('a channel of the workspace or of the platform may be named', async () => {
    const channel = { target: { kind: 'email', to: ['a@b.example'] } };
    const platform = await api.key('admin', null);
    await api.call('PUT', '/v1/workspaces/acme/channels/own', { key, body: channel });
    await api.call('PUT', '/v1/channels/everybody', { key: platform, body: channel });
    const channels = ['own', 'everybody'];
    const answer = await put('b', { period: { every: 'day' }, limitUsd: '1', channels });
    expect(answer).toMatchObject({ status: 200, body: { channels } });
    const gone = await api.call('DELETE', '/v1/workspaces/acme/channels/own', { key });
    expect(gone).toMatchObject({ status: 400 });
    expect(gone.body.error.details).toEqual([
      { field: 'id', reason: 'the budget b is told there' },
    ]);
  });

  test('two editors cannot overwrite each other: the second gets 409 with the version in force', async () => {
    const body = { period: { every: 'day' }, limitUsd: '1' };
    await put('b', body, { 'if-match': '"0"' });
    expect((await put('b', body, { 'if-match': '"1"' })).body.version).toBe(2);
    const late = await put('b', body, { 'if-match': '"1"' });
    expect(late).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } });
    expect(late.body.error.message).toBe(
      'The budget b is at version 2, not 1; look at it and set it again.',
    );
    const none = await put('c', body, { 'if-match': '"5"' });
    expect(none.body.error.message).toBe('There is no budget c; its version is 0, not 5.');
    const url = `${BUDGETS}/b`;
    expect((await api.call('DELETE', url, { key, headers: { 'if-match': '1' } })).status).toBe(409);
    expect((await api.call('DELETE', url, { key })).body).toEqual({ id: 'b', version: 3 });
    expect((await api.call('DELETE', url, { key })).status).toBe(404);
  });

  test('a change has the sums kept from then on and the budget checked at once; a removal drops the sum', async () => {
    await put('b', { period: { every: 'day' }, limitUsd: '1' });
    expect(api.kept).toEqual(['acme']);
    expect(api.checks).toEqual([{ workspaceId: 'acme', budgetIds: ['b'] }]);
    await api.call('DELETE', `${BUDGETS}/b`, { key });
    expect(api.kept).toEqual(['acme', 'acme']);
    expect(api.checks).toHaveLength(1);
  });

  test('a change that is stored succeeds also when its sum cannot be kept yet', async () => {
    const failing = await startApi(server.redis, {
      budgets: { keepSums: async () => Promise.reject(new Error('Redis is away')) },
    });
    const admin = await failing.key('admin');
    const body = { period: { every: 'day' }, limitUsd: '1' };
    const answer = await failing.call('PUT', `${BUDGETS}/b`, { key: admin, body });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(failing.logged)).toContain('next scheduled check');
  });

  test('a workspace has at most 100', async () => {
    const body = { period: { every: 'day' }, limitUsd: '1' };
    for (let n = 0; n < 100; n += 1) expect((await put(`b${n}`, body)).status).toBe(200);
    const answer = await put('b100', body);
    expect(answer.status).toBe(400);
    expect(answer.body.error.details).toEqual([
      { field: 'id', reason: expect.stringContaining('100 budgets') },
    ]);
    expect((await put('b7', body)).status).toBe(200);
  }, 300_000);

  test('status and explain answer as the budgets say', async () => {
    const read = await api.key('read');
    const status = await api.call('GET', `${BUDGETS}/status`, { key: read });
    expect(status.body).toEqual({ budgets: [budgetStatus('acme')] });
    const explained = await api.call('GET', `${BUDGETS}/monthly/explain`, { key: read });
    expect(explained.body).toEqual({
      status: budgetStatus('acme'),
      decision: { kind: 'quiet', of: 'spend', reason: 'already-told' },
      projectionDecision: { kind: 'quiet', of: 'projection', reason: 'too-early' },
      steps: ['Spend is 5.5.'],
    });
    expect((await api.call('GET', `${BUDGETS}/none/explain`, { key: read })).status).toBe(404);
  });

  test('a check is asked for at once: of all, or of those that are named', async () => {
    const url = `${BUDGETS}/check`;
    await put('a', { period: { every: 'day' }, limitUsd: '1' });
    api.checks.length = 0;
    expect((await api.call('POST', url, { key, body: {} })).status).toBe(202);
    await api.call('POST', url, { key, body: { budgetIds: ['a'] } });
    expect(api.checks).toEqual([
      { workspaceId: 'acme' },
      { workspaceId: 'acme', budgetIds: ['a'] },
    ]);
  });

  test('a check of budgets that do not exist is 404 and names them; none is checked', async () => {
    await put('a', { period: { every: 'day' }, limitUsd: '1' });
    api.checks.length = 0;
    const body = { budgetIds: ['a', 'b', 'c'] };
    const answer = await api.call('POST', `${BUDGETS}/check`, { key, body });
    expect(answer.status).toBe(404);
    expect(answer.body.error.details).toEqual([
      { field: 'budgetIds.1', reason: 'there is no budget b' },
      { field: 'budgetIds.2', reason: 'there is no budget c' },
    ]);
    expect(api.checks).toEqual([]);
  });
});
