import { divideHalfEven, type NanoUsd, parseDecimal } from '../../core/money.ts';
import { UNITS_PER_NANO_USD } from './cost.ts';
import type { TokenRates } from './price-book.ts';
import { RATE_SCALE } from './rates.ts';

/** Sums of tokens: `inputTokens` includes cached ones, `outputTokens` includes reasoning. */
export type Tokens = {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
};

/**
 * What the tokens of many requests would cost at base rates: for comparing models, since no tier can be told from sums.
 * Exact, rounded once, half to even. Pure.
 */
export function costOfTokens(tokens: Tokens, rates: TokenRates): NanoUsd {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = tokens;
  const lines: [count: number, usdPerMillion: string][] = [
    [inputTokens - cacheReadTokens - cacheWriteTokens, rates.input],
    [cacheReadTokens, rates.cacheRead],
    [cacheWriteTokens, rates.cacheWrite],
    [outputTokens - reasoningTokens, rates.output],
    [reasoningTokens, rates.reasoning ?? rates.output],
  ];
  const units = lines.reduce(
    (sum, [count, rate]) => sum + BigInt(count) * parseDecimal(rate, RATE_SCALE),
    0n,
  );
  return divideHalfEven(units, UNITS_PER_NANO_USD);
}
