import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readUsage } from '../../../src/otlp/usage.ts';

type Call = Parameters<typeof readUsage>[1];
const OPENAI: Call = { emitter: 'opentelemetry', provider: 'openai', model: 'gpt-4o' };
const CLAUDE: Call = {
  emitter: 'opentelemetry',
  provider: 'anthropic',
  model: 'claude-sonnet-4-5',
};
const read = (attributes: Record<string, string | number | bigint>, call: Call = OPENAI) =>
  readUsage(new Map(Object.entries(attributes)), call);
const found = (attributes: Record<string, string | number>, call?: Call) => {
  const usage = read(attributes, call);
  if (usage.kind !== 'found') throw new Error(JSON.stringify(usage));
  const { requests: _, ...tokens } = usage.usage;
  return tokens;
};
const INPUT = 'gen_ai.usage.input_tokens';
const OUTPUT = 'gen_ai.usage.output_tokens';
const READ = 'gen_ai.usage.cache_read.input_tokens';
const WRITE = 'gen_ai.usage.cache_creation.input_tokens';
const REASONING = 'gen_ai.usage.reasoning.output_tokens';

describe('every spelling of tokens is read', () => {
  test.each([
    ['gen_ai.usage.prompt_tokens', 'gen_ai.usage.completion_tokens'],
    ['llm.token_count.prompt', 'llm.token_count.completion'],
    ['ai.usage.inputTokens', 'ai.usage.outputTokens'],
    ['ai.usage.promptTokens', 'ai.usage.completionTokens'],
    ['llm.usage.prompt_tokens', 'llm.usage.completion_tokens'],
  ])('%s and %s', (input, output) => {
    expect(found({ [input]: 10, [output]: 3 })).toEqual({ inputTokens: 10, outputTokens: 3 });
  });

  test.each([
    [READ, WRITE],
    ['gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.cache_creation_input_tokens'],
    ['llm.token_count.prompt_details.cache_read', 'llm.token_count.prompt_details.cache_write'],
    ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.inputTokenDetails.cacheWriteTokens'],
    ['gen_ai.usage.details.cache_read_tokens', 'gen_ai.usage.details.cache_write_tokens'],
    [
      'gen_ai.usage.details.cache_read_input_tokens',
      'gen_ai.usage.details.cache_creation_input_tokens',
    ],
  ])('%s and %s, as parts of the input', (cacheRead, cacheWrite) => {
    expect(found({ [INPUT]: 10, [OUTPUT]: 3, [cacheRead]: 4, [cacheWrite]: 2 })).toEqual({
      inputTokens: 10,
      outputTokens: 3,
      cacheReadTokens: 4,
      cacheWriteTokens: 2,
    });
  });

  test('texts of digits are numbers; of two spellings the current one counts', () => {
    expect(found({ [INPUT]: '10', 'gen_ai.usage.prompt_tokens': 99, [OUTPUT]: 3 })).toEqual({
      inputTokens: 10,
      outputTokens: 3,
    });
  });
});

describe('cached tokens are counted once', () => {
  const cached = { [INPUT]: 12, [OUTPUT]: 90, [READ]: 2_048, [WRITE]: 512 };
  const whole = {
    inputTokens: 2_572,
    outputTokens: 90,
    cacheReadTokens: 2_048,
    cacheWriteTokens: 512,
  };

  test('where Anthropic’s input tokens cannot include them, they are added', () => {
    expect(found(cached, CLAUDE)).toEqual(whole);
    expect(found(cached, { ...CLAUDE, provider: 'aws', model: undefined })).toEqual(whole);
    const onVertex = { ...CLAUDE, provider: 'google', model: 'claude-sonnet-4-5' };
    expect(found(cached, onVertex)).toEqual(whole);
  });

  test('where Anthropic’s input tokens may include them, the convention is taken at its word', () => {
    expect(found({ ...cached, [INPUT]: 2_572 }, CLAUDE)).toEqual(whole);
  });

  test('where the total only comes out with them, they are added, whoever the provider is', () => {
    const attributes = { [INPUT]: 100, [OUTPUT]: 10, [READ]: 50, 'llm.token_count.total': 160 };
    expect(found(attributes)).toMatchObject({ inputTokens: 150, cacheReadTokens: 50 });
    expect(found({ ...attributes, 'llm.token_count.total': 110 })).toMatchObject({
      inputTokens: 100,
    });
  });

  const aiSdk: Call = { ...CLAUDE, emitter: 'vercel-ai' };
  const ofAiSdk = {
    'ai.usage.inputTokens': 3_000,
    'ai.usage.outputTokens': 90,
    'ai.usage.cachedInputTokens': 2_048,
  };

  test('AI SDK 5 hands on Anthropic’s numbers, so they are added even where they need not be', () => {
    expect(found(ofAiSdk, aiSdk)).toMatchObject({ inputTokens: 5_048, cacheReadTokens: 2_048 });
    expect(found(ofAiSdk, { ...aiSdk, provider: 'openai', model: 'gpt-4o' })).toMatchObject({
      inputTokens: 3_000,
      cacheReadTokens: 2_048,
    });
  });

  test('AI SDK 6 adds them up itself', () => {
    const attributes = { ...ofAiSdk, 'ai.usage.inputTokenDetails.noCacheTokens': 952 };
    expect(found(attributes, aiSdk)).toMatchObject({ inputTokens: 3_000 });
  });

  test('what Anthropic’s API itself said goes before both', () => {
    const usage = {
      input_tokens: 952,
      cache_read_input_tokens: 2_048,
      cache_creation_input_tokens: 100,
    };
    const metadata = JSON.stringify({ anthropic: { usage } });
    for (const inputTokens of [952, 3_100]) {
      const attributes = {
        'ai.usage.promptTokens': inputTokens,
        'ai.usage.completionTokens': 90,
        'ai.response.providerMetadata': metadata,
      };
      expect(found(attributes, aiSdk)).toEqual({
        inputTokens: 3_100,
        outputTokens: 90,
        cacheReadTokens: 2_048,
        cacheWriteTokens: 100,
      });
    }
  });

  test.each([
    'not json',
    'null',
    '7',
    '{"anthropic":null}',
    '{"anthropic":{"usage":{"input_tokens":-1}}}',
  ])('metadata that says nothing of it is passed over: %s', (metadata) => {
    const attributes = { ...ofAiSdk, 'ai.response.providerMetadata': metadata };
    expect(found(attributes, aiSdk)).toMatchObject({ inputTokens: 5_048 });
  });
});

describe('reasoning tokens', () => {
  test('are part of the output', () => {
    expect(found({ [INPUT]: 10, [OUTPUT]: 100, [REASONING]: 60 })).toMatchObject({
      outputTokens: 100,
      reasoningTokens: 60,
    });
  });

  test('are added where the total only comes out with them', () => {
    const attributes = {
      'ai.usage.inputTokens': 10,
      'ai.usage.outputTokens': 40,
      'ai.usage.reasoningTokens': 60,
      'ai.usage.totalTokens': 110,
    };
    const gemini: Call = { emitter: 'vercel-ai', provider: 'google', model: 'gemini-2.5-flash' };
    expect(found(attributes, gemini)).toMatchObject({ outputTokens: 100, reasoningTokens: 60 });
  });
});

describe('tokens that contradict each other', () => {
  test.each([
    [{ [INPUT]: 10, [OUTPUT]: 1, [READ]: 11 }, '11 cached input tokens are more than all 10'],
    [{ [INPUT]: 10, [OUTPUT]: 1, [REASONING]: 2 }, '2 reasoning tokens are more than all 1'],
    [{ [INPUT]: -1 }, `${INPUT} must be a whole number`],
    [{ [INPUT]: 1.5 }, `${INPUT} must be a whole number`],
    [{ [INPUT]: 'many' }, `${INPUT} must be a whole number`],
    [{ [INPUT]: 2n ** 60n }, `${INPUT} must be a whole number`],
    [{ 'llm.token_count.completion': -1 }, 'llm.token_count.completion must be'],
  ])('are refused with the reason: %p', (attributes, detail) => {
    expect(read(attributes as Record<string, number>)).toEqual({
      kind: 'contradictory',
      detail: expect.stringContaining(detail),
    });
  });

  test('never become usage that a cost event may not have', () => {
    const keys = [INPUT, OUTPUT, READ, WRITE, REASONING, 'llm.token_count.total'];
    const attributes = fc.dictionary(fc.constantFrom(...keys), fc.nat(300));
    const call = fc.constantFrom<Call>(
      OPENAI,
      CLAUDE,
      { ...CLAUDE, emitter: 'vercel-ai' },
      { emitter: 'openinference', provider: 'google', model: 'gemini-2.5-pro' },
    );
    fc.assert(
      fc.property(attributes, call, (given, by) => {
        const { [INPUT]: input = 0, [READ]: cacheRead = 0, [WRITE]: cacheWrite = 0 } = given;
        const result = read(given, by);
        if (result.kind !== 'found') return;
        const { usage } = result;
        const cached = (usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0);
        expect(cached).toBe(cacheRead + cacheWrite);
        expect(usage.inputTokens ?? 0).toBeGreaterThanOrEqual(cached);
        expect([input, input + cached]).toContain(usage.inputTokens ?? 0);
        expect(usage.outputTokens ?? 0).toBeGreaterThanOrEqual(usage.reasoningTokens ?? 0);
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each<[string, Record<string, number>]>([
  ['no counts', {}],
  ['zeros only', { [INPUT]: 0, [OUTPUT]: 0 }],
  ['a total only', { 'llm.usage.total_tokens': 110 }],
])('%s are no usage', (_name, attributes) => {
  expect(read(attributes)).toEqual({ kind: 'none' });
});
