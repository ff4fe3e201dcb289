import { afterEach, expect, test } from '@jest/globals';
import { createHandler } from '../../../functions/detect-error-patterns.ts';
import type { RunReport } from '../../../src/analysis/runs.ts';
import { serveFunction } from '../../../src/cloud/function-server.ts';
import { AppError } from '../../../src/core/errors.ts';

const open: { drain: () => Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.drain())));

let names = 0;
/** Posts to the function behind its real server, whose runs end so. */
async function post(body: unknown, end: () => RunReport) {
  let runs = 0;
  const run = async () => {
    runs += 1;
    return end();
  };
  const log = { info() {}, warn() {}, error() {} };
  const server = await serveFunction({
    name: `detect-error-patterns-${++names}`,
    port: 0,
    maxBodyBytes: 1_000,
    handler: createHandler({ run }, log as never),
  });
  open.push(server);
  const response = await fetch(`http://127.0.0.1:${server.port}/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text(), runs };
}

const JOB = { job: 'detect-error-patterns' };

test.each([[{ kind: 'overlapped' }], [{ kind: 'nothing-new', judgedToMs: 7 }]] as [RunReport][])(
  'the job of the schedule tells what became of it: %j',
  async (report) => {
    const { status, text, runs } = await post(JOB, () => report);
    expect({ status, runs, report: JSON.parse(text) }).toEqual({ status: 200, runs: 1, report });
  },
);

test.each([
  [true, 503],
  [false, 500],
])('a failure that is worth a repeat: %s, is answered with %d', async (retryable, expected) => {
  const { status } = await post(JOB, () => {
    throw new AppError({ code: 'warehouse_failed', message: 'm', publicMessage: 'p', retryable });
  });
  expect(status).toBe(expected);
});

test('anything else is refused and runs nothing', async () => {
  for (const body of [{}, { job: 'detect-anomalies' }, []]) {
    expect(await post(body, () => ({ kind: 'overlapped' }))).toMatchObject({
      status: 400,
      runs: 0,
    });
  }
});
