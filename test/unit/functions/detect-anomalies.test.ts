import { afterEach, expect, test } from '@jest/globals';
import { createHandler } from '../../../functions/detect-anomalies.ts';
import type { DetectionReport } from '../../../src/analysis/detect-anomalies.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';

const open: { drain: () => Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.drain())));

const never = (): never => {
  throw new Error('not asked for');
};

let names = 0;
/** Posts to the function behind its real server, whose runs end so. */
async function post(body: unknown, report: DetectionReport) {
  let runs = 0;
  const run = async () => {
    runs += 1;
    return report;
  };
  const log = { info() {}, warn() {}, error() {} };
  const server = await serveFunction({
    name: `detect-anomalies-${++names}`,
    port: 0,
    maxBodyBytes: 1_000,
    handler: createHandler(
      { detection: { run }, weekly: { run: async () => never() } },
      log as never,
    ),
  });
  open.push(server);
  const response = await fetch(`http://127.0.0.1:${server.port}/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), runs };
}

const JOB = { job: 'detect-anomalies' };

test('the job of the schedule runs the analyses and tells what they did', async () => {
  const report: DetectionReport = { 'cost-anomalies': { kind: 'nothing-new', judgedToMs: 0 } };
  const { status, text, runs } = await post(JOB, report);
  expect({ status, runs, report: JSON.parse(text) }).toEqual({ status: 200, runs: 1, report });
});

test('a run that overlaps another is no failure', async () => {
  const { status } = await post(JOB, { 'cost-anomalies': { kind: 'overlapped' } });
  expect(status).toBe(200);
});

test('one analysis that failed makes it a failure, to be called again', async () => {
  const { status, text } = await post(JOB, {
    'cost-anomalies': { kind: 'failed', reason: 'The ledger did not answer.' },
    'metric-anomalies': { kind: 'nothing-new', judgedToMs: 0 },
  });
  expect(status).toBe(500);
  expect(text).toContain('The ledger did not answer.');
});

test('anything else is refused and runs nothing', async () => {
  for (const body of [{}, { job: 'check-budgets' }, []]) {
    expect(await post(body, {})).toMatchObject({ status: 400, runs: 0 });
  }
});
