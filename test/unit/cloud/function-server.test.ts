import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { serveFunction } from '../../../src/cloud/function-server.ts';
import type { PushAuthenticator } from '../../../src/cloud/push.ts';

type Served = Awaited<ReturnType<typeof serveFunction>>;
const open: Served[] = [];
const agents: Agent[] = [];
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await Promise.all(open.splice(0).map((server) => server.drain()));
});

let names = 0;
/** A server of a function that notes what it was given and answers 204, when it may. */
async function serve(
  options: {
    authenticate?: PushAuthenticator;
    maxBodyBytes?: number;
    mayAnswer?: () => Promise<void>;
  } = {},
) {
  const bodies: unknown[] = [];
  const denied: string[] = [];
  const { mayAnswer = async () => {}, maxBodyBytes = 1_000, authenticate } = options;
  const server = await serveFunction({
    name: `test-${++names}`,
    port: 0,
    maxBodyBytes,
    authenticate,
    onDenied: (reason) => denied.push(reason),
    handler: async (request, response) => {
      bodies.push(request.body);
      await mayAnswer();
      response.status(204).end();
    },
  });
  open.push(server);
  const url = `http://127.0.0.1:${server.port}/`;
  const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(url, {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: { 'Content-Type': 'application/json', ...headers },
    });
  return { ...server, url, post, bodies, denied };
}

/** What the server answers to these bytes, without anything more being sent. */
async function answerTo(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const head = (...headers: string[]) =>
  ['POST / HTTP/1.1', 'Host: x', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');

describe('a request', () => {
  test('that is in order reaches the function with its body parsed', async () => {
    const { post, bodies } = await serve();
    expect((await post('{"message":{}}')).status).toBe(204);
    expect(bodies).toEqual([{ message: {} }]);
  });

  test('too large is answered 413 before any of it is read', async () => {
    const { port, bodies } = await serve({ maxBodyBytes: 1_000 });
    const answer = await answerTo(port, head('Content-Length: 1001'));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('larger than 1000 bytes');
    expect(bodies).toEqual([]);
  });

  test('exactly as large as allowed is taken', async () => {
    const { post, bodies } = await serve({ maxBodyBytes: 1_000 });
    expect((await post(JSON.stringify('x'.repeat(996)).replace(/.*/, '[$&]'))).status).toBe(204);
    expect(bodies).toHaveLength(1);
  });

  test('without a length is answered 411, so that none can grow without end', async () => {
    const { port, bodies } = await serve();
    const answer = await answerTo(port, `${head('Transfer-Encoding: chunked')}5\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 411 /);
    expect(bodies).toEqual([]);
  });

  test.each(['gzip', 'deflate', 'br', 'GZIP', 'gzip, identity'])(
    'compressed as %s is answered 415, so that none can grow when unpacked',
    async (encoding) => {
      const { port, bodies } = await serve();
      const answer = await answerTo(
        port,
        head(`Content-Encoding: ${encoding}`, `Content-Length: ${gzipSync('{}').length}`),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 415 /);
      expect(bodies).toEqual([]);
    },
  );

  test('for /healthz is answered without a token', async () => {
    const { url } = await serve({
      authenticate: async () => ({ kind: 'denied', reason: 'never' }),
    });
    const answer = await fetch(`${url}healthz`);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
  });
});

describe('a push token', () => {
  const authenticate: PushAuthenticator = async ({ headers }) => {
    if (headers.authorization === 'Bearer good') return { kind: 'ok' };
    return { kind: 'denied', reason: headers.authorization ? 'other-account' : 'no-token' };
  };

  test.each<[string, Record<string, string>, string]>([
    ['missing', {}, 'no-token'],
    ['foreign', { Authorization: 'Bearer foreign' }, 'other-account'],
  ])(
    'that is %s is answered 401, and the function never sees the body',
    async (_, headers, reason) => {
      const { post, bodies, denied } = await serve({ authenticate });
      const answer = await post('{}', headers);
      expect(answer.status).toBe(401);
      // Why is for the log, not for whoever tries.
      expect(await answer.text()).not.toContain(reason);
      expect(bodies).toEqual([]);
      expect(denied).toEqual([reason]);
    },
  );

  test('that is good lets the whole body through, however long the check takes', async () => {
    const { post, bodies } = await serve({
      authenticate: async (request) => {
        for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
        return authenticate(request);
      },
    });
    const body = { text: 'x'.repeat(900) };
    const answer = await post(JSON.stringify(body), { Authorization: 'Bearer good' });
    expect(answer.status).toBe(204);
    expect(bodies).toEqual([body]);
  });

  test('whose check fails is answered 500, not let through', async () => {
    const { post, bodies } = await serve({ authenticate: () => Promise.reject(new Error('x')) });
    expect((await post('{}')).status).toBe(500);
    expect(bodies).toEqual([]);
  });
});

describe('a drain', () => {
  test('lets the request under way finish, then ends at once, and takes no new connection', async () => {
    let answer = () => {};
    let began = () => {};
    const beginning = new Promise<void>((resolve) => {
      began = resolve;
    });
    const { drain, port, bodies } = await serve({
      mayAnswer: () =>
        new Promise((resolve) => {
          answer = resolve;
          began();
        }),
    });
    const agent = new Agent({ keepAlive: true });
    agents.push(agent);
    const sent = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      agent,
      headers: { 'Content-Type': 'application/json', 'Content-Length': 2 },
    });
    sent.end('{}');
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    await beginning;

    let drained = false;
    const startedAt = performance.now();
    const draining = drain().then(() => {
      drained = true;
    });
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
    expect(drained).toBe(false);
    answer();
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).toBe(204);
    await draining;
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(bodies).toHaveLength(1);
  });

  test('ends at once when only idle connections are open', async () => {
    const { drain, url } = await serve();
    await (await fetch(`${url}healthz`)).text();
    const startedAt = performance.now();
    await drain();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

test('a port that is taken is an error, not a server that never answers', async () => {
  const { port } = await serve();
  const options = { name: 'taken', port, maxBodyBytes: 1, handler: () => {} };
  await expect(serveFunction(options)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
