import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startProvider } from '../../../../local/workload/provider.ts';
import { createProviderClient } from '../../../../local/workload/provider-client.ts';
import type { ModelStep } from '../../../../local/workload/traffic.ts';
import { extractUsage } from '../../../../src/costs/pricing/extract-usage.ts';

let provider: Awaited<ReturnType<typeof startProvider>>;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

const step = (more: Partial<ModelStep>): ModelStep => ({
  kind: 'model',
  provider: 'openai',
  model: 'gpt-4o',
  streamed: false,
  inputTokens: 900,
  outputTokens: 120,
  cacheReadTokens: 300,
  latencyMs: 1,
  ...more,
});
const MODELS = [
  ['openai', 'gpt-4o'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-flash'],
] as const;

describe('the stand-in for providers', () => {
  test.each(MODELS)(
    '%s answers in its own format, with the usage asked for',
    async (name, model) => {
      const body = await createProviderClient(provider.url).complete(
        step({ provider: name, model }),
      );
      expect(extractUsage({ provider: name, body })).toMatchObject({
        kind: 'found',
        model,
        usage: { inputTokens: 900, outputTokens: 120, cacheReadTokens: 300 },
      });
    },
  );

  test.each(MODELS)('%s streams chunks that hold an answer', async (name, model) => {
    const client = createProviderClient(provider.url);
    const chunks: object[] = [];
    for await (const chunk of await client.stream(
      step({ provider: name, model, streamed: true }),
    )) {
      chunks.push(chunk);
    }
    expect(chunks.length).toBeGreaterThanOrEqual(name === 'google' ? 1 : 5);
    expect(JSON.stringify(chunks)).toContain('120');
  });

  test('fails as told, with the status and the kind of error', async () => {
    const answer = createProviderClient(provider.url).complete(step({ failsWith: 'rate_limited' }));
    await expect(answer).rejects.toMatchObject({ status: 429, code: 'rate_limited' });
  });
});
