import {
  type Attributes,
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { errorMessage } from '../core/errors.ts';
import { formatUsd } from '../core/money.ts';
import { attributionAttributes } from './attributes.ts';
import type { Attribution } from './calls.ts';
import { toJson } from './content.ts';
import {
  AGENTWORKS,
  EXECUTE_TOOL,
  GEN_AI,
  INVOKE_AGENT,
  INVOKE_WORKFLOW,
  spanName,
} from './conventions.ts';
import { errorTypeOf, recordError } from './exceptions.ts';
import type { GenAi, GenAiOptions } from './genai.ts';
import { measureAgentRun, measureTeamRun, measureToolCall } from './measures.ts';
import { outsideOfCalls } from './nesting.ts';
import { createRunner } from './run.ts';
import {
  addToolCall,
  agentAround,
  attributionOf,
  enclosingScope,
  type RunScope,
  type RunTotals,
  withScope,
} from './scope.ts';
import { createTeller } from './teller.ts';
import { callMessage, runMessage } from './withheld.ts';

/** How a run or tool call ended. */
type End = {
  status: 'ok' | 'error';
  error?: unknown;
  /** The error's, where it may be told. */
  message?: string | undefined;
  result?: unknown;
  durationMs: number;
};

type Begun = {
  span: Span;
  /** Where `fn` runs. */
  at: Context;
  withContent: boolean;
  /** An error's message, where it may be told to whom no content may be. */
  tellable(error: unknown): string | undefined;
  ended(end: End): void;
};

/** `traceAgentRun`, `traceToolCall` and `traceTeamRun`; see `GenAi`. */
export function createRuns(
  options: GenAiOptions,
): Pick<GenAi, 'traceAgentRun' | 'traceToolCall' | 'traceTeamRun' | 'close'> {
  const { tracer, metrics, log, captureContent, agentProfiles } = options;
  const teller = createTeller(log);
  const runner = createRunner(teller);

  /** Runs `fn` as it is, and tells `begun` how it ended. */
  function run<T>(what: string, begin: () => Begun, fn: (span: Span) => T): T {
    const begun = teller.safely(`the begin of ${what}`, begin);
    const span = begun?.span ?? trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const startedAt = performance.now();
    const settle = (end: Omit<End, 'durationMs'>) => {
      if (begun === undefined) return;
      const durationMs = performance.now() - startedAt;
      const { withContent } = begun;
      teller.safely(`the end of ${what}`, () => {
        if (end.status === 'ok') return begun.ended({ ...end, durationMs });
        const { error } = end;
        const message = teller.safely('an error', () => begun.tellable(error));
        recordError(span, error, withContent ? errorMessage(error) : message);
        begun.ended({ ...end, message, durationMs });
      });
      span.end();
    };
    return runner.run(fn, span, begun?.at ?? context.active(), {
      answered: (result) => settle({ status: 'ok', result }),
      failed: (error) => settle({ status: 'error', error }),
      unused: () => settle({ status: 'ok' }),
    });
  }

  function start(
    given: Attribution,
    name: string,
    attributes: Attributes,
  ): Omit<Begun, 'ended' | 'tellable'> & { attribution: Attribution; scope: RunScope | undefined } {
    const scope = enclosingScope();
    const attribution = attributionOf(given, scope, options.workspaceId);
    const { workspaceId } = attribution;
    const withContent = workspaceId !== undefined && captureContent?.(workspaceId) === true;
    const span = tracer.startSpan(name, {
      kind: SpanKind.INTERNAL,
      attributes: { ...attributionAttributes(attribution), ...attributes },
    });
    const at = outsideOfCalls(trace.setSpan(context.active(), span));
    return { span, at, withContent, attribution, scope };
  }

  function say(
    what: string,
    { status, error, message, durationMs }: End,
    { span, ...fields }: { span: Span } & Record<string, unknown>,
  ): void {
    const told = { ...fields, durationMs: Math.round(durationMs) };
    context.with(trace.setSpan(context.active(), span), () => {
      if (status === 'ok') return log.info(what, told);
      log.error(`${what} failed`, {
        ...told,
        errorType: errorTypeOf(error),
        errorMessage: message,
      });
    });
  }

  return {
    traceAgentRun(agent, fn) {
      const begin = (): Begun => {
        const started = start(agent, spanName(INVOKE_AGENT, agent.agentName ?? agent.agentId), {
          [GEN_AI.operation]: INVOKE_AGENT,
          ...(agent.agentName !== undefined && { [GEN_AI.agentName]: agent.agentName }),
        });
        const { attribution, span, withContent } = started;
        const [at, scope] = withScope(started.at, {
          attribution,
          agent: { agentType: agent.agentType },
        });
        const { agentId } = agent;
        const { workspaceId } = attribution;
        const endProfile = teller.safely('a profile', () =>
          agentProfiles?.begin({ agentId, workspaceId }),
        );
        return {
          span,
          at,
          withContent,
          tellable: (error) => runMessage(error, scope),
          ended(end) {
            const { status, durationMs } = end;
            span.setAttributes(totalAttributes(scope.totals));
            teller.safely('a profile', () => endProfile?.(status));
            measureAgentRun(metrics, {
              agentType: agent.agentType,
              status,
              durationMs,
              totals: scope.totals,
              isDelegated: agentAround(scope.parent) !== undefined,
            });
            say('agent run', end, {
              ...attribution,
              ...totalFields(scope.totals),
              span,
            });
          },
        };
      };
      return run('an agent run', begin, fn);
    },

    traceTeamRun(team, fn) {
      const begin = (): Begun => {
        const name = team.teamName ?? team.teamId;
        const started = start(team, spanName(INVOKE_WORKFLOW, name), {
          [GEN_AI.operation]: INVOKE_WORKFLOW,
          [GEN_AI.workflowName]: name,
        });
        const { attribution, span, withContent } = started;
        const [at, scope] = withScope(started.at, { attribution, agent: undefined });
        return {
          span,
          at,
          withContent,
          tellable: (error) => runMessage(error, scope),
          ended(end) {
            span.setAttributes(totalAttributes(scope.totals));
            measureTeamRun(metrics, { ...end, agents: team.agents });
            say('team run', end, {
              ...attribution,
              ...totalFields(scope.totals),
              span,
            });
          },
        };
      };
      return run('a team run', begin, fn);
    },

    traceToolCall(tool, fn) {
      const begin = (): Begun => {
        const started = start(tool, spanName(EXECUTE_TOOL, tool.name), {
          [GEN_AI.operation]: EXECUTE_TOOL,
          [GEN_AI.toolName]: tool.name,
          ...(tool.callId !== undefined && { [GEN_AI.toolCallId]: tool.callId }),
          ...(tool.type !== undefined && { [GEN_AI.toolType]: tool.type }),
        });
        const { span, at, withContent, scope } = started;
        if (withContent && tool.arguments !== undefined) {
          span.setAttribute(GEN_AI.toolArguments, toJson(tool.arguments));
        }
        return {
          span,
          at,
          withContent,
          tellable: (error) => callMessage(error, { given: tool.arguments, scope }),
          ended(end) {
            addToolCall(scope);
            if (withContent && end.result !== undefined) {
              span.setAttribute(GEN_AI.toolResult, toJson(end.result));
            }
            measureToolCall(metrics, { ...end, tool: tool.name });
          },
        };
      };
      return run('a tool call', begin, fn);
    },

    close: runner.close,
  };
}

function totalAttributes(totals: RunTotals): Attributes {
  return {
    [GEN_AI.inputTokens]: totals.inputTokens,
    [GEN_AI.outputTokens]: totals.outputTokens,
    [AGENTWORKS.modelCalls]: totals.modelCalls,
    [AGENTWORKS.toolCalls]: totals.toolCalls,
    [AGENTWORKS.totalCostUsd]: formatUsd(totals.costNanoUsd),
    ...(totals.unpricedCalls > 0 && { [AGENTWORKS.unpricedCalls]: totals.unpricedCalls }),
  };
}

function totalFields({ costNanoUsd, ...counts }: RunTotals): Record<string, unknown> {
  return { ...counts, costUsd: formatUsd(costNanoUsd) };
}
