import { afterEach, describe, expect, test } from '@jest/globals';
import { parseWebAddress, refuseAddress } from '../../../src/cloud/web-address.ts';
import { createWebhookPost } from '../../../src/cloud/webhook.ts';
import { freePort } from '../../support/redis-server.ts';
import { STATUSES, startReceiver } from './http-receiver.ts';

const open: { stop: () => Promise<unknown> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.stop())));

const NOW = Date.UTC(2026, 10, 20, 12);
const REQUEST = {
  body: '{"a":"ä"}',
  headers: { 'content-type': 'application/json', 'x-one': '1' },
};
const post = createWebhookPost({ allowLoopback: true, now: () => NOW, timeoutMs: 300 });

async function serve(...options: Parameters<typeof startReceiver>) {
  const server = await startReceiver(...options);
  open.push(server);
  return server;
}

describe('an address that leads inside is refused in every spelling', () => {
  test.each([
    'http://169.254.169.254/',
    'https://169.254.169.254/computeMetadata/v1/',
    'http://[::ffff:127.0.0.1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::127.0.0.1]/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[fec0::1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[64:ff9b:1::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/',
    'https://[2001:db8::1]/',
    'https://[ff02::1]/',
    'https://10.0.0.1',
    'https://172.16.0.1',
    'https://192.168.1.1',
    'https://100.64.0.1',
    'https://0.0.0.0',
    'https://255.255.255.255',
    'https://127.0.0.1:8443/hook',
    'https://127.1',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://017700000001/',
    'https://①②⑦.0.0.1/',
    'https://localhost',
    'https://LOCALHOST./',
    'https://a.localhost',
    'https://metadata.google.internal',
    'https://METADATA.google.internal./',
    'https://metadata/',
    'https://host.c.project.internal/',
  ])('%s', (text) => {
    expect(parseWebAddress(text, { allowLoopback: false })).toMatchObject({ kind: 'refused' });
  });

  test.each([
    ['http://example.com/', 'must be an https URL'],
    ['ftp://example.com/', 'must be an https URL'],
    ['file:///etc/passwd', 'must be an https URL'],
    ['example.com', 'must be a URL'],
    ['', 'must be a URL'],
    ['https://user:pass@example.com/', 'must not hold credentials'],
    ['https://exam\nple.com/', 'must not hold blanks or control characters'],
    [' https://example.com/', 'must not hold blanks or control characters'],
  ])('%j: %s', (text, reason) => {
    expect(parseWebAddress(text, { allowLoopback: false })).toEqual({ kind: 'refused', reason });
  });

  test.each(['https://example.com/hook?x=1', 'https://8.8.8.8/', 'https://[2606:4700::1111]/'])(
    'but not %s',
    (text) => {
      expect(parseWebAddress(text, { allowLoopback: false })).toMatchObject({ kind: 'ok' });
    },
  );

  test('nor, where that is allowed, this machine itself, and only it', () => {
    const judge = (text: string) => parseWebAddress(text, { allowLoopback: true }).kind;
    expect(judge('http://127.0.0.1:8080/')).toBe('ok');
    expect(judge('http://localhost:8080/')).toBe('ok');
    expect(judge('http://[::1]/')).toBe('ok');
    expect(judge('http://example.com/')).toBe('refused');
    expect(judge('https://10.0.0.1/')).toBe('refused');
    expect(judge('http://169.254.169.254/')).toBe('refused');
    expect(refuseAddress('169.254.169.254', { allowLoopback: true })).toBeDefined();
  });
});

describe('a post', () => {
  test('carries its body and headers', async () => {
    const server = await serve();
    expect(await post(`http://${server.host}/hook?x=1`, REQUEST)).toEqual({ kind: 'sent' });
    expect(server.received).toMatchObject([
      { path: '/hook?x=1', body: REQUEST.body, headers: { 'x-one': '1', 'content-length': '10' } },
    ]);
  });

  test('to this machine is not made where that is not allowed', async () => {
    const server = await serve();
    const strict = createWebhookPost({ allowLoopback: false, now: () => NOW });
    expect(await strict(`https://127.0.0.1:${server.port}/`, REQUEST)).toEqual({
      kind: 'failed',
      retryable: false,
      ambiguous: false,
      detail: 'the address is refused: 127.0.0.1 is this machine itself (loopback)',
    });
    expect(server.received).toEqual([]);
  });

  test.each(['127.0.0.1', '::ffff:169.254.169.254', '10.1.2.3', 'fd00::1'])(
    'to a name that leads to %s when one connects is not made',
    async (address) => {
      const server = await serve();
      const strict = createWebhookPost({
        allowLoopback: false,
        now: () => NOW,
        resolve: async () => [
          { address: '93.184.215.14', family: 4 },
          { address, family: address.includes(':') ? 6 : 4 },
        ],
      });
      const result = await strict(`https://rebound.example:${server.port}/`, REQUEST);
      expect(result).toMatchObject({ kind: 'failed', retryable: true, ambiguous: false });
      expect(JSON.stringify(result)).toContain('the address is refused');
      expect(server.received).toEqual([]);
    },
  );

  test.each(STATUSES)('answered %i', async (status, retryable, ambiguous) => {
    const elsewhere = await serve();
    const server = await serve((response) => {
      response.writeHead(status, { location: `http://${elsewhere.host}/` }).end('internal secret');
    });
    const result = await post(`http://${server.host}/`, REQUEST);
    expect(result).toMatchObject({ kind: 'failed', retryable, ambiguous });
    expect(JSON.stringify(result)).not.toContain('internal secret');
    expect(elsewhere.received).toEqual([]);
  });

  test.each([
    ['3', 3_000],
    ['Fri, 20 Nov 2026 12:00:07 GMT', 7_000],
    ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
  ])('asked to come again after %s', async (header, retryAfterMs) => {
    const server = await serve((response) => {
      response.writeHead(429, { 'retry-after': header }).end();
    });
    const result = await post(`http://${server.host}/`, REQUEST);
    expect(result.kind === 'failed' && result.retryAfterMs).toBe(retryAfterMs);
  });

  test('answered without an end is over with the headers', async () => {
    const server = await serve((response) => void response.writeHead(200).write('x'));
    expect(await post(`http://${server.host}/`, REQUEST)).toEqual({ kind: 'sent' });
  });

  test('that nobody answers is ambiguous', async () => {
    const server = await serve(() => {});
    expect(await post(`http://${server.host}/`, REQUEST)).toEqual({
      kind: 'failed',
      retryable: true,
      ambiguous: true,
      detail: 'no answer: no answer in time',
    });
  });

  test('that never got a connection is not', async () => {
    expect(await post(`http://127.0.0.1:${await freePort()}/`, REQUEST)).toMatchObject({
      retryable: true,
      ambiguous: false,
      detail: 'no answer: ECONNREFUSED',
    });
  });
});
