import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OAuth2Client } from 'google-auth-library';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import {
  type Harness,
  type PushEndpoint,
  startHarness,
  startPushEndpoint,
  subscriptionName,
  topicName,
} from './harness.ts';

const ROBOT = 'pusher@contract-tests.iam.gserviceaccount.com';

let harness: Harness;
let endpoint: PushEndpoint;
beforeAll(async () => {
  harness = await startHarness();
  endpoint = await startPushEndpoint();
});
afterAll(async () => {
  await harness.close();
  await endpoint.close();
});

function certsUrl(version: 'v1' | 'v3'): string {
  return `http://127.0.0.1:${harness.emulator.ports.http}/oauth2/${version}/certs`;
}

function verifier(): OAuth2Client {
  return new OAuth2Client({ endpoints: { oauth2FederatedSignonPemCertsUrl: certsUrl('v1') } });
}

async function pushedToken(id: string, oidcToken: object): Promise<string> {
  await harness.publisher.createTopic({ name: topicName(id) });
  await harness.subscriber.createSubscription({
    name: subscriptionName(id),
    topic: topicName(id),
    pushConfig: { pushEndpoint: endpoint.url, oidcToken },
  });
  const count = endpoint.received.length;
  await harness.pubsub.topic(id).publishMessage({ data: Buffer.from('x') });
  const received = await endpoint.receivedAtLeast(count + 1);
  const { authorization } = received.at(-1)!.headers;
  expect(authorization).toMatch(/^Bearer /);
  return authorization!.slice('Bearer '.length);
}

test("google-auth-library's verifyIdToken accepts the push token, with Google's claims", async () => {
  const idToken = await pushedToken('audience', {
    serviceAccountEmail: ROBOT,
    audience: 'https://ingest.example',
  });
  const ticket = await verifier().verifyIdToken({ idToken, audience: 'https://ingest.example' });
  const claims = ticket.getPayload()!;
  expect(claims).toMatchObject({
    iss: 'https://accounts.google.com',
    aud: 'https://ingest.example',
    email: ROBOT,
    email_verified: true,
    sub: expect.stringMatching(/^\d{21}$/),
  });
  expect(claims.exp - claims.iat).toBe(3600);
});

test('without a configured audience it is the endpoint itself', async () => {
  const idToken = await pushedToken('no-audience', { serviceAccountEmail: ROBOT });
  const ticket = await verifier().verifyIdToken({ idToken, audience: endpoint.url });
  expect(ticket.getPayload()!.aud).toBe(endpoint.url);
});

test('a token for another audience, or one tampered with, is refused', async () => {
  const idToken = await pushedToken('tampered', {
    serviceAccountEmail: ROBOT,
    audience: 'https://ingest.example',
  });
  await expect(
    verifier().verifyIdToken({ idToken, audience: 'https://other.example' }),
  ).rejects.toThrow('Wrong recipient');
  const [header, payload, signature] = idToken.split('.');
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, email: 'eve@example.com' }));
  await expect(
    verifier().verifyIdToken({
      idToken: [header, forged.toString('base64url'), signature].join('.'),
      audience: 'https://ingest.example',
    }),
  ).rejects.toThrow('Invalid token signature');
});

test('the JWKS form of the keys verifies the token too', async () => {
  const idToken = await pushedToken('jwks', {
    serviceAccountEmail: ROBOT,
    audience: 'https://ingest.example',
  });
  const keys = createRemoteJWKSet(new URL(certsUrl('v3')));
  const { payload } = await jwtVerify(idToken, keys, {
    issuer: 'https://accounts.google.com',
    audience: 'https://ingest.example',
  });
  expect(payload.email).toBe(ROBOT);
});

test('a token configuration without a service account is refused by name', async () => {
  await harness.publisher.createTopic({ name: topicName('no-account') });
  await expect(
    harness.subscriber.createSubscription({
      name: subscriptionName('no-account'),
      topic: topicName('no-account'),
      pushConfig: { pushEndpoint: endpoint.url, oidcToken: { audience: 'a' } },
    }),
  ).rejects.toMatchObject({
    code: 3,
    details:
      'You have passed an invalid argument to the service (argument=PushConfig::oidc_token::service_account_email).',
  });
});
