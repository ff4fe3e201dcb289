import type { NanoUsd } from '../../core/money.ts';
import type { PriceBook, TokenRates } from './price-book.ts';
import { cheaperSibling } from './siblings.ts';
import { costOfTokens, type Tokens } from './token-cost.ts';

/** What the tokens of one model would have cost on the next cheaper size of it, or why nobody can say. */
export type CheaperModel =
  | {
      kind: 'cheaper';
      model: string;
      usdPerMillionTokens: TokenRates;
      costNanoUsd: NanoUsd;
      /** More than 0. */
      savingNanoUsd: NanoUsd;
    }
  | {
      kind: 'none';
      reason: 'no-rates' | 'costs-not-of-tokens' | 'no-cheaper-size' | 'nothing-saved';
    };

/** Tokens explain a model's costs if at the rates in force they come to at least so much of them. */
const MIN_EXPLAINED_PERCENT = 80n;

/**
 * Compares what was spent on a model with what the same tokens cost on its next cheaper size (`cheaperSibling`), at the
 * base rates that the workspace pays at an instant (epoch ms). Costs that do not come from tokens would not go away with
 * them, and are not compared. Pure.
 */
export function cheaperModelFor(
  book: Pick<PriceBook, 'describeRates'>,
  spent: { provider: string; model: string; costNanoUsd: NanoUsd; tokens: Tokens },
  { workspaceId, at }: { workspaceId: string; at: number },
): CheaperModel {
  const { provider, model, costNanoUsd, tokens } = spent;
  const own = book.describeRates({ provider, model, at, workspaceId });
  if (own.kind !== 'rates') return { kind: 'none', reason: 'no-rates' };
  const ownCost = costOfTokens(tokens, own.usdPerMillionTokens);
  if (ownCost * 100n < costNanoUsd * MIN_EXPLAINED_PERCENT) {
    return { kind: 'none', reason: 'costs-not-of-tokens' };
  }
  const sibling = cheaperSibling(book, { provider, model, at, workspaceId });
  if (sibling === undefined) return { kind: 'none', reason: 'no-cheaper-size' };
  const siblingCost = costOfTokens(tokens, sibling.usdPerMillionTokens);
  const savingNanoUsd = costNanoUsd - siblingCost;
  if (savingNanoUsd <= 0n) return { kind: 'none', reason: 'nothing-saved' };
  return { kind: 'cheaper', ...sibling, costNanoUsd: siblingCost, savingNanoUsd };
}
