import { formatDollarsRounded, formatUsd, type NanoUsd } from '../../core/money.ts';
import { percentText } from '../../core/percent.ts';
import type { PriceBook, TokenRates } from '../../costs/pricing/price-book.ts';
import { sumOf, tokensAt } from './arithmetic.ts';
import type { Arithmetic, Insight, Term } from './insight.ts';
import { type LlmUsage, type Repeats, usageSubject, usageText } from './llm-usage.ts';
import { isWorthSaying } from './worth.ts';

/** Fewer are an accident. */
const MIN_REPEATS = 10;
/** So many times as many as by chance; sizes are less evenly spread than chance is reckoned with. */
const OVER_CHANCE = 3;

/** What providers' caches did for a workspace in a period. */
export type CacheUse = {
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  /** Cached tokens in percent of all input, one decimal, cut off; absent without input. */
  cachedPercent?: string;
  /** What caching saved, at the rates at the period's end; negative where writing cost more than reading saved. */
  savedUsd: string;
  arithmetic: Arithmetic;
  /** Cached tokens of models whose rates nobody knows: not in `savedUsd`. */
  cachedTokensWithoutRates: number;
};

type Paid = { workspaceId: string; at: number; spentNanoUsd: NanoUsd };
type Book = Pick<PriceBook, 'describeRates'>;

/** What caching saved a workspace, and of how much input. Pure. */
export function cacheUseOf(usages: readonly LlmUsage[], book: Book, paid: Paid): CacheUse {
  let [inputTokens, cacheReadTokens, cacheWriteTokens, cachedTokensWithoutRates] = [0, 0, 0, 0];
  const terms: Term[] = [];
  for (const usage of usages) {
    const { tokens } = usage;
    inputTokens += tokens.inputTokens;
    cacheReadTokens += tokens.cacheReadTokens;
    cacheWriteTokens += tokens.cacheWriteTokens;
    const rates = ratesOf(usage, book, paid);
    if (rates !== undefined) terms.push(...savedTerms(usage, rates));
    else cachedTokensWithoutRates += tokens.cacheReadTokens + tokens.cacheWriteTokens;
  }
  const { arithmetic } = sumOf(terms);
  return {
    inputTokens,
    cacheReadTokens,
    cacheWriteTokens,
    ...(inputTokens > 0 && {
      cachedPercent: percentText(BigInt(cacheReadTokens), BigInt(inputTokens)),
    }),
    savedUsd: arithmetic.sumUsd,
    arithmetic,
    cachedTokensWithoutRates,
  };
}

/** Where a provider's cache would save, or costs more than it saves. Pure. */
export function cachingInsights(usages: readonly LlmUsage[], book: Book, paid: Paid): Insight[] {
  return usages.flatMap((usage) => {
    const rates = ratesOf(usage, book, paid);
    if (rates === undefined) return [];
    return [...repeatedInputs(usage, rates, paid), ...unreadCache(usage, rates, paid)];
  });
}

function repeatedInputs(usage: LlmUsage, rates: TokenRates, { spentNanoUsd }: Paid): Insight[] {
  const { repeats, model } = usage;
  if (!isRepeated(repeats)) return [];
  const at = (tokens: number, usdPerMillion: string, sign: 1 | -1) => ({
    tokens,
    usdPerMillion,
    sign,
  });
  const { arithmetic, nanoUsd } = sumOf([
    tokensAt('repeated input tokens, paid in full', at(repeats.repeatedTokens, rates.input, 1)),
    tokensAt('less the same read from the cache', at(repeats.repeatedTokens, rates.cacheRead, -1)),
    tokensAt(
      'less writing what they repeat to the cache',
      at(repeats.firstTokens, rates.cacheWrite, -1),
    ),
    tokensAt('which was paid in full too', at(repeats.firstTokens, rates.input, 1)),
  ]);
  if (!isWorthSaying(nanoUsd, spentNanoUsd)) return [];
  return [
    {
      kind: 'repeated-inputs',
      subject: usageSubject(usage),
      title: `Caching repeated inputs of ${model} could save up to ${formatDollarsRounded(nanoUsd)}`,
      text:
        `${usageText(usage)}: ${repeats.repeats} of ${repeats.calls} calls had exactly as many input tokens as an earlier one ` +
        `of the same hour; chance alone would make about ${Math.round(repeats.byChance)}. If they repeat it, and it were read ` +
        `from the provider's cache, up to ${formatDollarsRounded(nanoUsd)} would be saved. The ledger knows sizes, not texts.`,
      savingUsd: formatUsd(nanoUsd),
      arithmetic,
    },
  ];
}

function isRepeated({ repeats, byChance }: Repeats): boolean {
  return repeats >= MIN_REPEATS && repeats >= OVER_CHANCE * byChance;
}

function unreadCache(usage: LlmUsage, rates: TokenRates, { spentNanoUsd }: Paid): Insight[] {
  const { cacheReadTokens, cacheWriteTokens } = usage.tokens;
  const saved = sumOf(savedTerms(usage, rates)).nanoUsd;
  if (!isWorthSaying(-saved, spentNanoUsd)) return [];
  const { arithmetic } = sumOf([
    ...savedTerms(usage, rates).map((term) => ({ ...term, usd: negated(term.usd) })),
  ]);
  const lost = formatDollarsRounded(-saved);
  return [
    {
      kind: 'unread-cache',
      subject: usageSubject(usage),
      title: `Caching ${usage.model} costs ${lost} more than it saves`,
      text:
        `${usageText(usage)}: ${cacheWriteTokens} input tokens were written to the provider's cache and ${cacheReadTokens} read ` +
        `from it; sending all of them uncached would have cost ${lost} less.`,
      savingUsd: arithmetic.sumUsd,
      arithmetic,
    },
  ];
}

/** What the cached tokens would have cost uncached, less what they cost. */
function savedTerms(usage: LlmUsage, rates: TokenRates): Term[] {
  const { cacheReadTokens, cacheWriteTokens } = usage.tokens;
  const cached = cacheReadTokens + cacheWriteTokens;
  if (cached === 0) return [];
  const of = `of ${usageText(usage)}`;
  const terms = [
    {
      what: `cached input tokens ${of}, uncached`,
      tokens: cached,
      usdPerMillion: rates.input,
      sign: 1,
    },
    {
      what: `less reading ${of}`,
      tokens: cacheReadTokens,
      usdPerMillion: rates.cacheRead,
      sign: -1,
    },
    {
      what: `less writing ${of}`,
      tokens: cacheWriteTokens,
      usdPerMillion: rates.cacheWrite,
      sign: -1,
    },
  ] as const;
  return terms.filter(({ tokens }) => tokens !== 0).map(({ what, ...at }) => tokensAt(what, at));
}

function ratesOf(usage: LlmUsage, book: Book, { workspaceId, at }: Paid): TokenRates | undefined {
  const { provider, model } = usage;
  const found = book.describeRates({ provider, model, at, workspaceId });
  return found.kind === 'rates' ? found.usdPerMillionTokens : undefined;
}

function negated(usd: string): string {
  if (usd === '0') return usd;
  return usd.startsWith('-') ? usd.slice(1) : `-${usd}`;
}
