import type { NanoUsd } from '../../core/money.ts';

const MIN_AMOUNT: NanoUsd = 10_000_000n;
const MIN_PERCENT = 1n;

/** Whether an amount is worth a word: at least a cent, and at least 1 % of what the workspace spent in the period. */
export function isWorthSaying(amountNanoUsd: NanoUsd, spentNanoUsd: NanoUsd): boolean {
  return amountNanoUsd >= MIN_AMOUNT && amountNanoUsd * 100n >= spentNanoUsd * MIN_PERCENT;
}
