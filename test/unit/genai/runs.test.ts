import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { formatUsd, parseUsd } from '../../../src/core/money.ts';
import { CALL, chatAnswer, startHarness } from './harness.ts';

let harness: ReturnType<typeof startHarness>;
beforeEach(() => {
  harness = startHarness();
});
afterEach(() => harness.close());

const MODEL = { provider: 'openai', model: 'gpt-4o' };
const RUN = {
  workspaceId: 'acme',
  agentId: 'planner',
  agentName: 'Planner',
  agentType: 'planning',
  projectId: 'p1',
  userId: 'u1',
  conversationId: 'c1',
};
const ask = () => harness.genAi.traceLlmCall(MODEL, async () => chatAnswer());

test('calls within a run are attributed as the run is, across awaits, and sum up in its span', async () => {
  const { genAi } = harness;
  const result = await genAi.traceAgentRun(RUN, async () => {
    await ask();
    await genAi.traceToolCall({ name: 'search', callId: 'call_1' }, async () => ask());
    return 'done';
  });
  expect(result).toBe('done');
  for (const event of harness.events) {
    expect(event).toMatchObject({
      workspaceId: 'acme',
      agentId: 'planner',
      projectId: 'p1',
      userId: 'u1',
    });
  }
  const run = harness.span('invoke_agent Planner');
  const costs = harness
    .spans()
    .flatMap(({ attributes }) => attributes['agentworks.cost.usd'] ?? [])
    .map((cost) => parseUsd(String(cost)));
  expect(costs).toHaveLength(2);
  expect(run.kind).toBe(SpanKind.INTERNAL);
  expect(run.attributes).toMatchObject({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.id': 'planner',
    'gen_ai.agent.name': 'Planner',
    'gen_ai.conversation.id': 'c1',
    'gen_ai.usage.input_tokens': 200,
    'gen_ai.usage.output_tokens': 40,
    'agentworks.cost.total_usd': formatUsd(costs.reduce((a, b) => a + b, 0n)),
    'agentworks.run.model_calls': 2,
    'agentworks.run.tool_calls': 1,
  });
  expect(run.attributes).not.toHaveProperty('agentworks.cost.usd');
  const tool = harness.span('execute_tool search');
  expect(tool.attributes).toMatchObject({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'search',
    'gen_ai.tool.call.id': 'call_1',
    'agentworks.workspace.id': 'acme',
  });
  expect(tool.parentSpanContext?.spanId).toBe(run.spanContext().spanId);
});

test('what is given with a call goes before what its run says', async () => {
  await harness.genAi.traceAgentRun(RUN, () =>
    harness.genAi.traceLlmCall({ ...MODEL, projectId: 'other' }, async () => chatAnswer()),
  );
  expect(harness.events[0]).toMatchObject({ projectId: 'other', agentId: 'planner' });
});

test('runs side by side do not mix', async () => {
  await Promise.all(
    ['a', 'b', 'c'].map((agentId) =>
      harness.genAi.traceAgentRun({ workspaceId: `ws-${agentId}`, agentId }, async () => {
        await Promise.resolve();
        await ask();
      }),
    ),
  );
  const pairs = harness.events.map(({ workspaceId, agentId }) => `${workspaceId} ${agentId}`);
  expect(pairs.sort()).toEqual(['ws-a a', 'ws-b b', 'ws-c c']);
  for (const agent of ['a', 'b', 'c']) {
    expect(harness.span(`invoke_agent ${agent}`).attributes['agentworks.run.model_calls']).toBe(1);
  }
});

test('a team sums up its agents, and tokens count for the innermost agent only', async () => {
  const { genAi } = harness;
  await genAi.traceTeamRun({ workspaceId: 'acme', teamId: 'crew', agents: 2 }, () =>
    genAi.traceAgentRun({ agentId: 'lead', agentType: 'leading' }, async () => {
      await ask();
      await genAi.traceAgentRun({ agentId: 'coder', agentType: 'coding' }, ask);
    }),
  );
  const team = harness.span('invoke_workflow crew');
  expect(team.attributes).toMatchObject({
    'gen_ai.operation.name': 'invoke_workflow',
    'gen_ai.workflow.name': 'crew',
    'agentworks.team.id': 'crew',
    'gen_ai.usage.input_tokens': 200,
    'agentworks.run.model_calls': 2,
  });
  expect(harness.events.map(({ teamId, agentId }) => [teamId, agentId])).toEqual([
    ['crew', 'lead'],
    ['crew', 'coder'],
  ]);
  const input = { token_type: 'input' };
  expect(harness.sum('agent/tokens', { ...input, agent_type: 'leading' })).toBe(100);
  expect(harness.sum('agent/tokens', { ...input, agent_type: 'coding' })).toBe(100);
  expect(harness.sum('agent/collaborations')).toBe(1);
  expect(harness.sum('agent/team_runs', { status: 'ok' })).toBe(1);
  expect(harness.sum('agent/team_size')).toBe(2);
});

test('a run that fails passes its error on, records it, and still has its sums', async () => {
  const error = new TypeError('x is not a function');
  const failing = harness.genAi.traceAgentRun(RUN, async () => {
    await ask();
    throw error;
  });
  await expect(failing).rejects.toBe(error);
  const run = harness.span('invoke_agent Planner');
  expect(run.status).toEqual({ code: SpanStatusCode.ERROR, message: error.message });
  expect(run.events[0]!.attributes).toMatchObject({
    'exception.type': 'TypeError',
    'exception.message': error.message,
    'exception.stacktrace': error.stack,
  });
  expect(run.attributes['agentworks.run.model_calls']).toBe(1);
  const labels = { agent_type: 'planning', status: 'error' };
  expect(harness.sum('agent/runs', labels)).toBe(1);
});

test('a tool that throws is counted as failed, and its error passed on', () => {
  const error = new Error('no such file');
  const call = () =>
    harness.genAi.traceToolCall({ name: 'read', ...CALL }, () => {
      throw error;
    });
  expect(call).toThrow(error);
  expect(harness.sum('agent/tool_calls', { tool: 'read', status: 'error' })).toBe(1);
});

test('profiles are told when a run begins and how it ends', async () => {
  await harness.close();
  const told: unknown[] = [];
  harness = startHarness({
    agentProfiles: {
      begin(run) {
        told.push(run);
        return (status) => told.push(status);
      },
    },
  });
  await harness.genAi.traceAgentRun(RUN, async () => {});
  expect(told).toEqual([{ agentId: 'planner', workspaceId: 'acme' }, 'ok']);
});
