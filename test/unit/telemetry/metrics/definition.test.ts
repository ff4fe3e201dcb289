import { expect, test } from '@jest/globals';
import { defineMetric } from '../../../../src/telemetry/metrics/definition.ts';

const GOOD = {
  name: 'llm/requests',
  kind: 'counter',
  valueType: 'int',
  unit: '{request}',
  description: 'Calls of models.',
} as const;

test.each([
  'workspace_id',
  'workspace',
  'tenant',
  'tenant_id',
  'user_id',
  'user',
  'message_id',
  'session_id',
  'request_id',
  'trace_id',
  'email',
  'customer',
])('the label %s is refused: it names a single tenant, user or message', (label) => {
  expect(() => defineMetric({ ...GOOD, labels: [label] })).toThrow('names a single tenant');
});

test.each(['model', 'provider', 'status', 'agent_type', 'token_type', 'method', 'route'])(
  'the label %s is taken',
  (label) => {
    expect(defineMetric({ ...GOOD, labels: [label] }).labels).toEqual([label]);
  },
);

test('a histogram needs increasing bounds', () => {
  const histogram = { ...GOOD, kind: 'histogram', labels: [] } as const;
  expect(() => defineMetric(histogram)).toThrow('boundaries');
  expect(() => defineMetric({ ...histogram, boundaries: [1, 1] })).toThrow('boundaries');
  expect(defineMetric({ ...histogram, boundaries: [1, 2] }).boundaries).toEqual([1, 2]);
});

test('there are at most 30 labels, as many as Cloud Monitoring takes', () => {
  const labels = Array.from({ length: 31 }, (_, i) => `label_${i}`);
  expect(() => defineMetric({ ...GOOD, labels })).toThrow('labels are 31; Cloud Monitoring takes');
  expect(defineMetric({ ...GOOD, labels: labels.slice(1) }).labels).toHaveLength(30);
});
