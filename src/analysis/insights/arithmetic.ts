import {
  divideHalfEven,
  formatDecimal,
  formatUsd,
  type NanoUsd,
  parseDecimal,
} from '../../core/money.ts';
import { COST_SCALE, UNITS_PER_NANO_USD } from '../../costs/pricing/cost.ts';
import { RATE_SCALE } from '../../costs/pricing/rates.ts';
import type { Arithmetic, Term } from './insight.ts';

/** An amount as it is. */
export function amount(what: string, nanoUsd: NanoUsd): Term {
  return { what, usd: formatUsd(nanoUsd) };
}

/** A count of tokens at a price in USD per million of them, exact; `sign` says whether it is paid or saved. */
export function tokensAt(
  what: string,
  { tokens, usdPerMillion, sign }: { tokens: number; usdPerMillion: string; sign: 1 | -1 },
): Term {
  const units = BigInt(sign) * BigInt(tokens) * parseDecimal(usdPerMillion, RATE_SCALE);
  return {
    what,
    count: String(tokens),
    priceUsd: usdPerMillion,
    pricePer: '1000000 tokens',
    usd: formatDecimal(units, COST_SCALE),
  };
}

/** A count of things at a price of each; `sign` says whether it is paid or saved. */
export function unitsAt(
  what: string,
  of: { count: number; priceNanoUsd: NanoUsd; unit: string; sign: 1 | -1 },
): Term {
  return {
    what,
    count: String(of.count),
    priceUsd: formatUsd(of.priceNanoUsd),
    pricePer: `1 ${of.unit}`,
    usd: formatUsd(BigInt(of.sign) * BigInt(of.count) * of.priceNanoUsd),
  };
}

/** The terms with their sum, and the sum as an amount. Pure. */
export function sumOf(terms: Term[]): { arithmetic: Arithmetic; nanoUsd: NanoUsd } {
  const units = terms.reduce((sum, { usd }) => sum + parseDecimal(usd, COST_SCALE), 0n);
  const nanoUsd = divideHalfEven(units, UNITS_PER_NANO_USD);
  return { arithmetic: { terms, sumUsd: formatUsd(nanoUsd) }, nanoUsd };
}
