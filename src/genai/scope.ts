import { type Context, context, createContextKey } from '@opentelemetry/api';
import type { NanoUsd } from '../core/money.ts';
import type { Usage } from '../costs/event.ts';
import type { Attribution } from './calls.ts';
import type { Echoes } from './echoes.ts';

/** Sums over the model and tool calls within a run. */
export type RunTotals = {
  modelCalls: number;
  toolCalls: number;
  inputTokens: number;
  outputTokens: number;
  costNanoUsd: NanoUsd;
  unpricedCalls: number;
};

/** A run under way: whom what happens within is attributed to, and what it comes to. */
export type RunScope = {
  attribution: Attribution;
  totals: RunTotals;
  parent: RunScope | undefined;
  /** Set for runs of agents, not of teams. */
  agent: { agentType: string | undefined } | undefined;
  /** What errors within said that must not be told. */
  echoes?: Echoes;
};

const SCOPE = createContextKey('agentworks run');

const FIELDS = [
  'workspaceId',
  'agentId',
  'projectId',
  'cardId',
  'userId',
  'teamId',
  'requestId',
  'conversationId',
] as const satisfies (keyof Attribution)[];

/** The run that the running code is part of. */
export function enclosingScope(at: Context = context.active()): RunScope | undefined {
  return at.getValue(SCOPE) as RunScope | undefined;
}

/** The context of a run that begins here. */
export function withScope(
  at: Context,
  run: Pick<RunScope, 'attribution' | 'agent'>,
): [Context, RunScope] {
  const totals: RunTotals = {
    modelCalls: 0,
    toolCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    costNanoUsd: 0n,
    unpricedCalls: 0,
  };
  const scope: RunScope = { ...run, totals, parent: enclosingScope(at) };
  return [at.setValue(SCOPE, scope), scope];
}

/** The innermost agent whose run this is part of. */
export function agentAround(scope: RunScope | undefined): RunScope['agent'] {
  let run = scope;
  while (run !== undefined && run.agent === undefined) run = run.parent;
  return run?.agent;
}

/** What is given, and for the rest what the enclosing run says, and `workspaceId` last of all. Pure. */
export function attributionOf(
  given: Attribution,
  scope: RunScope | undefined,
  workspaceId: string | undefined,
): Attribution {
  const inherited = scope?.attribution;
  const attribution: Attribution = {};
  for (const field of FIELDS) {
    const value = given[field] ?? inherited?.[field];
    if (value !== undefined) attribution[field] = value;
  }
  attribution.workspaceId ??= workspaceId;
  return attribution;
}

/** Adds a model call to the run and to all runs around it. */
export function addModelCall(
  scope: RunScope | undefined,
  call: { usage: Usage | undefined; costNanoUsd: NanoUsd | undefined },
): void {
  for (let run = scope; run !== undefined; run = run.parent) {
    const { totals } = run;
    totals.modelCalls += 1;
    totals.inputTokens += call.usage?.inputTokens ?? 0;
    totals.outputTokens += call.usage?.outputTokens ?? 0;
    if (call.costNanoUsd === undefined) totals.unpricedCalls += 1;
    else totals.costNanoUsd += call.costNanoUsd;
  }
}

/** Adds a tool call to the run and to all runs around it. */
export function addToolCall(scope: RunScope | undefined): void {
  for (let run = scope; run !== undefined; run = run.parent) run.totals.toolCalls += 1;
}
