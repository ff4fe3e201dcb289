import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { createPushAuthenticator, parsePush } from '../../../src/cloud/push.ts';

describe('the body of a push', () => {
  const data = Buffer.from('{"events":[]}').toString('base64');

  test('is its message id, data and attributes', () => {
    const body = {
      message: { messageId: '7', message_id: '7', data, attributes: { a: 'b' } },
      subscription: 's',
    };
    expect(parsePush(body)).toEqual({
      messageId: '7',
      data: Buffer.from('{"events":[]}'),
      attributes: { a: 'b' },
    });
  });

  test('may name its id the other way, and have neither data nor attributes', () => {
    expect(parsePush({ message: { message_id: '7' } })).toEqual({
      messageId: '7',
      data: Buffer.alloc(0),
      attributes: {},
    });
  });

  test.each<[unknown]>([
    [undefined],
    [null],
    ['text'],
    [5],
    [[]],
    [{}],
    [{ message: null }],
    [{ message: 'm' }],
    [{ message: {} }],
    [{ message: { data } }],
    [{ message: { messageId: 7, data } }],
    [{ message: { messageId: '7', data: {} } }],
  ])('is not %j', (body) => {
    expect(parsePush(body)).toBeUndefined();
  });
});

describe('the token of a push', () => {
  const audience = 'https://ingest.example';
  const serviceAccount = 'pusher@demo.iam.gserviceaccount.com';
  let certs: Server;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let publicPem: string;
  let authenticate: ReturnType<typeof createPushAuthenticator>;

  beforeAll(async () => {
    keys = await generateKeyPair('RS256', { extractable: true });
    publicPem = await exportSPKI(keys.publicKey);
    certs = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ k1: publicPem }));
    }).listen(0, '127.0.0.1');
    await once(certs, 'listening');
    const { port } = certs.address() as AddressInfo;
    const certsUrl = `http://127.0.0.1:${port}/certs`;
    authenticate = createPushAuthenticator({ audience, serviceAccount, certsUrl });
  });
  afterAll(() => {
    certs.close();
  });

  type Claims = Record<string, unknown>;
  const claims = (parts: Claims = {}): Claims => {
    const issuedAt = Math.floor(Date.now() / 1_000);
    return {
      iss: 'https://accounts.google.com',
      aud: audience,
      sub: '1',
      email: serviceAccount,
      email_verified: true,
      iat: issuedAt,
      exp: issuedAt + 3_600,
      ...parts,
    };
  };
  const sign = (parts: Claims = {}, key = keys.privateKey, kid = 'k1') =>
    new SignJWT(claims(parts)).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
  const verdictOn = (authorization?: string) =>
    authenticate({ headers: { authorization } } as IncomingMessage);

  test('of the right account for the right audience is good', async () => {
    expect(await verdictOn(`Bearer ${await sign()}`)).toEqual({ kind: 'ok' });
  });

  test.each<[string, string | undefined]>([
    ['no header', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic abc'],
    ['no token', 'Bearer '],
    ['two tokens', 'Bearer a b'],
  ])('is missing with %s', async (_, authorization) => {
    expect(await verdictOn(authorization)).toEqual({ kind: 'denied', reason: 'no-token' });
  });

  const past = Math.floor(Date.now() / 1_000) - 7_200;
  test.each<[string, Claims]>([
    ['another audience', { aud: 'https://other.example' }],
    ['no audience', { aud: undefined }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['another account', { email: 'other@demo.iam.gserviceaccount.com' }],
    ['an account that begins alike', { email: `${serviceAccount}.evil` }],
    ['no account', { email: undefined }],
    ['an unverified address', { email_verified: false }],
    ['an address said to be verified by a text', { email_verified: 'true' }],
    ['an end in the past', { iat: past - 3_600, exp: past }],
    ['no end', { exp: undefined }],
  ])('is denied with %s', async (_, parts) => {
    expect(await verdictOn(`Bearer ${await sign(parts)}`)).toMatchObject({ kind: 'denied' });
  });

  test('is denied when it is signed by another key, under our key id or its own', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    for (const kid of ['k1', 'k2']) {
      const token = await sign({}, privateKey, kid);
      expect(await verdictOn(`Bearer ${token}`)).toMatchObject({ kind: 'denied' });
    }
  });

  test('is denied when it is unsigned, signed with our public key as a secret, or altered', async () => {
    const secret = new TextEncoder().encode(publicPem);
    const symmetric = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(secret);
    const [head, , signature] = (await sign()).split('.');
    const body = Buffer.from(JSON.stringify(claims({ sub: '2' }))).toString('base64url');
    for (const token of [
      new UnsecuredJWT(claims()).encode(),
      symmetric,
      `${head}.${body}.${signature}`,
      'abc',
      'a.b.c',
    ]) {
      expect(await verdictOn(`Bearer ${token}`)).toMatchObject({ kind: 'denied' });
    }
  });

  test('is denied, not let through, when the keys cannot be had', async () => {
    const unreachable = createPushAuthenticator({
      audience,
      serviceAccount,
      certsUrl: 'http://127.0.0.1:9/certs',
    });
    const request = { headers: { authorization: `Bearer ${await sign()}` } } as IncomingMessage;
    expect(await unreachable(request)).toMatchObject({ kind: 'denied' });
  });
});
