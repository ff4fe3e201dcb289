import { afterEach, describe, expect, test } from '@jest/globals';
import { createSlackPost, isSlackAddress } from '../../../src/cloud/slack.ts';
import { freePort } from '../../support/redis-server.ts';
import { STATUSES, startReceiver } from './http-receiver.ts';

const open: { stop: () => Promise<unknown> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.stop())));

const PATH = '/services/T0/B0/verysecret';
const MESSAGE = { text: 'hello', blocks: [] };

async function serve(...options: Parameters<typeof startReceiver>) {
  const server = await startReceiver(...options);
  open.push(server);
  const post = createSlackPost({ slackHosts: [server.host], now: Date.now, timeoutMs: 300 });
  return { ...server, post: () => post(`http://${server.host}${PATH}`, MESSAGE) };
}

test('a message arrives as JSON', async () => {
  const server = await serve();
  expect(await server.post()).toEqual({ kind: 'sent' });
  expect(server.received[0]!.path).toBe(PATH);
  expect(JSON.parse(server.received[0]!.body)).toEqual(MESSAGE);
});

describe('an address that is not one of Slack', () => {
  const HOSTS = ['hooks.slack.com', '127.0.0.1:9000'];
  test.each([
    ['https://hooks.slack.com/services/x', true],
    ['https://HOOKS.slack.com/services/x', true],
    ['http://127.0.0.1:9000/x', true],
    ['http://hooks.slack.com/services/x', false],
    ['https://hooks.slack.com:8443/services/x', false],
    ['https://hooks.slack.com.evil.example/x', false],
    ['https://evil.example/hooks.slack.com', false],
    ['https://user@hooks.slack.com/x', false],
    ['http://127.0.0.1:9001/x', false],
    ['https://127.0.0.1/x', false],
    ['', false],
  ])('%s: %s', (address, expected) => {
    expect(isSlackAddress(address, HOSTS)).toBe(expected);
  });

  test('is not posted to, for good, and not repeated', async () => {
    const post = createSlackPost({ slackHosts: HOSTS, now: Date.now });
    const result = await post(`https://evil.example${PATH}`, MESSAGE);
    expect(result).toMatchObject({ kind: 'failed', retryable: false, ambiguous: false });
    expect(JSON.stringify(result)).not.toContain('verysecret');
  });
});

describe('an answer', () => {
  test.each(STATUSES.filter(([status]) => status >= 400))(
    'of %i',
    async (status, retryable, ambiguous) => {
      const server = await serve((response) => void response.writeHead(status).end('no_service'));
      const result = await server.post();
      expect(result).toMatchObject({
        kind: 'failed',
        retryable,
        ambiguous,
        detail: `HTTP ${status} (no_service)`,
      });
      expect(server.received).toHaveLength(1);
    },
  );

  test('that redirects is not followed', async () => {
    const elsewhere = await serve();
    const server = await serve((response) => {
      response.writeHead(302, { location: `http://${elsewhere.host}/` }).end();
    });
    expect(await server.post()).toMatchObject({ kind: 'failed' });
    expect(elsewhere.received).toEqual([]);
  });

  test('that asks for patience says for how long', async () => {
    const server = await serve((response) => {
      response.writeHead(429, { 'retry-after': '3' }).end('rate_limited');
    });
    expect(await server.post()).toMatchObject({ retryable: true, retryAfterMs: 3_000 });
  });

  test('in other words than one is not repeated', async () => {
    const server = await serve((response) => void response.writeHead(400).end('<b>words</b>'));
    expect(await server.post()).toMatchObject({ detail: 'HTTP 400' });
  });

  test('that never comes is ambiguous, and the address stays secret', async () => {
    const server = await serve(() => {});
    const result = await server.post();
    expect(result).toMatchObject({ retryable: true, ambiguous: true });
    expect(JSON.stringify(result)).not.toContain('verysecret');
  });

  test('cannot come where nobody listens: not ambiguous', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    const post = createSlackPost({ slackHosts: [host], now: Date.now });
    expect(await post(`http://${host}${PATH}`, MESSAGE)).toEqual({
      kind: 'failed',
      retryable: true,
      ambiguous: false,
      detail: 'no answer from Slack: ECONNREFUSED',
    });
  });
});
