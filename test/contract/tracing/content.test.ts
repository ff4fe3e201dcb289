import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { createGenAi } from '../../../src/genai/genai.ts';
import { createResource } from '../../../src/telemetry/resource.ts';
import { createTracing, type Tracing } from '../../../src/telemetry/tracing/tracing.ts';
import { readAll } from '../../unit/genai/harness.ts';
import { capture } from '../../unit/telemetry/logging/capture.ts';
import { startCollector } from './collector.ts';

const PROMPT = 'CANARY-PROMPT-b41d';
const ANSWER = 'CANARY-ANSWER-77e0';
const ARGUMENT = 'CANARY-ARGUMENT-5c2a';
const CALL = { workspaceId: 'acme', agentId: 'a', provider: 'openai', model: 'gpt-4o' };

/** How agents pass on errors that they caught. */
const WRAPS: ((caught: unknown) => Error)[] = [
  (caught) => new Error(`agent failed: ${textOf(caught)}`, { cause: caught }),
  (caught) => new Error(`agent failed: ${textOf(caught)}`),
  (caught) => new Error(`agent failed: ${JSON.stringify(textOf(caught)).slice(0, 60)}`),
  (caught) => new AggregateError([caught], textOf(caught)),
];
const textOf = (caught: unknown) => String((caught as Error).message ?? caught);

let collector: Awaited<ReturnType<typeof startCollector>>;
let tracing: Tracing;
beforeEach(async () => {
  collector = await startCollector();
  tracing = createTracing({
    config: {
      tracesExporter: 'otlp',
      otlpEndpoint: collector.url,
      otlpHeaders: {},
      traceSampleRatio: 1,
    },
    resource: createResource({ service: 'svc', config: { environmentName: 'test' } }),
    onError: (error) => {
      throw error;
    },
  });
  tracing.register();
});
afterEach(async () => {
  await tracing.close();
  await collector.close();
});

/** Does everything in which a prompt or an answer has a part, and returns what was logged and reported meanwhile. */
async function useModels(captureContent?: (workspaceId: string) => boolean): Promise<string> {
  const said: unknown[] = [];
  const say = (...line: unknown[]) => void said.push(line);
  const { log, lines } = capture();
  const genAi = createGenAi({
    tracer: tracing.tracerProvider.getTracer('test'),
    metrics: { incrementCounter: say, recordHistogram: say } as never,
    log,
    reportCost: (event) => {
      said.push(event);
      return { kind: 'accepted', id: event.id! };
    },
    captureContent,
  });
  const call = { ...CALL, prompt: [{ role: 'user', content: PROMPT }] };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const answer = { choices: [{ message: { content: ANSWER }, finish_reason: 'stop' }], usage };
  async function* stream(): AsyncGenerator<unknown> {
    yield { choices: [{ delta: { content: ANSWER } }] };
    yield { choices: [], usage };
  }
  class ParserError extends Error {
    override name = 'ParserError';
  }
  const failures = [
    Object.assign(new Error(`400 refused: ${PROMPT}`), { status: 400, error: { message: PROMPT } }),
    new ParserError(`cannot read ${ANSWER}`),
    new SyntaxError(`Unexpected token, "${ANSWER}" is not valid JSON`),
    new Error(`sent ${PROMPT}`),
    // What agents that call providers by `fetch` do.
    new Error(JSON.stringify({ error: { message: `you said "${PROMPT}"\n` } })),
    new TypeError(ANSWER),
    new AggregateError([new Error(PROMPT)], `all of 1 failed: ${PROMPT}`),
    Object.assign(new Error(`4xx\n    at ${PROMPT} (/srv/x.ts:1:2)\n    at ${ANSWER}:3:4`), {}),
    Object.assign(new Error('x'), { name: `no ${PROMPT}`, code: `for ${ANSWER}` }),
    Object.assign(new Error(`aborted ${PROMPT}`), { name: 'AbortError' }),
    PROMPT,
    { message: PROMPT },
  ];
  await genAi.traceAgentRun({ ...CALL }, async () => {
    await genAi.traceLlmCall(call, async () => answer);
    await readAll(genAi.traceLlmCall(call, () => stream()));
    const tool = { name: 'search', arguments: { query: ARGUMENT } };
    await genAi.traceToolCall(tool, async () => ({ found: ANSWER }));
  });
  for (const failure of failures) {
    const failing = genAi.traceAgentRun({ ...CALL }, () =>
      genAi.traceLlmCall(call, () => Promise.reject(failure)),
    );
    await expect(failing).rejects.toBe(failure);
    for (const wrap of WRAPS) {
      const wrapping = genAi.traceTeamRun({ ...CALL, teamId: 't' }, () =>
        genAi.traceAgentRun({ ...CALL }, () =>
          genAi
            .traceToolCall({ name: 'ask' }, () =>
              genAi.traceLlmCall({ ...CALL }, () => Promise.reject(failure)),
            )
            .catch((error: unknown) => {
              throw wrap(error);
            }),
        ),
      );
      await expect(wrapping).rejects.toThrow();
    }
  }
  await tracing.flush();
  return JSON.stringify(said) + lines.join('');
}

describe('nobody said that content may be captured', () => {
  test('no byte of a prompt, an answer or a tool’s arguments leaves in spans, logs, metrics or events', async () => {
    const said = await useModels();
    expect(collector.spans().length).toBeGreaterThanOrEqual(12);
    for (const canary of [PROMPT, ANSWER, ARGUMENT]) {
      expect(collector.bytes().includes(canary)).toBe(false);
      expect(said.includes(canary)).toBe(false);
    }
  });

  test('another workspace’s word does not count', async () => {
    await useModels((workspaceId) => workspaceId === 'other');
    expect(collector.bytes().includes(PROMPT)).toBe(false);
  });

  test('what failed and where is told all the same', async () => {
    await useModels();
    const failed = collector.spans().filter(({ status }) => status.code === 'error');
    expect(failed.length).toBeGreaterThan(100);
    let withFrames = 0;
    for (const { events } of failed) {
      const { attributes } = events.find(({ name }) => name === 'exception')!;
      expect(attributes.get('exception.type')).toBeTruthy();
      const frames = attributes.get('exception.stacktrace');
      if (typeof frames === 'string' && frames.includes('content.test.ts')) withFrames += 1;
    }
    // Not everything that is thrown has a stack.
    expect(withFrames).toBeGreaterThan(failed.length * 0.8);
  });

  test('errors that repeat nothing are told in words, and so is what went wrong in a run itself', async () => {
    const { log, lines } = capture();
    const genAi = createGenAi({
      tracer: tracing.tracerProvider.getTracer('test'),
      metrics: { incrementCounter() {}, recordHistogram() {} } as never,
      log,
    });
    const call = { ...CALL, prompt: PROMPT };
    const tellable = [
      Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('The operation was aborted due to timeout'), {
        name: 'TimeoutError',
      }),
      new Error('Connect Timeout Error (attempted addresses: 10.0.0.1:443, [::1]:443)'),
      new TypeError('fetch failed', { cause: new Error('other side closed') }),
      new AppError({ code: 'no_key', message: PROMPT, publicMessage: 'No key for this model' }),
    ];
    for (const error of tellable) {
      await genAi.traceLlmCall(call, () => Promise.reject(error)).catch(() => undefined);
    }
    const ours = new TypeError('plan.steps is not iterable');
    const failing = genAi.traceAgentRun({ ...CALL }, async () => {
      await genAi.traceLlmCall(call, () => Promise.reject(new Error(PROMPT))).catch(() => {});
      throw ours;
    });
    await expect(failing).rejects.toBe(ours);
    await tracing.flush();
    const told = [
      ...[
        'connect ECONNREFUSED 10.0.0.1:443',
        'The operation was aborted',
        'fetch failed',
        'attempted',
      ],
      ...['No key for this model', 'plan.steps is not iterable'],
    ];
    for (const text of told) {
      expect(collector.bytes().includes(text)).toBe(true);
      expect(lines.join('')).toContain(text);
    }
    expect(collector.bytes().includes(PROMPT)).toBe(false);
    expect(lines.join('').includes(PROMPT)).toBe(false);
  });
});

test('a workspace that agreed has its content in spans, and still not in logs and metrics', async () => {
  const said = await useModels((workspaceId) => workspaceId === 'acme');
  for (const canary of [PROMPT, ANSWER, ARGUMENT]) {
    expect(collector.bytes().includes(canary)).toBe(true);
    expect(said.includes(canary)).toBe(false);
  }
  const chats = collector.spans().filter(({ name }) => name === 'chat gpt-4o');
  expect(JSON.parse(chats[0]!.attributes.get('gen_ai.input.messages') as string)).toEqual([
    { role: 'user', parts: [{ type: 'text', content: PROMPT }] },
  ]);
  expect(chats.map(({ attributes }) => attributes.get('gen_ai.output.messages'))).toContain(
    JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: ANSWER }] }]),
  );
});
