import type { CostEventInput } from '../../src/costs/reporter-options.ts';

/** The demo tenants; no test and no example uses these names for its own data. */
export const DEMO_WORKSPACES = ['demo-bakery', 'demo-clinic', 'demo-shipyard'] as const;

type Agent = {
  agentId: string;
  teamId: string;
  provider: string;
  model: string;
  /** Typical sizes; single calls scatter around them over more than a decade, as real ones do. */
  inputTokens: number;
  outputTokens: number;
  /** Share of the input that comes from the provider's cache. */
  cachedShare: number;
  /** Relative frequency. */
  weight: number;
};

const AGENTS: readonly Agent[] = [
  {
    agentId: 'support-triage',
    teamId: 'service',
    provider: 'openai',
    model: 'gpt-4o-mini',
    inputTokens: 900,
    outputTokens: 120,
    cachedShare: 0.4,
    weight: 8,
  },
  {
    agentId: 'order-desk',
    teamId: 'service',
    provider: 'openai',
    model: 'gpt-4o',
    inputTokens: 2_400,
    outputTokens: 260,
    cachedShare: 0.2,
    weight: 4,
  },
  {
    agentId: 'contract-reader',
    teamId: 'back-office',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5',
    inputTokens: 14_000,
    outputTokens: 900,
    cachedShare: 0.7,
    weight: 2,
  },
  {
    agentId: 'report-writer',
    teamId: 'back-office',
    provider: 'google',
    model: 'gemini-2.5-flash',
    inputTokens: 6_000,
    outputTokens: 1_400,
    cachedShare: 0,
    weight: 3,
  },
  {
    agentId: 'code-helper',
    teamId: 'engineering',
    provider: 'anthropic',
    model: 'claude-opus-4-1',
    inputTokens: 9_000,
    outputTokens: 1_100,
    cachedShare: 0.8,
    weight: 1,
  },
  // Nobody publishes a price for it: shows what an unpriced model looks like.
  {
    agentId: 'lab-pilot',
    teamId: 'engineering',
    provider: 'in-house',
    model: 'pilot-7b',
    inputTokens: 1_500,
    outputTokens: 300,
    cachedShare: 0,
    weight: 0.5,
  },
];

const USERS = ['ada', 'ben', 'chidi', 'dana', 'emre', 'fatou', 'goro', 'hana'];
const PROJECTS = ['spring-campaign', 'intake', 'archive'];
const TOOLS = ['search_orders', 'look_up_contract', 'send_reply', 'run_query'];
const MODEL_ERRORS = ['rate_limited', 'timeout', 'content_filter'];
const MODEL_ERROR_SHARE = 0.015;
const TOOL_ERROR_SHARE = 0.02;
const STREAMED_SHARE = 0.3;
const TEAM_SHARE = 0.05;
const STORAGE_SHARE = 0.03;
/** Models answer ten times faster than real ones, so that a trace is worth watching. */
const MS_PER_OUTPUT_TOKEN = 1.2;

/** What one call of a model is to use, and how it ends. */
export type ModelStep = {
  kind: 'model';
  provider: string;
  model: string;
  streamed: boolean;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  latencyMs: number;
  /** Absent: it answers. */
  failsWith?: string;
};
export type ToolStep = { kind: 'tool'; name: string; durationMs: number; fails: boolean };
export type Step = ModelStep | ToolStep;

/** One agent's part of a request. */
export type AgentPlan = { agentId: string; steps: Step[] };

/** What a user asks the demo agents for; more than one agent: they work as a team. */
export type AgentRequest = {
  kind: 'request';
  workspaceId: string;
  projectId: string;
  userId: string;
  teamId: string;
  agents: AgentPlan[];
};

/** A bill for storage that a workspace's service passes on. */
export type StorageBill = { kind: 'storage'; event: CostEventInput };

/** An endless, reproducible stream of what the demo tenants do: equal seeds give equal streams. */
export function createTraffic(seed: number): { next(): AgentRequest | StorageBill } {
  const random = createRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  // Log-normal: the median is `typical`, one call in forty is more than five times that.
  const around = (typical: number) =>
    Math.max(1, Math.round(typical * Math.exp(0.85 * normal(random))));

  function modelStep(by: Agent): ModelStep {
    const failed = random() < MODEL_ERROR_SHARE;
    const inputTokens = around(by.inputTokens);
    const outputTokens = around(by.outputTokens);
    return {
      kind: 'model',
      provider: by.provider,
      model: by.model,
      streamed: random() < STREAMED_SHARE,
      inputTokens,
      outputTokens,
      cacheReadTokens: Math.floor(inputTokens * by.cachedShare * random()),
      latencyMs: Math.min(4_000, Math.round(20 + outputTokens * MS_PER_OUTPUT_TOKEN)),
      ...(failed && { failsWith: pick(MODEL_ERRORS) }),
    };
  }

  function toolStep(): ToolStep {
    const durationMs = Math.min(1_000, around(25));
    return { kind: 'tool', name: pick(TOOLS), durationMs, fails: random() < TOOL_ERROR_SHARE };
  }

  /** The model thinks, and as long as it asks for tools, thinks again of what they brought. */
  function agentPlan(by: Agent): AgentPlan {
    const steps: Step[] = [modelStep(by)];
    while (random() < 0.4 && steps.length < 9) steps.push(toolStep(), modelStep(by));
    return { agentId: by.agentId, steps };
  }

  function request(): AgentRequest {
    const first = pickWeighted(AGENTS, random);
    const others = random() < TEAM_SHARE ? AGENTS.filter((other) => other !== first) : [];
    const team = others.length === 0 ? [first] : [first, pick(others)];
    return {
      kind: 'request',
      workspaceId: pick(DEMO_WORKSPACES),
      projectId: pick(PROJECTS),
      userId: pick(USERS),
      teamId: first.teamId,
      agents: team.map(agentPlan),
    };
  }

  function storage(): StorageBill {
    const mebibytes = around(400);
    return {
      kind: 'storage',
      event: {
        workspaceId: pick(DEMO_WORKSPACES),
        projectId: pick(PROJECTS),
        resourceType: 'storage',
        resourceId: 'documents-bucket',
        provider: 'google-cloud',
        operation: 'store',
        usage: { bytes: String(mebibytes * 1_048_576) },
        // Fractions of a cent, as a daily bill divided by its hours gives.
        costUsd: `0.${String(mebibytes * 27)
          .padStart(9, '0')
          .slice(-9)}`,
      },
    };
  }

  return { next: () => (random() < STORAGE_SHARE ? storage() : request()) };
}

function pickWeighted(agents: readonly Agent[], random: () => number): Agent {
  let rest = random() * agents.reduce((sum, { weight }) => sum + weight, 0);
  for (const candidate of agents) {
    rest -= candidate.weight;
    if (rest < 0) return candidate;
  }
  return agents[0]!;
}

/** Box–Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32: small, fast, and the same on every machine. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
