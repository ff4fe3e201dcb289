import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { CALL, chatAnswer, startHarness } from './harness.ts';

let harness: ReturnType<typeof startHarness>;
beforeEach(() => {
  harness = startHarness();
});
afterEach(() => harness.close());

/** As OpenAI's and Anthropic's clients return: the request is under way, but the body is only read when it is asked for. */
class ApiPromise<T> extends Promise<T> {
  readonly #response: Promise<Response>;
  #parsed: Promise<T> | undefined;

  constructor(response: Promise<Response>) {
    super((resolve) => resolve(null as never));
    this.#response = response;
  }

  asResponse(): Promise<Response> {
    return this.#response;
  }

  async withResponse(): Promise<{ data: T; response: Response }> {
    const [data, response] = await Promise.all([this.#parse(), this.asResponse()]);
    return { data, response };
  }

  #parse(): Promise<T> {
    this.#parsed ??= this.#response.then((response) => response.json() as Promise<T>);
    return this.#parsed;
  }

  // biome-ignore lint/suspicious/noThenProperty: as the clients do
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#parse().then(onFulfilled, onRejected);
  }

  override catch<B = never>(
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<T | B> {
    return this.#parse().catch(onRejected);
  }

  override finally(onFinally?: (() => void) | null): Promise<T> {
    return this.#parse().finally(onFinally);
  }
}

type Chat = ReturnType<typeof chatAnswer>;
const answering = () => new ApiPromise<Chat>(Promise.resolve(Response.json(chatAnswer())));
const failing = () => new ApiPromise<Chat>(Promise.reject(new RangeError('no')));
const traced = (make = answering) => harness.genAi.traceLlmCall(CALL, make);

describe('a client’s promise', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['awaited', async () => traced()],
    ['given callbacks', () => traced().then((answer) => answer)],
    ['with its failure caught', () => traced().catch(() => undefined)],
    ['with something done at last', () => traced().finally(() => undefined)],
    ['asked for its answer and response', async () => (await traced().withResponse()).data],
  ])('%s gives its answer, and is one event with the usage', async (_how, use) => {
    expect(await use()).toEqual(chatAnswer());
    expect(harness.events.map(({ usage }) => usage?.inputTokens)).toEqual([100]);
  });

  test('is the same object, and may be asked as often as it likes', async () => {
    const promise = answering();
    const returned = traced(() => promise);
    expect(returned).toBe(promise);
    expect(returned).toBeInstanceOf(ApiPromise);
    expect(await returned).toBe(await returned);
    expect((await returned.withResponse()).response.bodyUsed).toBe(true);
    expect(harness.events).toHaveLength(1);
  });

  test('asked for its response only leaves the body to the caller', async () => {
    const run = harness.genAi.traceAgentRun({ ...CALL }, () => traced());
    const response = await run.asResponse();
    expect(response.bodyUsed).toBe(false);
    expect(await response.json()).toEqual(chatAnswer());
    expect(harness.events).toHaveLength(1);
    expect(harness.span('invoke_agent planner')).toBeDefined();
  });

  test.each<[string, () => Promise<unknown>]>([
    ['awaited', async () => traced(failing)],
    ['given a callback', () => traced(failing).then((answer) => answer)],
    ['with something done at last', () => traced(failing).finally(() => undefined)],
    ['asked for its response', () => traced(failing).asResponse()],
  ])('that fails and is %s fails as it would, and is told of as failed', async (_how, use) => {
    await expect(use()).rejects.toThrow(new RangeError('no'));
    expect(harness.events).toEqual([]);
    expect(harness.sum('llm/errors', { error_type: 'RangeError' })).toBe(1);
  });

  test('that fails and is caught is told of as failed', async () => {
    const error = await traced(failing).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RangeError);
    expect(harness.sum('llm/errors')).toBe(1);
  });

  test('within a run within a team is asked once for all of them', async () => {
    const { genAi } = harness;
    const team = { workspaceId: 'acme', teamId: 'crew' };
    const answer = await genAi.traceTeamRun(team, () => genAi.traceAgentRun(CALL, () => traced()));
    expect(answer).toEqual(chatAnswer());
    const { attributes } = harness.span('invoke_workflow crew');
    expect(attributes['agentworks.run.model_calls']).toBe(1);
  });

  test('that nobody asks is one request without a price when the telemetry closes', () => {
    void traced();
    expect(harness.events).toEqual([]);
    harness.genAi.close();
    expect(harness.events.map(({ usage }) => usage)).toEqual([{ requests: 1 }]);
  });
});

describe('what only works when it is asked', () => {
  /** As query builders are. */
  function lazy(work: () => Promise<unknown>): PromiseLike<unknown> {
    // biome-ignore lint/suspicious/noThenProperty: that is what it is about
    return { then: (onFulfilled, onRejected) => work().then(onFulfilled, onRejected) };
  }

  test.each(['traceLlmCall', 'traceAgentRun', 'traceToolCall'] as const)(
    'works once, within the span of %s, and its caller goes on outside',
    async (name) => {
      const spans: unknown[] = [];
      const returned = harness.genAi[name]({ ...CALL, name: 'query' }, () =>
        lazy(async () => {
          spans.push(trace.getActiveSpan()?.spanContext().spanId);
          return chatAnswer();
        }),
      );
      expect(spans).toEqual([]);
      let around: unknown = 'nothing';
      await returned.then(() => {
        around = trace.getActiveSpan();
      });
      expect(around).toBeUndefined();
      expect(spans).toEqual([harness.spans()[0]!.spanContext().spanId]);
    },
  );

  test('does nothing where nobody asks', () => {
    let times = 0;
    const count = async () => {
      times += 1;
    };
    harness.genAi.traceToolCall({ name: 'query', ...CALL }, () => lazy(count));
    harness.genAi.close();
    expect(times).toBe(0);
    expect(harness.span('execute_tool query')).toBeDefined();
  });

  test('stays usable where it is frozen', async () => {
    const frozen = Object.freeze(lazy(async () => chatAnswer()));
    expect(await harness.genAi.traceLlmCall(CALL, () => frozen)).toEqual(chatAnswer());
  });
});
