import { setTimeout as sleep } from 'node:timers/promises';
import { traceAgentRun, traceLlmCall, traceTeamRun, traceToolCall } from '../../src/sdk/calls.ts';
import type { Telemetry } from '../../src/sdk/telemetry.ts';
import type { createProviderClient } from './provider-client.ts';
import type { AgentPlan, AgentRequest, ModelStep, Step, ToolStep } from './traffic.ts';

export type Outcome = { kind: 'answered' } | { kind: 'failed'; reason: string };

/**
 * The demo agents, written as a user of the SDK would: each run, model call and tool call is traced by a call around it,
 * and everything else (spans, metrics, log lines, cost events) follows from that.
 */
export function createAgents(options: {
  telemetry: Pick<Telemetry, 'log'>;
  provider: ReturnType<typeof createProviderClient>;
}) {
  const { provider } = options;
  const { log } = options.telemetry;

  /** Does what a request asks for; a failure is an outcome. */
  async function answer(request: AgentRequest, requestId: string): Promise<Outcome> {
    const { agents, workspaceId, projectId, userId, teamId } = request;
    const attribution = { workspaceId, projectId, userId, teamId, requestId };
    const runAgent = (plan: AgentPlan) =>
      traceAgentRun({ ...attribution, agentId: plan.agentId }, () => run(plan, attribution));
    try {
      if (agents.length === 1) await runAgent(agents[0]!);
      else {
        await traceTeamRun({ ...attribution, agents: agents.length }, async () => {
          for (const plan of agents) await runAgent(plan);
        });
      }
      return { kind: 'answered' };
    } catch (error) {
      log.warn('request given up', { workspaceId, requestId, error });
      return { kind: 'failed', reason: (error as Error).message };
    }
  }

  async function run(
    { agentId, steps }: AgentPlan,
    who: { workspaceId: string; requestId: string },
  ) {
    const { workspaceId, requestId } = who;
    const context = { workspaceId, requestId, agentId };
    log.info('agent begins', { ...context, steps: steps.length });
    for (const step of steps) await take(step, context);
    log.info('agent answered', { ...context, modelCalls: steps.filter(isModel).length });
  }

  async function take(step: Step, context: object): Promise<void> {
    if (step.kind === 'model') return think(step);
    try {
      await traceToolCall({ name: step.name, type: 'function' }, () => use(step));
    } catch (error) {
      // The agent goes on without what the tool would have brought.
      log.warn('tool failed', { ...context, tool: step.name, error });
    }
  }

  async function think(step: ModelStep): Promise<void> {
    const call = { provider: step.provider, model: step.model };
    if (!step.streamed) {
      await traceLlmCall(call, () => provider.complete(step));
      return;
    }
    const stream = await traceLlmCall(call, () => provider.stream(step));
    for await (const _chunk of stream) {
      // Somebody would read it as it comes.
    }
  }

  return { answer };
}

async function use({ name, durationMs, fails }: ToolStep): Promise<void> {
  await sleep(durationMs);
  if (fails) throw new Error(`${name} found nothing it could use`);
}

const isModel = (step: Step): step is ModelStep => step.kind === 'model';
