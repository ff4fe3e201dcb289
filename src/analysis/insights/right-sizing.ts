import { formatDollarsRounded, formatUsd, type NanoUsd } from '../../core/money.ts';
import { cheaperModelFor } from '../../costs/pricing/cheaper-model.ts';
import type { PriceBook } from '../../costs/pricing/price-book.ts';
import { partsOfTokens, type TokenPart } from '../../costs/pricing/token-cost.ts';
import { amount, sumOf, tokensAt } from './arithmetic.ts';
import type { Insight } from './insight.ts';
import { type LlmUsage, usageSubject, usageText } from './llm-usage.ts';
import { isWorthSaying } from './worth.ts';

const WORDS: Record<TokenPart['kind'], string> = {
  input: 'input tokens',
  cacheRead: 'input tokens read from the cache',
  cacheWrite: 'input tokens written to the cache',
  output: 'output tokens',
  reasoning: 'reasoning tokens',
};

/**
 * Where the same tokens would have cost less on the next cheaper size of the model, at the rates that the workspace pays
 * at an instant (epoch ms). Usage without a price is not compared, since its costs are not known. Pure.
 */
export function rightSizingInsights(
  usages: readonly LlmUsage[],
  book: Pick<PriceBook, 'describeRates'>,
  at: { workspaceId: string; at: number; spentNanoUsd: NanoUsd },
): Insight[] {
  return usages.flatMap((usage): Insight[] => {
    const { costNanoUsd, tokens, requests, model } = usage;
    if (model === '' || usage.unpriced > 0) return [];
    const cheaper = cheaperModelFor(book, usage, at);
    if (cheaper.kind === 'none' || !isWorthSaying(cheaper.savingNanoUsd, at.spentNanoUsd))
      return [];
    const { arithmetic, nanoUsd } = sumOf([
      amount(`cost of ${requests} requests on ${model}`, costNanoUsd),
      ...partsOfTokens(tokens, cheaper.usdPerMillionTokens).map((part) =>
        tokensAt(`less ${WORDS[part.kind]} on ${cheaper.model}`, {
          tokens: part.tokens,
          usdPerMillion: part.usdPerMillionTokens,
          sign: -1,
        }),
      ),
    ]);
    const [now, then] = [costNanoUsd, cheaper.costNanoUsd].map(formatDollarsRounded);
    return [
      {
        kind: 'cheaper-model',
        subject: { ...usageSubject(usage), cheaperModel: cheaper.model },
        title: `${cheaper.model} instead of ${model} would save ${formatDollarsRounded(nanoUsd)}`,
        text:
          `${usageText(usage)}: the same tokens on ${cheaper.model} would have cost ${then} instead of ${now}. ` +
          'Whether it answers well enough is for a trial to say.',
        savingUsd: formatUsd(nanoUsd),
        arithmetic,
      },
    ];
  });
}
