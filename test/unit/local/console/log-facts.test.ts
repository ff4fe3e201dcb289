import { expect, test } from '@jest/globals';
import { factsOf, fieldsOf } from '../../../../local/console/log-facts.ts';

test('a line tells what its fields say of agent, model, cost, time and error', () => {
  const fields = { agentId: 'desk', model: 'gpt-4o', costUsd: '0.0001', latencyMs: 94, steps: 2 };
  const jsonPayload = { message: 'model call', requestId: 'r', fields };
  expect(fieldsOf({ jsonPayload })).toEqual(fields);
  expect(factsOf({ jsonPayload })).toEqual({
    agentId: 'desk',
    model: 'gpt-4o',
    costUsd: '0.0001',
    durationMs: 94,
  });
});

test('an error tells its type and message, as a field of its own or nested', () => {
  const nested = { fields: { error: { name: 'Error', message: 'too many', code: 'rate' } } };
  const plain = { message: 'no', errorType: 'rate', errorMessage: 'too many' };
  for (const jsonPayload of [nested, plain]) {
    expect(factsOf({ jsonPayload })).toEqual({ errorType: 'rate', errorMessage: 'too many' });
  }
});

test('a line of text has no fields, and values of another kind are no facts', () => {
  expect(fieldsOf({})).toEqual({});
  expect(
    factsOf({ jsonPayload: { fields: { model: { id: 1 }, costUsd: 1, error: null } } }),
  ).toEqual({});
});
