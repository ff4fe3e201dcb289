import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a fake answer says was used; the last user message of a request is this as JSON. */
export type FakeUsage = { input: number; output: number; cached?: number; reasoning?: number };

/** A server that answers like OpenAI's API with the usage that its prompt asks for; `fail` as the prompt: status 500. */
export async function startOpenAiServer() {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    answer(request.url ?? '', body, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of somebody else's API
function answer(url: string, body: any, response: ServerResponse): void {
  const prompt = url.endsWith('/chat/completions') ? body.messages.at(-1).content : body.input;
  if (prompt === 'fail') {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'overloaded', type: 'server_error' } }));
    return;
  }
  const { input, output, cached = 0, reasoning = 0 } = JSON.parse(prompt) as FakeUsage;
  const { model } = body;
  const send = (value: object) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const total = input + output;
  if (url.endsWith('/embeddings')) {
    send({
      object: 'list',
      model,
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      usage: { prompt_tokens: input, total_tokens: input },
    });
    return;
  }
  if (url.endsWith('/responses')) {
    send({
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      status: 'completed',
      model,
      output: [
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: 'hi', annotations: [] }],
        },
      ],
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: cached },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: reasoning },
        total_tokens: total,
      },
    });
    return;
  }
  const usage = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: total,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
  const head = { id: 'chatcmpl-1', created: 1, model };
  if (body.stream !== true) {
    const message = { role: 'assistant', content: 'hi', refusal: null };
    const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }];
    send({ ...head, object: 'chat.completion', choices, usage });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (choices: object[], rest: object = {}) =>
    response.write(
      `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...rest })}\n\n`,
    );
  chunk([{ index: 0, delta: { role: 'assistant', content: 'hi' }, finish_reason: null }]);
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  if (body.stream_options?.include_usage === true) chunk([], { usage });
  response.end('data: [DONE]\n\n');
}
