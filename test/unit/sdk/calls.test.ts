import { expect, test } from '@jest/globals';
import {
  traceAgentRun,
  traceLlmCall,
  traceTeamRun,
  traceToolCall,
} from '../../../src/sdk/calls.ts';

test('without a telemetry that runs, traced calls do what they would do untraced', async () => {
  const answer = { id: 'same object' };
  const call = { provider: 'openai', model: 'gpt-4o' };
  expect(traceLlmCall(call, () => answer)).toBe(answer);
  const refusal = new Error('refused');
  await expect(traceAgentRun({ agentId: 'a' }, () => Promise.reject(refusal))).rejects.toBe(
    refusal,
  );
  expect(() =>
    traceToolCall({ name: 't' }, () => {
      throw refusal;
    }),
  ).toThrow(refusal);
  expect(traceTeamRun({ teamId: 'team' }, (span) => span.isRecording())).toBe(false);
});
