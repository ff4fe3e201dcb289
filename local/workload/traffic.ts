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
const ERROR_TYPES = ['rate_limited', 'timeout', 'content_filter'];
const ERROR_SHARE = 0.02;
const STORAGE_SHARE = 0.03;

/** An endless, reproducible stream of cost events of the demo tenants: equal seeds give equal events. */
export function createTraffic(seed: number): { next(): CostEventInput } {
  const random = createRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  // Log-normal: the median is `typical`, one call in forty is more than five times that.
  const around = (typical: number) =>
    Math.max(1, Math.round(typical * Math.exp(0.85 * normal(random))));

  function llmCall(): CostEventInput {
    const by = pickWeighted(AGENTS, random);
    const failed = random() < ERROR_SHARE;
    const inputTokens = around(by.inputTokens);
    const outputTokens = failed ? 0 : around(by.outputTokens);
    return {
      workspaceId: pick(DEMO_WORKSPACES),
      projectId: pick(PROJECTS),
      agentId: by.agentId,
      teamId: by.teamId,
      userId: pick(USERS),
      resourceType: 'llm_api',
      resourceId: 'chat.completions',
      provider: by.provider,
      model: by.model,
      operation: 'chat',
      usage: {
        inputTokens,
        outputTokens,
        cacheReadTokens: Math.floor(inputTokens * by.cachedShare * random()),
        requests: 1,
      },
      outcome: failed
        ? { status: 'error', errorType: pick(ERROR_TYPES), latencyMs: around(2_000) }
        : { status: 'ok', latencyMs: 200 + outputTokens * 12 },
    };
  }

  function storage(): CostEventInput {
    const mebibytes = around(400);
    return {
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
    };
  }

  return { next: () => (random() < STORAGE_SHARE ? storage() : llmCall()) };
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
