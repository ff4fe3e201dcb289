import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../functions/publish-business-metrics.ts';
import type { RunReport, Runs } from '../../../src/analysis/runs.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { BusinessKpis } from '../../../src/telemetry/business/read-kpis.ts';
import { KPI } from '../../../src/telemetry/metrics/catalogue.ts';

const JOB = { job: 'publish-business-metrics' };
const KPIS: BusinessKpis = {
  records: [{ metric: KPI.dailyActiveUsers, value: 3 }],
  unknown: [{ metric: 'business/gross_margin', reason: 'no revenue' }],
};

/** Calls the function once; `runs` may keep it from working, `fail` may be one of its steps. */
async function call(
  body: unknown,
  options: { report?: RunReport; fail?: { step: 'read' | 'publish'; error: Error } } = {},
) {
  const { report, fail } = options;
  const published: unknown[] = [];
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const run: Runs['run'] = async (_, work) => {
    if (report !== undefined) return report;
    const window = { runId: 'r', fromMs: 0, toMs: 1 };
    return { kind: 'ok', window, ...(await work(window)) };
  };
  const steps = {
    runs: { run },
    read: async () => {
      if (fail?.step === 'read') throw fail.error;
      return KPIS;
    },
    publish: async (records: BusinessKpis['records']) => {
      if (fail?.step === 'publish') throw fail.error;
      published.push(...records);
    },
  };
  const answer = { status: 200, body: undefined as unknown };
  const response = {
    status(status: number) {
      answer.status = status;
      return response;
    },
    json(document: unknown) {
      answer.body = document;
    },
    send(text: string) {
      answer.body = text;
    },
  };
  const handler = createHandler(steps, { info: log, warn: log, error: log });
  await handler({ body } as never, response as never);
  return { ...answer, published, logged };
}

describe('publish-business-metrics', () => {
  test('publishes what it read, and says what nobody knows', async () => {
    const { status, body, published } = await call(JOB);
    expect({ status, body }).toEqual({
      status: 200,
      body: { kind: 'ok', published: 1, unknown: KPIS.unknown },
    });
    expect(published).toEqual(KPIS.records);
  });

  test.each<RunReport>([{ kind: 'overlapped' }, { kind: 'nothing-new', judgedToMs: 1 }])(
    'a second run publishes nothing and is no failure: %j',
    async (report) => {
      const { status, body, published } = await call(JOB, { report });
      expect({ status, body, published }).toEqual({
        status: 200,
        body: { kind: report.kind, published: 0, unknown: [] },
        published: [],
      });
    },
  );

  test.each([
    [503, 'read', new AppError({ code: 'warehouse_failed', message: 'away', retryable: true })],
    [503, 'publish', new AppError({ code: 'not_published', message: 'away', retryable: true })],
    [500, 'publish', new Error('away')],
  ] as const)('answers %s and says why where it failed to %s', async (expected, step, error) => {
    const { status, body, logged } = await call(JOB, { fail: { step, error } });
    expect({ status, body }).toEqual({
      status: expected,
      body: { kind: 'failed', reason: 'away' },
    });
    expect(logged).toEqual(['business metrics not published']);
  });

  test.each([undefined, {}, { job: 'detect-anomalies' }])(
    'refuses what is no job of its own: %j',
    async (body) => {
      expect(await call(body)).toMatchObject({ status: 400, published: [] });
    },
  );
});
