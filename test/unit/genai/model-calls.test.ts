import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ProxyTracerProvider, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { formatUsd } from '../../../src/core/money.ts';
import { createPriceBook } from '../../../src/costs/pricing/price-book.ts';
import { spanEventId } from '../../../src/genai/span-event-id.ts';
import { CALL, chatAnswer, startHarness } from './harness.ts';

let harness: ReturnType<typeof startHarness>;
beforeEach(() => {
  harness = startHarness();
});
afterEach(() => harness.close());

/** A promise with more to it than others, as the clients return them: it does its work once, however often it is asked. */
class ClientPromise<T> extends Promise<T> {
  withResponse = async (): Promise<{ data: T }> => ({ data: await this });
}

describe('the caller', () => {
  test('gets back the very promise and the very answer', async () => {
    const answer = chatAnswer();
    const promise = new ClientPromise((resolve) => resolve(answer));
    const returned = harness.genAi.traceLlmCall(CALL, () => promise);
    expect(returned).toBe(promise);
    expect(await returned).toBe(answer);
    expect((await returned.withResponse()).data).toBe(answer);
    expect(answer).toEqual(chatAnswer());
  });

  test('gets back the very error, thrown or rejected', async () => {
    const error = new Error('no');
    const rejects = harness.genAi.traceLlmCall(CALL, () => Promise.reject(error));
    await expect(rejects).rejects.toBe(error);
    const throws = () =>
      harness.genAi.traceLlmCall(CALL, () => {
        throw error;
      });
    expect(throws).toThrow(error);
  });

  test('gets back whatever else there is: nothing, a number, a frozen object', () => {
    const frozen = Object.freeze({ usage: 'none' });
    for (const value of [undefined, null, 7, 'text', frozen]) {
      expect(harness.genAi.traceLlmCall(CALL, () => value)).toBe(value);
    }
  });

  test('is given the span, and runs within it', () => {
    harness.genAi.traceLlmCall(CALL, (span) => void span.setAttribute('mine', 1));
    expect(harness.span('chat gpt-4o').attributes.mine).toBe(1);
  });

  test('feels nothing of telemetry that throws', async () => {
    await harness.close();
    const broken = () => {
      throw new Error('broken');
    };
    harness = startHarness({
      metrics: { incrementCounter: broken, recordHistogram: broken } as never,
      log: { info: broken, warn: broken, error: broken } as never,
      reportCost: broken,
      captureContent: broken,
      priceBook: { price: broken } as never,
    });
    const answer = chatAnswer();
    expect(await harness.genAi.traceLlmCall(CALL, async () => answer)).toBe(answer);
    const asked = { ...CALL, prompt: 'x' };
    expect(harness.genAi.traceLlmCall(asked, () => 1)).toBe(1);
    expect(harness.genAi.traceAgentRun({ ...CALL }, () => 2)).toBe(2);
    expect(harness.genAi.traceToolCall({ name: 'x' }, () => 3)).toBe(3);
  });
});

describe('a call that succeeded', () => {
  test('is one cost event with the usage of the answer, under the id of its span', async () => {
    await harness.genAi.traceLlmCall(
      { ...CALL, projectId: 'p1', requestId: 'r-1', labels: { team: 'blue' }, cacheHit: false },
      async () => chatAnswer(),
    );
    const { traceId, spanId } = harness.span('chat gpt-4o').spanContext();
    expect(harness.events).toEqual([
      {
        id: spanEventId(traceId, spanId),
        timestamp: expect.any(String),
        workspaceId: 'acme',
        agentId: 'planner',
        projectId: 'p1',
        requestId: 'r-1',
        resourceType: 'llm_api',
        resourceId: 'chat.completions',
        provider: 'openai',
        model: 'gpt-4o-2024-08-06',
        operation: 'chat',
        usage: { inputTokens: 100, outputTokens: 20, cacheReadTokens: 40, requests: 1 },
        outcome: { status: 'ok', latencyMs: expect.any(Number), cacheHit: false },
        traceId,
        spanId,
        labels: { team: 'blue' },
      },
    ]);
  });

  test('has in its span, log line and metrics the nano-dollars that the ledger will price it at', async () => {
    await harness.genAi.traceLlmCall(CALL, async () => chatAnswer());
    const [event] = harness.events;
    const price = createPriceBook().price({
      provider: event!.provider,
      model: event!.model,
      at: Date.parse(event!.timestamp!),
      usage: event!.usage!,
    });
    if (price.kind !== 'priced') throw new Error('unpriced');
    const costUsd = formatUsd(price.costNanoUsd);
    expect(harness.span('chat gpt-4o').attributes['agentworks.cost.usd']).toBe(costUsd);
    expect(harness.lines).toEqual([
      {
        level: 'info',
        message: 'model call',
        fields: expect.objectContaining({ workspaceId: 'acme', costUsd, inputTokens: 100 }),
      },
    ]);
    expect(harness.sum('llm/cost')).toBe(Number(price.costNanoUsd));
    const labels = { provider: 'openai', model: 'gpt-4o' };
    expect(harness.sum('llm/tokens', { ...labels, token_type: 'input' })).toBe(100);
    expect(harness.sum('llm/tokens', { ...labels, token_type: 'cache_read' })).toBe(40);
    expect(harness.sum('llm/requests', { ...labels, operation: 'chat', status: 'ok' })).toBe(1);
  });

  test('is told of in OpenTelemetry’s current words', async () => {
    await harness.genAi.traceLlmCall({ ...CALL, conversationId: 'c1' }, async () => chatAnswer());
    const span = harness.span('chat gpt-4o');
    expect(span.kind).toBe(SpanKind.CLIENT);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.agent.id': 'planner',
      'gen_ai.conversation.id': 'c1',
      'agentworks.workspace.id': 'acme',
      'agentworks.cost.event_id': harness.events[0]!.id,
    });
  });

  test('is read through what clients wrap around the body', async () => {
    await harness.genAi.traceLlmCall(CALL, async () => ({ data: chatAnswer(), status: 200 }));
    await harness.genAi.traceLlmCall(CALL, async () => ({ response: chatAnswer() }));
    expect(harness.events.map(({ usage }) => usage?.inputTokens)).toEqual([100, 100]);
  });

  test.each([
    [
      'openai',
      {
        object: 'response',
        status: 'completed',
        model: 'gpt-4o',
        usage: { input_tokens: 5, output_tokens: 6 },
      },
      'responses',
    ],
    [
      'anthropic',
      {
        type: 'message',
        model: 'claude-sonnet-4-20250514',
        stop_reason: 'end_turn',
        usage: { input_tokens: 5, output_tokens: 6 },
      },
      'messages',
    ],
    [
      'google',
      {
        modelVersion: 'gemini-2.5-pro',
        candidates: [{ finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 6, totalTokenCount: 11 },
      },
      'generateContent',
    ],
  ])('of %s has the resource its answer tells of', async (provider, body, resourceId) => {
    await harness.genAi.traceLlmCall({ ...CALL, provider, model: 'm' }, async () => body);
    expect(harness.events).toEqual([
      expect.objectContaining({
        resourceId,
        usage: expect.objectContaining({ inputTokens: 5, outputTokens: 6 }),
      }),
    ]);
  });

  test('without usage is one request that nobody can price, and a warning once per provider', async () => {
    for (let i = 0; i < 3; i += 1) await harness.genAi.traceLlmCall(CALL, async () => ({ ok: 1 }));
    expect(harness.events.map(({ usage }) => usage)).toEqual(Array(3).fill({ requests: 1 }));
    expect(harness.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    const { attributes } = harness.span('chat gpt-4o');
    expect(attributes['agentworks.cost.usd']).toBeUndefined();
    expect(attributes['agentworks.cost.unpriced_reason']).toBe('no-token-usage');
    expect(harness.sum('llm/unpriced_requests')).toBe(3);
  });

  test('of a model without a price says so and never guesses', async () => {
    const model = 'never-heard-of';
    await harness.genAi.traceLlmCall({ ...CALL, model }, async () => ({ ...chatAnswer(), model }));
    const { attributes } = harness.span(`chat ${model}`);
    expect(attributes['agentworks.cost.unpriced_reason']).toBe('unknown-model');
    expect(harness.sum('llm/cost')).toBe(0);
  });

  test('is billed as the model that was asked for where only that one has a price', async () => {
    const answer = { ...chatAnswer(), model: 'proxy-internal-name' };
    await harness.genAi.traceLlmCall(CALL, async () => answer);
    expect(harness.events[0]!.model).toBe('gpt-4o');
    expect(harness.span('chat gpt-4o').attributes['gen_ai.response.model']).toBe(answer.model);
  });

  test('keeps its cost event when an id is none that events may carry', async () => {
    const call = { ...CALL, cardId: 'not an id', requestId: 'x'.repeat(300) };
    await harness.genAi.traceLlmCall(call, async () => chatAnswer());
    expect(harness.events).toHaveLength(1);
    expect(harness.events[0]).not.toHaveProperty('cardId');
    expect(harness.events[0]).not.toHaveProperty('requestId');
    expect(harness.lines.some(({ level }) => level === 'warn')).toBe(true);
  });
});

describe('a call that failed', () => {
  const rateLimited = () =>
    Object.assign(new Error('429 Too many'), { status: 429, code: 'rate_limit_exceeded' });

  test('costs nothing, and is told of in span, metrics and log', async () => {
    await harness.genAi.traceLlmCall(CALL, () => Promise.reject(rateLimited())).catch(() => {});
    expect(harness.events).toEqual([]);
    const span = harness.span('chat gpt-4o');
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes).toMatchObject({
      'error.type': 'rate_limit_exceeded',
      'http.response.status_code': 429,
    });
    expect(span.events.map(({ name }) => name)).toEqual(['exception']);
    expect(harness.sum('llm/errors', { error_type: 'rate_limit_exceeded' })).toBe(1);
    expect(harness.lines).toEqual([
      expect.objectContaining({ level: 'error', message: 'model call failed' }),
    ]);
  });

  test('costs what its error says was used', async () => {
    const error = Object.assign(new Error('cut off'), {
      error: { object: 'chat.completion', usage: { prompt_tokens: 9, completion_tokens: 1 } },
    });
    await harness.genAi.traceLlmCall(CALL, () => Promise.reject(error)).catch(() => {});
    expect(harness.events).toEqual([
      expect.objectContaining({
        usage: expect.objectContaining({ inputTokens: 9, outputTokens: 1 }),
        outcome: expect.objectContaining({ status: 'error' }),
      }),
    ]);
  });
});

test('calls outside any tracing have cost events with ids of their own, and no trace', async () => {
  await harness.close();
  harness = startHarness({ tracer: new ProxyTracerProvider().getTracer('nobody listens') });
  await harness.genAi.traceLlmCall(CALL, async () => chatAnswer());
  await harness.genAi.traceLlmCall(CALL, async () => chatAnswer());
  expect(new Set(harness.events.map(({ id }) => id)).size).toBe(2);
  expect(harness.events[0]).not.toHaveProperty('traceId');
});
