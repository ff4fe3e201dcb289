import { ReadableStream, TransformStream, WritableStream } from 'node:stream/web';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  CALL,
  CHAT_USAGE,
  ClientStream,
  chatAnswer,
  chatChunks,
  readAll,
  startHarness,
} from './harness.ts';

let harness: ReturnType<typeof startHarness>;
beforeEach(() => {
  harness = startHarness();
});
afterEach(() => harness.close());

const said = { inputTokens: 11, outputTokens: 7, requests: 1 };
const CHUNKS = chatChunks(['Hello', ' there'], CHAT_USAGE);
const ANTHROPIC = { ...CALL, provider: 'anthropic', model: 'claude-sonnet-4-20250514' };
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  model: ANTHROPIC.model,
  usage: { input_tokens: 25, output_tokens: 1, cache_read_input_tokens: 5 },
};
const ANTHROPIC_EVENTS = [
  { type: 'message_start', message: MESSAGE },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello there' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 15 } },
  { type: 'message_stop' },
];

async function* generate<T>(chunks: readonly T[]): AsyncGenerator<T> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

describe('a stream read to its end', () => {
  test('stays the same object, hands out the same chunks, and is one event with the usage it said', async () => {
    const stream = new ClientStream(CHUNKS);
    const returned = await harness.genAi.traceLlmCall(CALL, async () => stream);
    expect(returned).toBe(stream);
    expect(returned.controller).toBe(stream.controller);
    expect(harness.events).toEqual([]);
    const got = await readAll(returned);
    expect(got).toEqual(CHUNKS);
    for (const [i, chunk] of got.entries()) expect(chunk).toBe(CHUNKS[i]);
    expect(harness.events.map(({ usage }) => usage)).toEqual([said]);
    expect(harness.events[0]).not.toHaveProperty('labels');
    expect(harness.span('chat gpt-4o').attributes).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.response.time_to_first_chunk': expect.any(Number),
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.response.id': 'chatcmpl-2',
    });
    expect(harness.records.some(({ name }) => name === 'llm/time_to_first_token')).toBe(true);
  });

  test('counts once however it is split', async () => {
    const stream = await harness.genAi.traceLlmCall(CALL, async () => new ClientStream(CHUNKS));
    const [left, right] = stream.tee();
    expect(await readAll(left)).toEqual(await readAll(right));
    expect(harness.events.map(({ usage }) => usage)).toEqual([said]);
  });

  test('may be a generator, which stays its own iterator', async () => {
    const generator = generate(CHUNKS);
    const returned = harness.genAi.traceLlmCall(CALL, () => generator);
    expect(returned).toBe(generator);
    expect(returned[Symbol.asyncIterator]()).toBe(generator);
    expect(await readAll(returned)).toEqual(CHUNKS);
    expect(harness.events).toHaveLength(1);
  });

  const asReadable = () => ReadableStream.from(CHUNKS);
  test.each<[string, (stream: ReadableStream) => Promise<unknown>]>([
    ['a loop', (stream) => readAll(stream)],
    [
      'a reader',
      async (stream) => {
        const reader = stream.getReader();
        while (!(await reader.read()).done);
      },
    ],
    ['a pipe', (stream) => stream.pipeTo(new WritableStream())],
    ['a transform', (stream) => readAll(stream.pipeThrough(new TransformStream()))],
    ['a tee', (stream) => Promise.all(stream.tee().map((half) => readAll(half)))],
  ])('may be a web stream that is read by %s', async (_how, read) => {
    const stream = asReadable();
    const returned = await harness.genAi.traceLlmCall(CALL, async () => stream);
    expect(returned).toBe(stream);
    await read(returned);
    expect(harness.events.map(({ usage }) => usage)).toEqual([said]);
  });

  test('may be bytes of server-sent events, cut anywhere', async () => {
    const text = CHUNKS.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
    const bytes = Buffer.from(`${text}data: [DONE]\n\n`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = at.slice(1).map((end, i) => new Uint8Array(bytes.subarray(at[i], end)));
        const before = harness.events.length;
        const stream = harness.genAi.traceLlmCall(CALL, () => ReadableStream.from(pieces));
        await new Response(stream as never).text();
        expect(harness.events.slice(before).map(({ usage }) => usage)).toEqual([said]);
      }),
      { numRuns: 30 },
    );
  });

  const bytesOf = (event: unknown) => ({
    chunk: { bytes: new TextEncoder().encode(JSON.stringify(event)) },
  });
  test.each<[string, object, (answer: never) => AsyncIterable<unknown>]>([
    [
      'Bedrock’s `stream`',
      { stream: generate([{ contentBlockDelta: { delta: { text: 'Hi' } } }, ...CHUNKS]) },
      ({ stream }) => stream,
    ],
    ['Bedrock’s `body` of bytes', { body: generate(CHUNKS.map(bytesOf)) }, ({ body }) => body],
    [
      'the `data` beside a response',
      { data: new ClientStream(CHUNKS), response: new Response() },
      ({ data }) => data,
    ],
    [
      'the body of a `Response`',
      new Response(CHUNKS.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')),
      ({ body }) => body,
    ],
  ])('may be in %s', async (_where, answer, streamOf) => {
    const returned = await harness.genAi.traceLlmCall(CALL, async () => answer);
    expect(returned).toBe(answer);
    expect(harness.events).toEqual([]);
    await readAll(streamOf(returned as never));
    expect(harness.events.map(({ usage }) => usage)).toEqual([said]);
    expect(harness.span('chat gpt-4o').attributes['gen_ai.request.stream']).toBe(true);
  });

  test.each([
    ['one line', 0],
    ['many lines', 2],
  ])('may be a response’s body of JSON in %s', async (_how, indent) => {
    const answer = JSON.stringify(chatAnswer(), null, indent);
    const response = await harness.genAi.traceLlmCall(CALL, async () => new Response(answer));
    expect(await response.json()).toEqual(chatAnswer());
    expect(harness.events.map(({ usage }) => usage?.inputTokens)).toEqual([100]);
    expect(harness.events[0]).not.toHaveProperty('labels');
    expect(harness.span('chat gpt-4o').attributes).not.toHaveProperty('gen_ai.request.stream');
  });

  test('that was read before is not waited for', async () => {
    const response = new Response('{}');
    await response.text();
    await harness.genAi.traceLlmCall(CALL, async () => response);
    expect(harness.events.map(({ usage }) => usage)).toEqual([{ requests: 1 }]);
  });

  test('of Anthropic has the input of its first event and the output of its last', async () => {
    await readAll(harness.genAi.traceLlmCall(ANTHROPIC, () => new ClientStream(ANTHROPIC_EVENTS)));
    expect(harness.events).toEqual([
      expect.objectContaining({
        resourceId: 'messages',
        usage: { inputTokens: 30, cacheReadTokens: 5, outputTokens: 15, requests: 1 },
      }),
    ]);
  });

  test('of OpenAI’s Responses has the usage of the response it ends with', async () => {
    const response = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'gpt-4o-2024-08-06',
      usage: { input_tokens: 30, output_tokens: 9, output_tokens_details: { reasoning_tokens: 2 } },
    };
    const events = [
      { type: 'response.created', response: { ...response, usage: null } },
      { type: 'response.output_text.delta', delta: 'abc' },
      { type: 'response.completed', response },
    ];
    await readAll(harness.genAi.traceLlmCall(CALL, () => new ClientStream(events)));
    expect(harness.events).toEqual([
      expect.objectContaining({
        resourceId: 'responses',
        usage: { inputTokens: 30, outputTokens: 9, reasoningTokens: 2, requests: 1 },
      }),
    ]);
  });
});

describe('a stream that ended before its usage was said', () => {
  const prompt = [{ role: 'user', content: 'x'.repeat(400) }];
  const text = 'y'.repeat(80);

  test('is estimated from the texts, and marked so everywhere', async () => {
    const stream = () => new ClientStream(chatChunks([text]));
    await readAll(harness.genAi.traceLlmCall({ ...CALL, prompt }, stream));
    const [event] = harness.events;
    expect(event).toMatchObject({ labels: { usage: 'estimated' } });
    expect(event!.usage).toEqual({ inputTokens: 101, outputTokens: 20, requests: 1 });
    expect(harness.span('chat gpt-4o').attributes['agentworks.usage.estimated']).toBe(true);
  });

  test.each<[string, (stream: AsyncIterable<unknown>) => Promise<void>]>([
    [
      'left by a break',
      async (stream) => {
        for await (const _ of stream) break;
      },
    ],
    [
      'left by a throw',
      async (stream) => {
        try {
          for await (const _ of stream) throw new Error('enough');
        } catch {
          // Ours.
        }
      },
    ],
  ])('%s settles at once and once', async (_how, leave) => {
    const stream = new ClientStream(chatChunks([text, text], CHAT_USAGE));
    await leave(harness.genAi.traceLlmCall({ ...CALL, prompt }, () => stream));
    expect(harness.events).toEqual([
      expect.objectContaining({
        labels: { usage: 'estimated' },
        usage: { inputTokens: 101, outputTokens: 20, requests: 1 },
      }),
    ]);
  });

  test('never goes below what was said so far', async () => {
    const stream = harness.genAi.traceLlmCall(ANTHROPIC, () => new ClientStream(ANTHROPIC_EVENTS));
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    expect(harness.events).toEqual([
      expect.objectContaining({
        labels: { usage: 'estimated' },
        usage: { inputTokens: 30, cacheReadTokens: 5, outputTokens: 3, requests: 1 },
      }),
    ]);
  });

  test('that nobody reads settles when the telemetry closes', async () => {
    harness.genAi.traceLlmCall({ ...CALL, prompt }, () => new ClientStream(CHUNKS));
    expect(harness.events).toEqual([]);
    harness.genAi.close();
    expect(harness.events).toEqual([
      expect.objectContaining({ usage: { inputTokens: 101, requests: 1 } }),
    ]);
  });

  test('that nobody reads settles after a while, and what comes later changes nothing', async () => {
    await harness.close();
    harness = startHarness({ streamIdleMs: 20 });
    const settled = new Promise<void>((resolve) => {
      const { push } = harness.events;
      harness.events.push = (...events) => {
        resolve();
        return push.apply(harness.events, events);
      };
    });
    const stream = harness.genAi.traceLlmCall(CALL, () => new ClientStream(CHUNKS));
    await settled;
    await readAll(stream);
    expect(harness.events).toHaveLength(1);
    // Nothing came and nobody said what was asked: not an estimate of zero.
    expect(harness.events[0]!.usage).toEqual({ requests: 1 });
  });

  test('because it failed passes the error on and costs what came', async () => {
    const error = new Error('connection lost');
    async function* fails(): AsyncGenerator<unknown> {
      yield* chatChunks([text]).slice(0, 1);
      throw error;
    }
    const stream = harness.genAi.traceLlmCall(CALL, () => fails());
    await expect(readAll(stream)).rejects.toBe(error);
    expect(harness.events).toEqual([
      expect.objectContaining({
        usage: { outputTokens: 20, requests: 1 },
        outcome: expect.objectContaining({ status: 'error' }),
      }),
    ]);
  });

  test('because it failed before anything came costs nothing', async () => {
    const fails = async function* fails(): AsyncGenerator<unknown> {
      yield await Promise.reject(new Error('refused'));
    };
    await readAll(harness.genAi.traceLlmCall(CALL, () => fails())).catch(() => {});
    expect(harness.events).toEqual([]);
  });
});
