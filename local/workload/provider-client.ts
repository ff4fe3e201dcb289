import { STEP_HEADER } from './provider.ts';
import { dialectOf } from './provider-answers.ts';
import type { ModelStep } from './traffic.ts';

const PATHS = {
  openai: '/v1/chat/completions',
  anthropic: '/v1/messages',
  google: '/v1beta/models:generateContent',
};

/** An answer other than 200, as the providers' own clients throw it. */
export class ProviderError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ProviderError';
    this.status = status;
    this.code = code;
  }
}

/** Calls models as the providers' own clients do: the body of an answer, or its chunks one after the other. */
export function createProviderClient(baseUrl: string) {
  async function post(step: ModelStep): Promise<Response> {
    const response = await fetch(`${baseUrl}${PATHS[dialectOf(step.provider)]}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [STEP_HEADER]: JSON.stringify(step) },
      body: JSON.stringify({ model: step.model, stream: step.streamed, messages: [] }),
    });
    if (response.ok) return response;
    const { error } = (await response.json()) as { error: { type: string; message: string } };
    throw new ProviderError(response.status, error.type, error.message);
  }

  return {
    async complete(step: ModelStep): Promise<object> {
      return (await (await post(step)).json()) as object;
    },
    async stream(step: ModelStep): Promise<AsyncIterable<object>> {
      const response = await post(step);
      return eventsOf(response.body!);
    },
  };
}

/** The data of server-sent events, until `[DONE]`. */
async function* eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<object> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split('\n\n');
    rest = events.pop()!;
    for (const event of events) {
      const data = event.replace(/^data: /, '');
      if (data !== '[DONE]') yield JSON.parse(data) as object;
    }
  }
}
