import type { LlmUsage } from '../../../../src/analysis/insights/llm-usage.ts';
import { parseUsd } from '../../../../src/core/money.ts';
import { createPriceBook } from '../../../../src/costs/pricing/price-book.ts';

export const BOOK = createPriceBook();
/** What a workspace paid in all, and when its rates are asked for. */
export const PAID = {
  workspaceId: 'acme',
  at: Date.parse('2026-11-20T00:00:00Z'),
  spentNanoUsd: parseUsd('20'),
};

/** A million input and a million output tokens of gpt-4o, at $2.50 (cached: $1.25) and $10.00 a million. */
export function usageOf(
  parts: Partial<Omit<LlmUsage, 'tokens' | 'repeats'>> & {
    tokens?: Partial<LlmUsage['tokens']>;
    repeats?: Partial<LlmUsage['repeats']>;
  } = {},
): LlmUsage {
  return {
    provider: 'openai',
    model: 'gpt-4o',
    agent: 'bot',
    costNanoUsd: parseUsd('12.5'),
    requests: 100,
    unpriced: 0,
    ...parts,
    tokens: {
      inputTokens: 1_000_000,
      outputTokens: 1_000_000,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      ...parts.tokens,
    },
    repeats: {
      calls: 100,
      repeats: 0,
      byChance: 0,
      repeatedTokens: 0,
      firstTokens: 0,
      ...parts.repeats,
    },
  };
}
