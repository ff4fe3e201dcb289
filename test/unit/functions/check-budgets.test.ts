import { afterEach, describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../functions/check-budgets.ts';
import type { BudgetCheck, CheckAllReport } from '../../../src/budgets/check.ts';
import { formatCheckRequest } from '../../../src/budgets/check-request.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';
import { AppError } from '../../../src/core/errors.ts';

const open: { drain: () => Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.drain())));

const ALL_WELL: CheckAllReport = { workspaces: 2, budgets: 3, raised: 1, spikes: 0, failed: [] };

let names = 0;
/** The function behind its real server, with these in place of the check. */
async function serve(parts: Partial<BudgetCheck> = {}) {
  const checked: [string, readonly string[] | undefined][] = [];
  const errors: string[] = [];
  const log = { info() {}, warn() {}, error: (text: string) => errors.push(text) };
  const check: BudgetCheck = {
    async checkWorkspace(workspaceId, budgetIds) {
      checked.push([workspaceId, budgetIds]);
      return { workspaceId, budgets: [], raised: [] };
    },
    checkAll: async () => ALL_WELL,
    ...parts,
  };
  const server = await serveFunction({
    name: `check-budgets-${++names}`,
    port: 0,
    maxBodyBytes: 1_000_000,
    handler: createHandler(check, log as never),
  });
  open.push(server);
  const post = async (body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, text };
  };
  return { post, checked, errors };
}

const push = (data: Buffer) => ({
  message: { messageId: 'm7', data: data.toString('base64'), attributes: {} },
  subscription: 'projects/p/subscriptions/s',
});

describe('a push of budget-checks', () => {
  test('has the budgets it names checked, or all of the workspace', async () => {
    const { post, checked } = await serve();
    const some = formatCheckRequest({ workspaceId: 'acme', budgetIds: ['b1', 'b2'] });
    expect((await post(push(some))).status).toBe(204);
    expect((await post(push(formatCheckRequest({ workspaceId: 'acme' })))).status).toBe(204);
    expect(checked).toEqual([
      ['acme', ['b1', 'b2']],
      ['acme', undefined],
    ]);
  });

  test.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['no workspace', '{}'],
    ['the name of no workspace', '{"workspaceId":"-"}'],
    ['budgets that are no list', '{"workspaceId":"acme","budgetIds":"b1"}'],
    ['budgets that are no ids', '{"workspaceId":"acme","budgetIds":[7]}'],
    ['nothing', ''],
  ])('that holds %s is acknowledged and logged, for it would never be better', async (_, text) => {
    const { post, checked, errors } = await serve();
    expect((await post(push(Buffer.from(text)))).status).toBe(204);
    expect(checked).toEqual([]);
    expect(errors).toEqual(['not a request for a check of budgets']);
  });

  test.each<[string, Error, number]>([
    ['retryably', new AppError({ code: 'budget_check_busy', message: '', retryable: true }), 503],
    ['for good', new TypeError('a defect'), 500],
  ])('that fails %s comes again', async (_, error, status) => {
    const { post, errors } = await serve({ checkWorkspace: () => Promise.reject(error) });
    const answer = await post(push(formatCheckRequest({ workspaceId: 'acme' })));
    expect(answer.status).toBe(status);
    expect(errors).toEqual(['budgets not checked']);
  });
});

describe('the schedule', () => {
  test('has everything checked and is told what was found', async () => {
    const { post } = await serve();
    const { status, text } = await post({ job: 'check-budgets' });
    expect([status, JSON.parse(text)]).toEqual([200, ALL_WELL]);
  });

  test('is told with 500 which workspaces could not be checked', async () => {
    const failed = [{ workspaceId: 'acme', reason: 'away' }];
    const { post, errors } = await serve({ checkAll: async () => ({ ...ALL_WELL, failed }) });
    const { status, text } = await post({ job: 'check-budgets' });
    expect([status, JSON.parse(text)]).toEqual([500, { ...ALL_WELL, failed }]);
    expect(errors).toEqual(['budgets not checked']);
  });

  test.each([{ job: 'deliver-alerts' }, {}, []])('does not get %j past it', async (body) => {
    const { post, checked } = await serve();
    expect((await post(body)).status).toBe(400);
    expect(checked).toEqual([]);
  });
});
