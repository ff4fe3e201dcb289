import { expect, test } from '@jest/globals';
import type { CostAnomaly } from '../../../src/analysis/anomalies/cost-anomalies.ts';
import { belongsTo, toCostFound } from '../../../src/analysis/anomalies/cost-findings.ts';
import { createCostJudge } from '../../../src/analysis/anomalies/judge-costs.ts';
import { findingId } from '../../../src/analysis/findings/finding.ts';
import { DEFAULT_SENSITIVITY } from '../../../src/analysis/sensitivity.ts';
import type { QueryRequest } from '../../../src/cloud/bigquery.ts';

const USD = 1_000_000_000n;
const HOUR = Date.parse('2026-11-05T09:00:00Z');

function anomaly(parts: Partial<CostAnomaly> = {}): CostAnomaly {
  const { costNanoUsd = 9n * USD, usualNanoUsd = 3n * USD } = parts;
  return {
    ...{ workspaceId: 'acme', hourMs: HOUR, level: 'combination' },
    ...{ provider: 'openai', model: 'large', agent: 'bot', kind: 'spike', signal: 'level' },
    ...{ score: 3, costNanoUsd, usualNanoUsd, impactNanoUsd: costNanoUsd - usualNanoUsd },
    ...{ expectedUsd: { low: 2, high: 4 }, contributions: [], reason: 'It cost $9.00.' },
    ...parts,
  } as CostAnomaly;
}
const severity = (parts: Partial<CostAnomaly>) => toCostFound(anomaly(parts), 2n * USD).severity;
const cost = (usd: bigint) => ({ costNanoUsd: usd * USD, usualNanoUsd: 0n });

test('severity grows with the impact in tens of the least that alarms', () => {
  expect(severity(cost(2n))).toBe('medium');
  expect(severity({ costNanoUsd: 20n * USD - 1n, usualNanoUsd: 0n })).toBe('medium');
  expect(severity(cost(20n))).toBe('high');
  expect(severity(cost(200n))).toBe('critical');
});

test('severity is a step milder where less was spent, and where it is barely outside', () => {
  expect(severity({ ...cost(20n), score: 1.49 })).toBe('medium');
  expect(severity({ ...cost(2n), score: 1.49 })).toBe('low');
  expect(severity({ costNanoUsd: 0n, usualNanoUsd: 20n * USD })).toBe('medium');
  expect(severity({ costNanoUsd: 0n, usualNanoUsd: 2n * USD })).toBe('low');
  expect(severity({ costNanoUsd: 0n, usualNanoUsd: 2n * USD, score: 1 })).toBe('low');
});

test('it says what, since when, and whose', () => {
  expect(toCostFound(anomaly(), 2n * USD)).toMatchObject({
    title: 'Agent bot with large costs $6.00 an hour more than usual',
    sentence: 'It cost $9.00, since 2026-11-05 09:00 UTC.',
    scope: { dimension: 'agent', value: 'bot' },
    details: { costUsd: '9', usualUsd: '3', expectedUsd: { low: '2.00', high: '4.00' } },
  });
});

test('as part of a finding it keeps its subject, its begin in words, and what it is followed by', () => {
  const first = toCostFound(anomaly(), 2n * USD);
  const later = anomaly({ hourMs: HOUR + 3_600_000, model: 'small', costNanoUsd: 90n * USD });
  const part = toCostFound(later, 2n * USD, first);
  expect(part.subject).toBe(first.subject);
  expect(part.sentence).toContain('since 2026-11-05 09:00 UTC');
  expect(part.details).toMatchObject({ model: 'small', opening: first.details.opening });
});

test.each<[string, Partial<CostAnomaly>, boolean]>([
  ['the same combination', {}, true],
  ['another model of the agent', { model: 'small' }, true],
  ['another agent', { agent: 'other' }, false],
  ['another workspace', { workspaceId: 'other' }, false],
  ['less than usual', { costNanoUsd: 1n * USD, usualNanoUsd: 3n * USD }, false],
  ['the workspace as a whole', { level: 'workspace', provider: '', model: '', agent: '' }, true],
  ['nobody named', { agent: '' }, false],
])('an anomaly of %s belongs to the finding: as it should', (_name, parts, belongs) => {
  expect(belongsTo(anomaly(parts), toCostFound(anomaly(), 2n * USD))).toBe(belongs);
});

test('a combination is told of by itself while the workspace as a whole costs more, and not the other way round', () => {
  const whole = anomaly({ level: 'workspace', provider: '', model: '', agent: '' });
  const finding = toCostFound(whole, 2n * USD);
  expect(belongsTo(anomaly(), finding)).toBe(false);
  expect(belongsTo(whole, finding)).toBe(true);
});

test('without agents, one model is one finding', () => {
  const finding = toCostFound(anomaly({ agent: '' }), 2n * USD);
  expect(belongsTo(anomaly({ agent: '' }), finding)).toBe(true);
  expect(belongsTo(anomaly({ agent: '', model: 'small' }), finding)).toBe(false);
});

test('what costs less is another subject than what costs more, of a combination and of the whole', () => {
  const whole = { level: 'workspace', provider: '', model: '', agent: '' } as const;
  const less = { costNanoUsd: 1n * USD, usualNanoUsd: 3n * USD };
  const subjects = [{}, less, whole, { ...whole, ...less }].map(
    (parts) => toCostFound(anomaly(parts), 2n * USD).subject,
  );
  expect(new Set(subjects).size).toBe(4);
});

test('a finding that a run recorded before it died is followed once by the next, which finds it again', async () => {
  const asked: QueryRequest[] = [];
  const row = {
    ...{ workspaceId: 'acme', hour: '2026-11-05T09:00:00Z', level: 'combination' },
    ...{ provider: 'openai', model: 'large', agent: 'bot', kind: 'spike', signal: 'level' },
    ...{ score: 3, days: 16, costUsd: '9', usualUsd: '3', impactUsd: '6', lowUsd: 2, highUsd: 4 },
    contributions: null,
  };
  const judge = createCostJudge({
    warehouse: {
      async query<Row>(request: QueryRequest): Promise<Row[]> {
        asked.push(request);
        return (asked.length % 2 === 1 ? [row] : []) as Row[];
      },
    },
    sensitivities: async () => ({ defaults: DEFAULT_SENSITIVITY, workspaces: new Map() }),
  });
  const window = { runId: 'run', fromMs: HOUR, toMs: HOUR + 3_600_000 };
  const { found } = await judge(window, []);
  const id = findingId(found[0]!);
  await judge(window, [{ ...found[0]!, id, status: 'open', recordedAtMs: HOUR }]);
  expect(asked.map(({ params }) => params?.ids)).toEqual([undefined, [id], undefined, [id]]);
});
