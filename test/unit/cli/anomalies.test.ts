import { describe, expect, test } from '@jest/globals';
import type { AnomaliesAnswer, AnomalyAnswer } from '../../../src/cli/contract.ts';
import { axAnsweredBy } from './answered.ts';

const CLOSED: AnomalyAnswer = {
  id: 'f1',
  kind: 'cost_anomaly',
  status: 'closed',
  since: '2026-11-20T07:00:00.000Z',
  until: '2026-11-20T10:00:00.000Z',
  severity: 'high',
  title: 'Costs of support-bot',
  sentence:
    'Agent support-bot with gpt-4o of openai cost $37.50 in one hour, $25.00 more than usual, 200 % of it.',
  impactUsd: '25.000000001',
  score: 2.5,
  details: {},
  recordedAt: '2026-11-20T10:07:00.000Z',
};
const ANSWER: AnomaliesAnswer = {
  workspaceId: 'acme',
  from: '2026-10-21T12:00:00.000Z',
  to: '2026-11-20T12:00:00.000Z',
  anomalies: [
    {
      ...CLOSED,
      id: 'f2',
      kind: 'log_volume_anomaly',
      status: 'open',
      until: undefined,
      impactUsd: undefined,
    },
    CLOSED,
    { ...CLOSED, id: 'f3', impactUsd: '-3.2' },
  ],
};

const api = axAnsweredBy<AnomaliesAnswer>(ANSWER);
const { run } = api;

describe('ax anomalies', () => {
  test('says of each since when and until when, what it cost, and the sentence', async () => {
    const { code, stdout } = await run('anomalies --workspace acme');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[1]).toMatch(/^2026-11-20 07:00 +open +high +log volume$/);
    expect(lines[3]).toMatch(/^2026-11-20 07:00 +2026-11-20 10:00 +high +cost +\+\$25\.00$/);
    expect(lines[4]).toBe(
      '  Agent support-bot with gpt-4o of openai cost $37.50 in one hour, $25.00 more than usual, 200% of it.',
    );
    expect(lines[5]).toContain('-$3.20');
  });

  test('passes on what it was narrowed to, and with --json prints the answer as it is', async () => {
    const narrowed =
      '--from 2026-11-01 --to 2026-11-20 --kind cost_anomaly --status closed --severity high --limit 3';
    const { json } = await run(`anomalies --workspace acme ${narrowed} --json`);
    expect(json()).toEqual(JSON.parse(JSON.stringify(ANSWER)));
    expect(api.requests).toMatchObject([
      {
        path: '/v1/workspaces/acme/anomalies',
        query: {
          from: '2026-11-01T00:00:00.000Z',
          to: '2026-11-20T00:00:00.000Z',
          kind: 'cost_anomaly',
          status: 'closed',
          severity: 'high',
          limit: '3',
        },
      },
    ]);
  });

  test('says when there are none', async () => {
    api.answer({ ...ANSWER, anomalies: [] });
    expect((await run('anomalies --workspace acme')).stdout).toBe('No anomalies in this period.\n');
  });

  test.each([70, 80])('fits a terminal of %i columns', async (columns) => {
    const { stdout } = await run('anomalies --workspace acme', columns);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
  });

  test.each([
    '--kind error_pattern',
    '--status old',
    '--limit 501',
    '--from 2026-11-02 --to 2026-11-01',
  ])('refuses %s before it asks', async (options) => {
    expect((await run(`anomalies --workspace acme ${options}`)).code).toBe(2);
    expect(api.requests).toEqual([]);
  });
});
