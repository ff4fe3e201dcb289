import type { CostEvent } from '../../src/costs/event.ts';

/** What the benchmarks' traffic looks like: tenants with agents and users, several models, some caching. */
const WORKSPACES = 20;
const USERS_PER_WORKSPACE = 200;
const AGENTS_PER_WORKSPACE = 25;
const MODELS = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-haiku-4-5-20251001'],
  ['google', 'gemini-2.0-flash-lite-001'],
] as const;

/** A small seeded generator (mulberry32), so that every run sees the same traffic. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A message's worth of events of one workspace, as an agent service reports them. */
export function benchEvents(message: number, count: number, runId: string): CostEvent[] {
  const random = createRandom(message);
  const below = (limit: number) => Math.floor(random() * limit);
  const now = Date.now();
  return Array.from({ length: count }, (_, i) => {
    const [provider, model] = MODELS[below(MODELS.length)]!;
    const inputTokens = 200 + below(8_000);
    const cacheReadTokens = below(4) === 0 ? below(inputTokens) : 0;
    return {
      id: `${runId}-${message}-${i}`,
      workspaceId: `tenant-${message % WORKSPACES}`,
      projectId: `project-${below(5)}`,
      agentId: `agent-${below(AGENTS_PER_WORKSPACE)}`,
      userId: `user-${below(USERS_PER_WORKSPACE)}`,
      teamId: `team-${below(3)}`,
      timestamp: new Date(now - below(60_000)).toISOString(),
      resourceType: 'llm_api',
      resourceId: 'chat.completions',
      provider,
      model,
      operation: 'chat',
      usage: { inputTokens, outputTokens: 10 + below(900), cacheReadTokens },
      currency: 'USD',
      outcome: { status: 'ok', latencyMs: below(5_000) },
    };
  });
}

/** The body of a push request that carries these events. */
export function pushBody(events: readonly CostEvent[], messageId: string): Buffer {
  const data = Buffer.from(JSON.stringify({ events })).toString('base64');
  const message = { data, messageId, publishTime: new Date().toISOString(), attributes: {} };
  return Buffer.from(
    JSON.stringify({ message, subscription: 'projects/bench/subscriptions/ingest' }),
  );
}
