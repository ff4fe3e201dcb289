import { createRequire } from 'node:module';
import type OpenAI from 'openai';
import type { Emitted } from './emitter.ts';
import type { FakeUsage } from './openai-server.ts';

const require = createRequire(import.meta.url);

/** OpenAI's client, loaded after whatever wants to patch it. */
export function openAiClient(baseURL: string): OpenAI {
  const { OpenAI: Client } = require('openai') as typeof import('openai');
  return new Client({ apiKey: 'sk-test', baseURL, maxRetries: 0 });
}

const asking = (usage: FakeUsage) => [{ role: 'user' as const, content: JSON.stringify(usage) }];

/**
 * A chat, a stream that says its usage, an embedding, and a call that fails. `recorded` names what of it the instrumentation
 * is known to record usage of; of the rest nobody can tell the cost.
 */
export async function makeOpenAiCalls(
  client: OpenAI,
  recorded: ReadonlySet<'chat' | 'stream' | 'embedding'>,
): Promise<Emitted> {
  await client.chat.completions.create({
    model: 'gpt-4o',
    messages: asking({ input: 4_808, output: 10 }),
  });
  const stream = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: asking({ input: 1_201, output: 333 }),
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const _ of stream);
  await client.embeddings.create({
    model: 'text-embedding-3-small',
    input: JSON.stringify({ input: 77, output: 0 }),
    encoding_format: 'float',
  });
  await client.chat.completions
    .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'fail' }] })
    .then(
      () => Promise.reject(new Error('The call should have failed')),
      () => undefined,
    );
  const calls = {
    chat: { provider: 'openai', model: 'gpt-4o', input: 4_808, output: 10 },
    stream: { provider: 'openai', model: 'gpt-4o-mini', input: 1_201, output: 333 },
    embedding: { provider: 'openai', model: 'text-embedding-3-small', input: 77 },
  };
  return { billed: [...recorded].map((kind) => calls[kind]), untold: 3 - recorded.size };
}
