import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createGenAi } from '../../../src/genai/genai.ts';
import { createResource } from '../../../src/telemetry/resource.ts';
import { createTracing, type Tracing } from '../../../src/telemetry/tracing/tracing.ts';
import { readAll } from '../../unit/genai/harness.ts';
import { startCollector } from './collector.ts';

const PROMPT = 'CANARY-PROMPT-b41d';
const ANSWER = 'CANARY-ANSWER-77e0';
const ARGUMENT = 'CANARY-ARGUMENT-5c2a';
const CALL = { workspaceId: 'acme', agentId: 'a', provider: 'openai', model: 'gpt-4o' };

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
  const genAi = createGenAi({
    tracer: tracing.tracerProvider.getTracer('test'),
    metrics: { incrementCounter: say, recordHistogram: say } as never,
    log: { info: say, warn: say, error: say } as never,
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
  }
  await tracing.flush();
  return JSON.stringify(said);
}

describe('nobody said that content may be captured', () => {
  test('no byte of a prompt, an answer or a tool’s arguments leaves in spans, logs, metrics or events', async () => {
    const said = await useModels();
    expect(collector.spans().length).toBeGreaterThanOrEqual(12);
    for (const canary of [PROMPT, ANSWER, ARGUMENT]) {
      expect(collector.bytes().includes(canary)).toBe(false);
      expect(said).not.toContain(canary);
    }
  });

  test('another workspace’s word does not count', async () => {
    await useModels((workspaceId) => workspaceId === 'other');
    expect(collector.bytes().includes(PROMPT)).toBe(false);
  });

  test('what failed and where is told all the same', async () => {
    await useModels();
    const failed = collector.spans().filter(({ status }) => status.code === 'error');
    expect(failed).toHaveLength(8);
    for (const { events } of failed) {
      const { attributes } = events.find(({ name }) => name === 'exception')!;
      expect(attributes.get('exception.type')).toBeTruthy();
      expect(attributes.get('exception.stacktrace')).toContain('content.test.ts');
    }
  });
});

test('a workspace that agreed has its content in spans, and still not in logs and metrics', async () => {
  const said = await useModels((workspaceId) => workspaceId === 'acme');
  for (const canary of [PROMPT, ANSWER, ARGUMENT]) {
    expect(collector.bytes().includes(canary)).toBe(true);
    expect(said).not.toContain(canary);
  }
  const chats = collector.spans().filter(({ name }) => name === 'chat gpt-4o');
  expect(JSON.parse(chats[0]!.attributes.get('gen_ai.input.messages') as string)).toEqual([
    { role: 'user', parts: [{ type: 'text', content: PROMPT }] },
  ]);
  expect(chats.map(({ attributes }) => attributes.get('gen_ai.output.messages'))).toContain(
    JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: ANSWER }] }]),
  );
});
