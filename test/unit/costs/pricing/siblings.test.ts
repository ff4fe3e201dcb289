import { describe, expect, test } from '@jest/globals';
import { findProvider } from '@pydantic/genai-prices';
import { parseDecimal } from '../../../../src/core/money.ts';
import { createPriceBook } from '../../../../src/costs/pricing/price-book.ts';
import { knownBookProviders } from '../../../../src/costs/pricing/providers.ts';
import { cheaperSibling, kinOf } from '../../../../src/costs/pricing/siblings.ts';

const AT = Date.parse('2026-11-20T00:00:00Z');
const book = createPriceBook();
const of = (provider: string, model: string, from = book) =>
  cheaperSibling(from, { provider, model, at: AT, workspaceId: 'acme' })?.model;

describe('the next cheaper size of a model', () => {
  test.each([
    ['openai', 'gpt-4o', 'gpt-4o-mini'],
    ['OpenAI', 'gpt-4o-2024-08-06', 'gpt-4o-mini'],
    ['openai', 'gpt-5', 'gpt-5-mini'],
    ['openai', 'gpt-5-pro', 'gpt-5'],
    ['azure', 'gpt-4o', 'gpt-4o-mini'],
    ['anthropic', 'claude-sonnet-4-5', 'claude-haiku-4-5'],
    ['anthropic', 'claude-3-5-sonnet-latest', 'claude-3-5-haiku-latest'],
    ['google', 'gemini-2.5-pro', 'gemini-2.5-flash'],
    ['groq', 'llama3-70b-8192', 'llama3-8b-8192'],
  ])('of %s %s is %s', (provider, model, sibling) => {
    expect(of(provider, model)).toBe(sibling);
  });

  test.each([
    ['the smallest has none', 'openai', 'gpt-5-nano'],
    ['another generation is none', 'openai', 'gpt-4-turbo'],
    ['nobody knows the model', 'openai', 'gpt-unheard-of'],
    ['nobody knows the provider', 'acme-proxy', 'gpt-4o'],
  ])('%s: %s %s', (_, provider, model) => {
    expect(of(provider, model)).toBeUndefined();
  });

  test('is by what the workspace pays: a price of its own may leave none', () => {
    const usdPerMillionTokens = { input: '0.01', output: '0.01' };
    const own = book.withOverrides([
      {
        id: 'deal',
        version: 1,
        scope: 'acme',
        provider: 'openai',
        model: 'gpt-4o',
        validFrom: 0,
        usdPerMillionTokens,
      },
    ]);
    expect(of('openai', 'gpt-4o', own)).toBeUndefined();
  });

  test('of every model in the data is offered, of the same family and really cheaper', () => {
    for (const provider of knownBookProviders()) {
      for (const { id: model } of findProvider({ providerId: provider })?.models ?? []) {
        const sibling = cheaperSibling(book, { provider, model, at: AT, workspaceId: 'acme' });
        if (sibling === undefined) continue;
        const own = book.describeRates({ provider, model, at: AT });
        if (own.kind !== 'rates') throw new Error(`${model} has no rates`);
        const price = (rates: { input: string; output: string }) => [
          parseDecimal(rates.input, 18),
          parseDecimal(rates.output, 18),
        ];
        const [input = 0n, output = 0n] = price(own.usdPerMillionTokens);
        const [lessInput = 0n, lessOutput = 0n] = price(sibling.usdPerMillionTokens);
        expect(lessInput <= input && lessOutput <= output).toBe(true);
        expect(lessInput + lessOutput).toBeLessThan(input + output);
        expect(kinOf(sibling.model).family).toBe(kinOf(own.model).family);
      }
    }
  });
});

describe('the kin of a model', () => {
  test.each([
    ['gpt-4o-mini-2024-07-18', 'gpt 4o', 'mini'],
    ['claude-3-5-haiku-20241022', 'claude 3 5', 'haiku'],
    ['claude-haiku-4-5', 'claude 4 5', 'haiku'],
    ['gemini-2.5-flash-lite', 'gemini 2 5', 'flash lite'],
    ['gpt-4o-audio-preview', 'gpt 4o audio', ''],
    ['llama-3.1-70b-versatile', 'llama 3 1 versatile', '70b'],
    ['o3', 'o3', ''],
  ])('%s', (model, family, size) => {
    expect(kinOf(model)).toEqual({ family, size });
  });
});
