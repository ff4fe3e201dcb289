import { describe, expect, test } from '@jest/globals';
import { formatUsd } from '../../../../src/core/money.ts';
import {
  BOOK_PRICE_VERSION,
  createPriceBook,
  type PriceQuery,
} from '../../../../src/costs/pricing/price-book.ts';

const book = createPriceBook();
const at = Date.parse('2026-11-20T12:00:00Z');
const usage = { inputTokens: 1_000_000, outputTokens: 1_000_000 };

const outcome = (provider: string, model?: string, query: Partial<PriceQuery> = {}) => {
  const price = book.price({ provider, model, at, usage, ...query });
  return price.kind === 'priced' ? formatUsd(price.costNanoUsd) : price.reason;
};

describe('a price from the book', () => {
  test('carries its source, its version and the parts it is made of', () => {
    const price = book.price({
      provider: 'openai',
      model: 'gpt-4o',
      at,
      usage: { inputTokens: 4808, cacheReadTokens: 808, outputTokens: 10 },
    });
    expect(price).toEqual({
      kind: 'priced',
      costNanoUsd: 11_110_000n,
      source: 'price_book',
      priceVersion: BOOK_PRICE_VERSION,
      parts: [
        { kind: 'input', tokens: 4000, usdPerMillionTokens: '2.5', costUsd: '0.01' },
        { kind: 'cacheRead', tokens: 808, usdPerMillionTokens: '1.25', costUsd: '0.00101' },
        { kind: 'output', tokens: 10, usdPerMillionTokens: '10', costUsd: '0.0001' },
      ],
    });
  });

  test.each([
    ['openai', 'gpt-4o'],
    ['OpenAI', ' GPT-4o '],
    ['openai', 'openai/gpt-4o'],
    ['azure.ai.openai', 'gpt-4o'],
    ['azure', 'azure/gpt-4o'],
    ['litellm', 'openai/gpt-4o'],
    ['litellm_proxy', 'azure/gpt-4o'],
  ])('is the same under every known spelling: %s %s', (provider, model) => {
    expect(outcome(provider, model)).toBe('12.5');
  });

  test.each([
    ['gcp.gemini', 'gemini-2.0-flash-001'],
    ['gcp.vertex_ai', 'gemini-2.0-flash-001'],
    ['gemini', 'gemini/gemini-2.0-flash-001'],
    ['vertex_ai-language-models', 'gemini-2.0-flash-001'],
    ['vertex_ai', 'vertex_ai/gemini-2.0-flash-001'],
    ['gemini', 'models/gemini-2.0-flash'],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['bedrock', 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    ['mistral_ai', 'mistral-large-latest'],
    ['x_ai', 'grok-3'],
    ['xai', 'xai/grok-3'],
    ['cohere_chat', 'command-r'],
    ['deepseek', 'deepseek/deepseek-v4-pro'],
    ['groq', 'groq/openai/gpt-oss-120b'],
    ['perplexity', 'perplexity/sonar'],
    ['together_ai', 'together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo'],
    ['fireworks_ai', 'fireworks_ai/accounts/fireworks/models/deepseek-v4-pro'],
    ['anthropic', 'claude-sonnet-4-5-20250929'],
  ])('exists for %s %s', (provider, model) => {
    expect(outcome(provider, model)).toMatch(/^[\d.]+$/);
  });

  test('comes from the lists a provider resells, because the data says it resells them', () => {
    expect(outcome('vertex_ai-anthropic_models', 'vertex_ai/claude-sonnet-4-5@20250929')).toBe(
      outcome('anthropic', 'claude-sonnet-4-5'),
    );
  });

  test('is chosen by the time of the event: dates', () => {
    const before = Date.parse('2025-06-09T23:59:59.999Z');
    expect(outcome('openai', 'o3', { at: before })).toBe('50');
    expect(outcome('openai', 'o3', { at: before + 1 })).toBe('10');
  });

  test('is chosen by the time of the event: hours of the day', () => {
    const night = Date.parse('2026-11-20T00:29:59Z');
    expect(outcome('deepseek', 'deepseek-chat', { at: night })).toBe('0.685');
    expect(outcome('deepseek', 'deepseek-chat', { at: night + 1000 })).toBe('1.37');
  });
});

describe('what is unknown is said, never guessed', () => {
  test.each([
    ['acme-openai-proxy', 'gpt-4o', 'unknown-provider'],
    ['', 'gpt-4o', 'unknown-provider'],
    ['constructor', 'gpt-4o', 'unknown-provider'],
    ['litellm', 'gpt-4o', 'unknown-provider'],
    ['litellm', 'nobody/gpt-4o', 'unknown-provider'],
    ['openai', 'gpt-99-ultra', 'unknown-model'],
    ['openai', '', 'unknown-model'],
    ['openai', undefined, 'unknown-model'],
    ['openai', 'openai/', 'unknown-model'],
    ['openai', 'claude-sonnet-4-5', 'unknown-model'],
    ['anthropic', 'gpt-4o', 'unknown-model'],
    ['anthropic', 'openai/gpt-4o', 'unknown-model'],
    ['groq', 'gpt-4o', 'unknown-model'],
    ['google', 'gpt-4o', 'unknown-model'],
    ['openai', 'azure/gpt-4o', 'unknown-model'],
    ['openai', 'whisper-1', 'no-rate-for-tokens'],
    ['gemini', 'gemma-3-27b-it', 'no-rate-for-tokens'],
  ])('%s %s: %s', (provider, model, reason) => {
    expect(outcome(provider, model)).toBe(reason);
  });

  test('usage without tokens is not a price of zero', () => {
    expect(book.price({ provider: 'openai', model: 'gpt-4o', at, usage: {} })).toEqual({
      kind: 'unpriced',
      reason: 'no-token-usage',
    });
  });

  test('more names than are remembered change no price', () => {
    const crowded = createPriceBook();
    for (let i = 0; i < 10_050; i += 1) {
      crowded.price({ provider: `nobody-${i}`, model: 'm', at, usage });
    }
    const price = crowded.price({ provider: 'nobody-0', model: 'm', at, usage });
    expect(price).toEqual({ kind: 'unpriced', reason: 'unknown-provider' });
  });
});

describe('the rates in force', () => {
  test('are told with their tiers, from every spelling to the names of the book', () => {
    expect(book.describeRates({ provider: 'gemini', model: 'gemini/gemini-2.5-pro', at })).toEqual({
      kind: 'rates',
      source: 'price_book',
      priceVersion: BOOK_PRICE_VERSION,
      provider: 'google',
      model: 'gemini-2.5-pro',
      usdPerMillionTokens: { input: '1.25', output: '10', cacheRead: '0.125', cacheWrite: '1.25' },
      tiers: [
        {
          aboveInputTokens: 200_000,
          usdPerMillionTokens: {
            input: '2.5',
            output: '15',
            cacheRead: '0.25',
            cacheWrite: '2.5',
          },
        },
      ],
    });
  });

  test('name a fee per request and a rate for reasoning where there is one', () => {
    expect(book.describeRates({ provider: 'perplexity', model: 'sonar', at })).toMatchObject({
      usdPerThousandRequests: '12',
    });
    const research = { provider: 'perplexity', model: 'sonar-deep-research', at };
    expect(book.describeRates(research)).toMatchObject({ usdPerMillionTokens: { reasoning: '3' } });
  });

  test('are not made up', () => {
    const unknown = book.describeRates({ provider: 'openai', model: 'gpt-99-ultra', at });
    expect(unknown).toEqual({ kind: 'unpriced', reason: 'unknown-model' });
  });
});
