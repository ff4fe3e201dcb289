import { afterEach, describe, expect, test } from '@jest/globals';
import { createHandler, logReport } from '../../../functions/deliver-alerts.ts';
import type { DeliveryOutcome, DrainReport } from '../../../src/alerts/deliver.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';
import { AppError } from '../../../src/core/errors.ts';

const open: { drain: () => Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.drain())));

let names = 0;
/** The function behind its real server, with these in place of the spine. */
async function serve(spine: {
  deliver?: () => Promise<DeliveryOutcome>;
  drain?: () => Promise<DrainReport>;
}) {
  const lines: unknown[][] = [];
  const retried: unknown[][] = [];
  const log = Object.fromEntries(
    ['info', 'warn', 'error'].map((level) => [
      level,
      (...line: unknown[]) => lines.push([level, ...line]),
    ]),
  );
  const refuse = () => Promise.reject(new Error('not asked for'));
  const server = await serveFunction({
    name: `deliver-${++names}`,
    port: 0,
    maxBodyBytes: 1_000_000,
    handler: createHandler(
      { deliver: refuse, drain: refuse, ...spine },
      { later: ({ messageId }, atMs) => retried.push([messageId, atMs]) },
      log as never,
    ),
  });
  open.push(server);
  const post = async (body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  };
  return { post, lines, retried };
}

const PUSH = { message: { messageId: 'm7', data: Buffer.from('{}').toString('base64') } };
const JOB = { job: 'deliver-alerts' };

describe('a push', () => {
  test.each<[DeliveryOutcome, unknown[]]>([
    [{ kind: 'done', deliveries: 2 }, []],
    [{ kind: 'dropped', reason: 'malformed' }, []],
    [{ kind: 'waiting', waiting: 1, nextAttemptAtMs: 77 }, [['m7', 77]]],
  ])('with the outcome %j is acknowledged, and tried again here: %j', async (outcome, again) => {
    const { post, retried } = await serve({ deliver: async () => outcome });
    expect((await post(PUSH)).status).toBe(204);
    expect(retried).toEqual(again);
  });

  test.each<[string, Error, number]>([
    ['retryably', new AppError({ code: 'x', message: 'away', retryable: true }), 503],
    ['unexpectedly', new TypeError('a defect'), 500],
  ])('that fails %s comes again, and the log says which and why', async (_, error, status) => {
    const { post, lines } = await serve({ deliver: () => Promise.reject(error) });
    expect((await post(PUSH)).status).toBe(status);
    expect(lines).toEqual([['error', 'alerts not delivered', { messageId: 'm7', error }]]);
  });
});

describe('the scheduled job', () => {
  test('is answered with what it found', async () => {
    const report = { workspaces: 3, waitingChannels: 1, failed: [] };
    const { post } = await serve({ drain: async () => report });
    const { status, text } = await post(JOB);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual(report);
  });

  test('that failed somewhere is to be run again', async () => {
    const failed = [{ workspaceId: 'acme', reason: 'away' }];
    const { post } = await serve({
      drain: async () => ({ workspaces: 1, waitingChannels: 0, failed }),
    });
    expect((await post(JOB)).status).toBe(503);
  });
});

test.each([{ job: 'check-budgets' }, { hello: 1 }, null])('%j is neither: 400', async (body) => {
  expect((await (await serve({})).post(body)).status).toBe(400);
});

test('what is parked is said in the words that the alert policy looks for', () => {
  const lines: unknown[][] = [];
  const delivery = { workspaceId: 'acme', alertId: 'a', channelScope: '-', channelId: 'mail' };
  const log = { error: (...line: unknown[]) => lines.push(line) };
  const report = { ...delivery, attempt: 3, ambiguous: 0, detail: 'HTTP 410' };
  logReport(log as never, { kind: 'parked', ...report });
  expect(lines).toEqual([['delivery parked', report]]);
});

test('a mail that some addresses refused is a warning that names them', () => {
  const lines: unknown[][] = [];
  const delivery = { workspaceId: 'acme', alertId: 'a', channelScope: '-', channelId: 'mail' };
  const log = {
    info: (...line: unknown[]) => lines.push(['info', ...line]),
    warn: (...line: unknown[]) => lines.push(['warn', ...line]),
  };
  const report = { ...delivery, attempt: 1, ambiguous: 0 };
  logReport(log as never, { kind: 'sent', ...report });
  logReport(log as never, { kind: 'sent', ...report, detail: 'refused: x@y.example' });
  expect(lines).toEqual([
    ['info', 'delivery sent', report],
    ['warn', 'delivery sent in part', { ...report, detail: 'refused: x@y.example' }],
  ]);
});
