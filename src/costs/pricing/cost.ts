import { divideHalfEven, formatDecimal, type NanoUsd } from '../../core/money.ts';
import type { Usage } from '../event.ts';
import { RATE_SCALE, type Rate, type Rates, rateFor } from './rates.ts';

/** Why usage could not be priced with rates that are known. */
export type CostGap =
  /** A count that is not a whole number ≥ 0, or a part larger than its whole (cached > input, reasoning > output). */
  | 'invalid-usage'
  /** Neither input nor output tokens are known. */
  | 'no-token-usage'
  /** The usage of several requests together exceeds a size above which single requests cost more. */
  | 'unknown-tier';

/** What one kind of tokens cost: exact, not rounded. */
export type PricePart =
  | {
      kind: 'input' | 'cacheRead' | 'cacheWrite' | 'output' | 'reasoning';
      /** Tokens of this kind alone: `input` is without the cached ones, `output` without those of a `reasoning` part. */
      tokens: number;
      usdPerMillionTokens: string;
      costUsd: string;
    }
  | { kind: 'requests'; requests: number; usdPerThousandRequests: string; costUsd: string };

export type Cost =
  | {
      kind: 'cost';
      costNanoUsd: NanoUsd;
      /** Exact parts whose sum, rounded once, is `costNanoUsd`; kinds without tokens are left out. */
      parts: () => PricePart[];
    }
  | { kind: 'gap'; reason: CostGap };

type Line = { kind: PricePart['kind']; count: number; rate: bigint };

/** Decimals of USD that tokens times rates have. */
export const COST_SCALE = RATE_SCALE + 6;
/** Tokens times rates are in units of USD per million at `RATE_SCALE` decimals: so many are a nano-dollar. */
export const UNITS_PER_NANO_USD = 10n ** BigInt(COST_SCALE - 9);

/**
 * The cost of one event's usage: tokens times rates, summed exactly, rounded once, half to even, to nano-USD.
 * Above a tier's threshold of total input the higher rates hold for all tokens of the request. Never throws, never negative.
 */
export function costOf(rates: Rates, usage: Usage): Cost {
  const { inputTokens, outputTokens } = usage;
  if (inputTokens === undefined && outputTokens === undefined) return gap('no-token-usage');
  const input = inputTokens ?? 0;
  const output = outputTokens ?? 0;
  const cacheRead = usage.cacheReadTokens ?? 0;
  const cacheWrite = usage.cacheWriteTokens ?? 0;
  const reasoning = usage.reasoningTokens ?? 0;
  const requests = usage.requests ?? 1;
  const uncached = input - cacheRead - cacheWrite;
  const plainOutput = output - reasoning;
  if (
    !isCount(cacheRead) ||
    !isCount(cacheWrite) ||
    !isCount(uncached) ||
    !isCount(reasoning) ||
    !isCount(plainOutput) ||
    !isCount(requests)
  ) {
    return gap('invalid-usage');
  }
  if (requests > 1 && exceedsAnyTier(rates, input)) return gap('unknown-tier');

  const lines: Line[] = [];
  const add = (kind: Line['kind'], count: number, rate: Rate | undefined) => {
    if (count > 0 && rate !== undefined) lines.push({ kind, count, rate: rateFor(rate, input) });
  };
  add('input', uncached, rates.input);
  add('cacheRead', cacheRead, rates.cacheRead);
  add('cacheWrite', cacheWrite, rates.cacheWrite);
  if (rates.reasoning === undefined) {
    add('output', output, rates.output);
  } else {
    add('output', plainOutput, rates.output);
    add('reasoning', reasoning, rates.reasoning);
  }
  add('requests', requests, rates.request);

  let units = 0n;
  for (const line of lines) units += BigInt(line.count) * line.rate;
  return {
    kind: 'cost',
    costNanoUsd: divideHalfEven(units, UNITS_PER_NANO_USD),
    parts: () => lines.map(partOf),
  };
}

function partOf({ kind, count, rate }: Line): PricePart {
  const costUsd = formatDecimal(BigInt(count) * rate, COST_SCALE);
  return kind === 'requests'
    ? {
        kind,
        requests: count,
        usdPerThousandRequests: formatDecimal(rate, RATE_SCALE + 3),
        costUsd,
      }
    : { kind, tokens: count, usdPerMillionTokens: formatDecimal(rate, RATE_SCALE), costUsd };
}

function exceedsAnyTier(rates: Rates, inputTokens: number): boolean {
  return Object.values(rates).some((rate) =>
    rate.tiers.some((tier) => inputTokens > tier.aboveInputTokens),
  );
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function gap(reason: CostGap): Cost {
  return { kind: 'gap', reason };
}
