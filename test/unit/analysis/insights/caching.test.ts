import { describe, expect, test } from '@jest/globals';
import { cacheUseOf, cachingInsights } from '../../../../src/analysis/insights/caching.ts';
import { BOOK, PAID, usageOf } from './usage-of.ts';

const CLAUDE = { provider: 'anthropic', model: 'claude-sonnet-4-5' };

describe('what caching saved', () => {
  test('is the cached tokens at the full rate, less what they cost', () => {
    const cached = usageOf({ tokens: { cacheReadTokens: 400_000 } });
    expect(cacheUseOf([cached, usageOf()], BOOK, PAID)).toMatchObject({
      inputTokens: 2_000_000,
      cacheReadTokens: 400_000,
      cachedPercent: '20.0',
      // 0.4 × ($2.50 − $1.25)
      savedUsd: '0.5',
      cachedTokensWithoutRates: 0,
    });
  });

  test('counts what writing costs more: $3.00 a million become $3.75, and $0.30 when read', () => {
    const tokens = { cacheReadTokens: 100_000, cacheWriteTokens: 200_000 };
    const use = cacheUseOf([usageOf({ ...CLAUDE, tokens })], BOOK, PAID);
    // 0.1 × ($3.00 − $0.30) − 0.2 × ($3.75 − $3.00)
    expect(use.savedUsd).toBe('0.12');
  });

  test('is not guessed for models without rates, but said', () => {
    const tokens = { cacheReadTokens: 7, cacheWriteTokens: 2 };
    const use = cacheUseOf([usageOf({ model: 'gpt-unheard-of', tokens })], BOOK, PAID);
    expect(use).toMatchObject({ savedUsd: '0', cachedTokensWithoutRates: 9 });
  });

  test('has no share where there was no input', () => {
    expect(cacheUseOf([], BOOK, PAID)).not.toHaveProperty('cachedPercent');
  });
});

describe('repeated inputs', () => {
  const repeats = { repeats: 60, byChance: 4, repeatedTokens: 600_000, firstTokens: 100_000 };

  test('are worth what a cache would have saved', () => {
    const [insight] = cachingInsights([usageOf({ repeats })], BOOK, PAID);
    // 0.6 × ($2.50 − $1.25); OpenAI takes nothing for writing.
    expect(insight).toMatchObject({ kind: 'repeated-inputs', savingUsd: '0.75' });
    expect(insight!.text).toContain('60 of 100 calls had exactly as many input tokens');
    expect(insight!.text).toContain('chance alone would make about 4');
  });

  test('are worth less where writing to the cache costs more than sending', () => {
    const [insight] = cachingInsights([usageOf({ ...CLAUDE, repeats })], BOOK, PAID);
    // 0.6 × ($3.00 − $0.30) − 0.1 × ($3.75 − $3.00)
    expect(insight!.savingUsd).toBe('1.545');
  });

  test.each([
    ['are few', { ...repeats, repeats: 9, byChance: 0 }],
    ['are not three times as many as by chance', { ...repeats, byChance: 20.001 }],
    ['would save less than a cent', { ...repeats, repeatedTokens: 7_999 }],
  ])('are no news where they %s', (_, found) => {
    expect(cachingInsights([usageOf({ repeats: found })], BOOK, PAID)).toEqual([]);
  });

  test('are no news where the provider’s cache costs as much as sending', () => {
    const rates = { input: '1', output: '1', cacheRead: '1', cacheWrite: '1' };
    const book = BOOK.withOverrides([
      {
        id: 'flat',
        version: 1,
        scope: 'acme',
        provider: 'openai',
        model: 'gpt-4o',
        validFrom: 0,
        usdPerMillionTokens: rates,
      },
    ]);
    expect(cachingInsights([usageOf({ repeats })], book, PAID)).toEqual([]);
  });
});

test('a cache that is written and not read costs more than it saves, and the advice adds up', () => {
  const tokens = { cacheReadTokens: 100_000, cacheWriteTokens: 900_000 };
  const [insight] = cachingInsights([usageOf({ ...CLAUDE, tokens })], BOOK, PAID);
  // 0.9 × ($3.75 − $3.00) − 0.1 × ($3.00 − $0.30)
  expect(insight).toMatchObject({ kind: 'unread-cache', savingUsd: '0.405' });
  expect(insight!.arithmetic.terms.map(({ usd }) => usd)).toEqual(['-3', '0.03', '3.375']);
});
