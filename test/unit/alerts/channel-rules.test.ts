import { describe, expect, test } from '@jest/globals';
import { checkChannel } from '../../../src/alerts/channel-rules.ts';

const strict = { allowLoopback: false };
const leadsTo =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const webhook = (url: string) => ({ kind: 'webhook' as const, url, signingSecret: 'KEY' });
const email = (...to: string[]) => ({ kind: 'email' as const, to });

describe('mail addresses', () => {
  test.each(['owner@acme.example', "o'neil+tag@mail.acme-corp.co.uk", 'a@b.io'])(
    'such as %s are taken',
    async (address) => {
      expect(await checkChannel(email(address), strict)).toEqual([]);
    },
  );

  test.each([
    'owner',
    'owner@localhost',
    '@acme.example',
    'owner@',
    'a b@acme.example',
    'a,b@acme.example',
    'a@b@acme.example',
    'owner@acme.example\r\nBcc: x@y.example',
    'Owner <owner@acme.example>',
    '"quoted"@acme.example',
    'a(comment)@acme.example',
    'owner@[127.0.0.1]',
    'owner@acme..example',
    '.owner@acme.example',
    'owner@-acme.example',
    `${'a'.repeat(65)}@acme.example`,
    'owner@аcme.example ',
  ])('such as %j are not', async (address) => {
    expect(await checkChannel(email('ok@acme.example', address), strict)).toEqual([
      { field: 'target.to.1', reason: expect.stringMatching(/^must /) },
    ]);
  });
});

describe('webhooks', () => {
  test.each([
    ['http://169.254.169.254/', 'not a public address'],
    ['http://[::ffff:127.0.0.1]/', 'this machine itself'],
    ['https://localhost/', 'this machine itself'],
    ['http://example.com/', 'https'],
  ])('to %s are refused without asking anybody', async (url, reason) => {
    const resolve = () => Promise.reject(new Error('asked'));
    expect(await checkChannel(webhook(url), { ...strict, resolve })).toEqual([
      { field: 'target.url', reason: expect.stringContaining(reason) },
    ]);
  });

  test('to a name that leads inside by any of its addresses are refused', async () => {
    const resolve = leadsTo('93.184.215.14', '127.0.0.1');
    expect(await checkChannel(webhook('https://x.example/'), { ...strict, resolve })).toEqual([
      {
        field: 'target.url',
        reason: 'x.example leads to an address that is this machine itself (loopback)',
      },
    ]);
  });

  test('to a name that leads out, or nowhere yet, are taken', async () => {
    const out = leadsTo('93.184.215.14', '2606:4700::1111');
    expect(await checkChannel(webhook('https://x.example/'), { ...strict, resolve: out })).toEqual(
      [],
    );
    const resolve = () => Promise.reject(new Error('ENOTFOUND'));
    expect(await checkChannel(webhook('https://x.example/'), { ...strict, resolve })).toEqual([]);
  });

  test('to this machine itself are taken where that is allowed', async () => {
    const options = { allowLoopback: true };
    expect(await checkChannel(webhook('http://127.0.0.1:9000/x'), options)).toEqual([]);
  });
});

test('of Slack there is nothing to check: the address is a secret', async () => {
  expect(await checkChannel({ kind: 'slack', webhookSecret: 'X' }, strict)).toEqual([]);
});
