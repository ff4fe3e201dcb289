import { divideHalfEven, formatDecimal, type NanoUsd, parseDecimal } from '../../core/money.ts';
import { COST_SCALE, UNITS_PER_NANO_USD } from './cost.ts';
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

/** What one kind of tokens would cost: exact, not rounded. */
export type TokenPart = {
  kind: 'input' | 'cacheRead' | 'cacheWrite' | 'output' | 'reasoning';
  /** Of this kind alone: `input` is without the cached ones, `output` without reasoning. */
  tokens: number;
  usdPerMillionTokens: string;
  costUsd: string;
};

/**
 * What the tokens of many requests would cost at base rates: for comparing models, since no tier can be told from sums.
 * Exact, rounded once, half to even. Pure.
 */
export function costOfTokens(tokens: Tokens, rates: TokenRates): NanoUsd {
  const units = linesOf(tokens, rates).reduce(
    (sum, { count, rate }) => sum + BigInt(count) * parseDecimal(rate, RATE_SCALE),
    0n,
  );
  return divideHalfEven(units, UNITS_PER_NANO_USD);
}

/** The parts whose exact sum, rounded once, is `costOfTokens`; kinds without tokens are left out. Pure. */
export function partsOfTokens(tokens: Tokens, rates: TokenRates): TokenPart[] {
  return linesOf(tokens, rates)
    .filter(({ count }) => count !== 0)
    .map(({ kind, count, rate }) => ({
      kind,
      tokens: count,
      usdPerMillionTokens: rate,
      costUsd: formatDecimal(BigInt(count) * parseDecimal(rate, RATE_SCALE), COST_SCALE),
    }));
}

function linesOf(
  tokens: Tokens,
  rates: TokenRates,
): { kind: TokenPart['kind']; count: number; rate: string }[] {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = tokens;
  const uncached = inputTokens - cacheReadTokens - cacheWriteTokens;
  return [
    { kind: 'input', count: uncached, rate: rates.input },
    { kind: 'cacheRead', count: cacheReadTokens, rate: rates.cacheRead },
    { kind: 'cacheWrite', count: cacheWriteTokens, rate: rates.cacheWrite },
    { kind: 'output', count: outputTokens - reasoningTokens, rate: rates.output },
    { kind: 'reasoning', count: reasoningTokens, rate: rates.reasoning ?? rates.output },
  ];
}
