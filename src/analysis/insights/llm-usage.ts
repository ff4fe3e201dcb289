import { readQuery } from '../../cloud/query-file.ts';
import { type NanoUsd, parseUsd } from '../../core/money.ts';
import { formatInstant } from '../../core/time.ts';
import type { Tokens } from '../../costs/pricing/token-cost.ts';
import type { Asks } from '../anomalies/detect.ts';

/** What an agent of a workspace used a model for; the agent is `''` where events name none. */
export type LlmUsage = {
  provider: string;
  model: string;
  agent: string;
  costNanoUsd: NanoUsd;
  requests: number;
  /** Events without a known price; they count nothing. */
  unpriced: number;
  tokens: Tokens;
  repeats: Repeats;
};

/** Inputs that were sent before within the clock hour, as far as their sizes tell. */
export type Repeats = {
  /** Calls that were looked at: those long enough to be cached, of one request each. */
  calls: number;
  /** Those with as many input tokens as an earlier one, and how many chance alone would make so. */
  repeats: number;
  byChance: number;
  /** Input tokens of the repeats, and of the calls they repeat, that were neither read from nor written to a cache. */
  repeatedTokens: number;
  firstTokens: number;
};

type Row = Record<keyof Tokens, string> & {
  workspaceId: string;
  provider: string;
  model: string;
  agent: string;
  costUsd: string;
  unpriced: string;
  requests: string;
  sizedCalls: string;
  repeats: string;
  repeatedTokens: string;
  firstTokens: string;
  chanceRepeats: number;
};

const SQL = readQuery('cache_savings');
/** The shortest input that OpenAI, Anthropic (most models) and Google cache. */
const MIN_CACHEABLE_TOKENS = 1_024;

/**
 * The tokens of a period (epoch ms, half open) per provider, model and agent, by workspace, the dearest first
 * (`bigquery/queries/cache_savings.sql`). Reads only. Throws `warehouse_failed`.
 */
export async function readLlmUsage(
  warehouse: Asks,
  workspaceIds: readonly string[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<Map<string, LlmUsage[]>> {
  const rows = await warehouse.query<Row>({
    sql: SQL,
    params: {
      workspaceIds,
      from: formatInstant(fromMs),
      to: formatInstant(toMs),
      minimumInputTokens: MIN_CACHEABLE_TOKENS,
    },
    types: {
      workspaceIds: ['STRING'],
      from: 'TIMESTAMP',
      to: 'TIMESTAMP',
      minimumInputTokens: 'INT64',
    },
  });
  const byWorkspace = Map.groupBy(rows, ({ workspaceId }) => workspaceId);
  return new Map([...byWorkspace].map(([workspaceId, own]) => [workspaceId, own.map(toUsage)]));
}

function toUsage(row: Row): LlmUsage {
  return {
    provider: row.provider,
    model: row.model,
    agent: row.agent,
    costNanoUsd: parseUsd(row.costUsd),
    requests: Number(row.requests),
    unpriced: Number(row.unpriced),
    tokens: {
      inputTokens: Number(row.inputTokens),
      outputTokens: Number(row.outputTokens),
      cacheReadTokens: Number(row.cacheReadTokens),
      cacheWriteTokens: Number(row.cacheWriteTokens),
      reasoningTokens: Number(row.reasoningTokens),
    },
    repeats: {
      calls: Number(row.sizedCalls),
      repeats: Number(row.repeats),
      byChance: row.chanceRepeats,
      repeatedTokens: Number(row.repeatedTokens),
      firstTokens: Number(row.firstTokens),
    },
  };
}

/** `gpt-4o of openai, agent bot` */
export function usageText({ provider, model, agent }: LlmUsage): string {
  return `${model} of ${provider}${agent === '' ? '' : `, agent ${agent}`}`;
}

/** What an insight about it is about. */
export function usageSubject({ provider, model, agent }: LlmUsage): Record<string, string> {
  return { provider, model, ...(agent !== '' && { agent }) };
}
