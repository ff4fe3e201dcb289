import { expect, test } from '@jest/globals';
import { detectCostAnomalies } from '../../../src/analysis/anomalies/cost-anomalies.ts';
import type { Asks } from '../../../src/analysis/anomalies/detect.ts';
import type { QueryRequest } from '../../../src/cloud/bigquery.ts';

const ROW = {
  workspaceId: 'acme',
  hour: '2026-11-05T09:00:00.000Z',
  level: 'combination',
  provider: 'openai',
  model: 'gpt-4o',
  agent: 'bot',
  kind: 'spike',
  signal: 'hour_of_day',
  score: 4.6,
  days: 16,
  costUsd: '6.000000001',
  usualUsd: '2',
  impactUsd: '4.000000001',
  lowUsd: 1.5,
  highUsd: 2.25,
  contributions: [{ provider: 'openai', model: 'gpt-4o', agent: 'bot', impactUsd: '4' }],
};

/** A warehouse that answers with these rows, and what it was asked. */
function answering(...rows: object[]) {
  const asked: QueryRequest[] = [];
  const warehouse: Asks = {
    async query<Row>(request: QueryRequest) {
      asked.push(request);
      return rows as Row[];
    },
  };
  return { warehouse, asked };
}

const REQUEST = {
  judgeFromMs: Date.parse('2026-11-25T08:00:00Z'),
  toMs: Date.parse('2026-11-25T09:20:00Z'),
  defaults: { sensitivity: 1, minimumImpactNanoUsd: 1_000_000_000n },
  workspaces: new Map([['acme', { sensitivity: 2, minimumImpactNanoUsd: 500_000_000n }]]),
};

test('only complete hours are judged, against 24 days before them, with what each workspace set', async () => {
  const { warehouse, asked } = answering();
  expect(await detectCostAnomalies(warehouse, REQUEST)).toEqual([]);
  expect(asked[0]!.params).toEqual({
    from: '2026-11-01T08:00:00.000Z',
    to: '2026-11-25T09:00:00.000Z',
    judgeFrom: '2026-11-25T08:00:00.000Z',
    sensitivity: 1,
    minimumImpactUsd: '1',
    workspaceIds: ['acme'],
    workspaceSensitivities: [2],
    workspaceMinimumImpactsUsd: ['0.5'],
  });
});

test('amounts are exact, and the sentence names agent, model and dollars', async () => {
  const [found] = await detectCostAnomalies(answering(ROW).warehouse, REQUEST);
  expect(found).toMatchObject({
    costNanoUsd: 6_000_000_001n,
    impactNanoUsd: 4_000_000_001n,
    expectedUsd: { low: 1.5, high: 2.25 },
    contributions: [{ agent: 'bot', impactNanoUsd: 4_000_000_000n }],
    reason:
      'Agent bot with gpt-4o of openai cost $6.00 in one hour, $4.00 more than usual (expected at most $2.25, ' +
      'by the 16 days before).',
  });
});

test('a drop says what was expected at least, of the workspace as a whole', async () => {
  const silent = { ...ROW, level: 'workspace', agent: '', kind: 'drop', costUsd: '0' };
  const [found] = await detectCostAnomalies(answering(silent).warehouse, REQUEST);
  expect(found!.impactNanoUsd).toBe(-2_000_000_000n);
  expect(found!.reason).toBe(
    'The workspace as a whole cost $0.00 in one hour, $2.00 less than usual (expected at least $1.50, by the 16 days before).',
  );
});
