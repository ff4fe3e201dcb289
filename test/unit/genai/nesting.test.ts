import { ReadableStream } from 'node:stream/web';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
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

const CHUNKS = chatChunks(['Hello', ' there'], CHAT_USAGE);
const OUTER = { ...CALL, model: 'gateway/gpt-4o' };
const twice = <T>(fn: () => T): T =>
  harness.genAi.traceLlmCall(OUTER, () => harness.genAi.traceLlmCall(CALL, fn));

/** One event and everything that goes with it once; both spans, the outer one without a cost. */
function expectOnce(): void {
  expect(harness.events).toHaveLength(1);
  const outer = harness.span('chat gateway/gpt-4o');
  const inner = harness.span('chat gpt-4o');
  expect(harness.events[0]!.spanId).toBe(inner.spanContext().spanId);
  expect(outer.attributes['agentworks.cost.covered_by']).toBe(inner.spanContext().spanId);
  for (const name of ['cost.usd', 'cost.event_id', 'cost.unpriced_reason']) {
    expect(outer.attributes).not.toHaveProperty([`agentworks.${name}`]);
  }
  expect(outer.attributes).not.toHaveProperty(['gen_ai.usage.input_tokens']);
  expect(harness.sum('llm/requests')).toBe(1);
  expect(harness.records.filter(({ name }) => name === 'llm/cost')).toHaveLength(1);
  expect(harness.sum('llm/unpriced_requests')).toBe(0);
}

test('a traced client within a traced call is one event, and costs once in metrics and sums', async () => {
  await harness.genAi.traceAgentRun(CALL, () => twice(async () => chatAnswer()));
  expectOnce();
  expect(harness.sum('llm/tokens', { token_type: 'input' })).toBe(100);
  const run = harness.span('invoke_agent planner');
  expect(run.attributes).toMatchObject({
    'agentworks.run.model_calls': 1,
    'gen_ai.usage.input_tokens': 100,
    'agentworks.cost.total_usd': harness.span('chat gpt-4o').attributes['agentworks.cost.usd'],
  });
});

test('three within each other are one event', async () => {
  await harness.genAi.traceLlmCall({ ...CALL, model: 'm' }, () => twice(async () => chatAnswer()));
  expectOnce();
});

test.each<[string, (stream: AsyncIterable<unknown>) => Promise<unknown>]>([
  ['read to its end', (stream) => readAll(stream)],
  [
    'left before its end',
    async (stream) => {
      for await (const _ of stream) break;
    },
  ],
])('a stream that both follow and that is %s is one event', async (_how, read) => {
  await read(twice(() => new ClientStream(CHUNKS)));
  expectOnce();
});

test('a web stream that is cancelled is one event', async () => {
  const reader = twice(() => ReadableStream.from(CHUNKS)).getReader();
  await reader.read();
  await reader.cancel();
  expectOnce();
});

test('a stream that nobody reads is one event when the telemetry closes', () => {
  twice(() => new ClientStream(CHUNKS));
  harness.genAi.close();
  expect(harness.events).toHaveLength(1);
  expect(harness.spans()).toHaveLength(2);
});

test('what fails within and is tried again outside is the event of the call that answered', async () => {
  const { genAi } = harness;
  await genAi.traceLlmCall(OUTER, async () => {
    await genAi.traceLlmCall(CALL, () => Promise.reject(new Error('no'))).catch(() => {});
    return chatAnswer();
  });
  const outer = harness.span('chat gateway/gpt-4o');
  expect(harness.events.map(({ spanId }) => spanId)).toEqual([outer.spanContext().spanId]);
});

test('a call that never ends does not keep the one around it from being told of', async () => {
  await harness.close();
  harness = startHarness({ streamIdleMs: 10 });
  const told = new Promise<void>((resolve) => {
    const { push } = harness.events;
    harness.events.push = (...events) => {
      resolve();
      return push.apply(harness.events, events);
    };
  });
  const { genAi } = harness;
  await genAi.traceLlmCall(OUTER, async () => {
    void genAi.traceLlmCall(CALL, () => new Promise(() => {}));
    return chatAnswer();
  });
  await told;
  expect(harness.span('chat gateway/gpt-4o')).toBeDefined();
});

test('an embedding, a tool and another agent within a chat are calls of their own', async () => {
  const { genAi } = harness;
  const other = () => genAi.traceLlmCall(CALL, async () => chatAnswer());
  await genAi.traceLlmCall(OUTER, async () => {
    await genAi.traceLlmCall({ ...CALL, operation: 'embeddings' }, async () => chatAnswer());
    await genAi.traceToolCall({ name: 'search' }, other);
    await genAi.traceAgentRun({ ...CALL }, other);
    return chatAnswer();
  });
  expect(harness.events).toHaveLength(4);
});
